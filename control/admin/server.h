// control/admin/server.h - the UNIX socket that penstockctl talks to: a line of JSON in, a line of JSON out.
//
// Mode 0600: root may ask. The group is the dataplane's as well, which reads what anybody sends. A request has at most kMaxAdminRequest
// bytes; a client that says nothing, or reads nothing, for 30 s is sent away. At most kMaxAdminClients at a time: for another one the
// client goes that has said nothing for the longest, so that penstockctl gets through however many idle.
#pragma once

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
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

  void start();
  // Closes every connection and removes the socket file.
  void stop();

 private:
  class Client;
  void accept();
  bool make_room();

  asio::io_context& io_;
  config::ListeningSocket name_;
  Commands commands_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::list<std::shared_ptr<Client>> clients_;  // the longest without a word first
};

}  // namespace penstock::control
