// control/admin/server.h - the UNIX socket that penstockctl talks to: a line of JSON in, a line of JSON out.
//
// Root and our own user may ask, and members of the groups in `control.look` and `control.change`: by the credentials that the kernel has of
// the peer. While no group is named the socket has mode 0600, else 0666, and whoever is in no group is told so and sent away before
// it has said a word. Groups and names of users may be asked of a directory, so that is done on another thread; root waits for none.
// A request has at most kMaxAdminRequest bytes; a client that says nothing, or reads nothing, for 30 s is sent away. At most kMaxAdminClients at a time: for another one the
// client goes that has said nothing for the longest, so that penstockctl gets through however many idle.
#pragma once

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "config/files/own_files.h"
#include "control/admin/commands.h"

namespace penstock::control {

constexpr size_t kMaxAdminRequest = 4096;
constexpr size_t kMaxAdminClients = 32;

class AdminServer {
 public:
  // Throws std::runtime_error when the path cannot be had (config/files/own_files.h). `operations` must outlive this.
  AdminServer(asio::io_context&, const std::string& path, Operations& operations);
  ~AdminServer();

  // Who may ask. Those who are connected by other roles are sent away.
  void use(const config::Control&);
  void start();
  // Closes every connection and removes the socket file.
  void stop();
  // Of a directory, which may take its time.
  bool is_looking_up() const { return looked_up_ != 0; }

 private:
  class Client;
  void accept();
  void take_in(const std::shared_ptr<Client>&);
  void look_up(std::shared_ptr<Client>);
  bool make_room();

  asio::io_context& io_;
  const std::string path_;
  config::ListeningSocket name_;
  Commands commands_;
  config::Control roles_;
  uint64_t roles_version_ = 0;
  size_t looked_up_ = 0;  // clients that wait for names_
  std::chrono::steady_clock::time_point next_denial_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::list<std::shared_ptr<Client>> clients_;  // the longest without a word first
  asio::thread_pool names_{1};
};

}  // namespace penstock::control
