// control/admin/server.h - the UNIX socket that penstockctl talks to: a line of JSON in, a line of JSON out.
//
// Mode 0660, so root and the socket's group may ask. At most kMaxAdminClients at a time, a request of at most
// kMaxAdminRequest bytes, and a client that says nothing for 30 s is sent away.
#pragma once

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <memory>
#include <set>
#include <string>

#include "control/admin/commands.h"

namespace penstock::control {

constexpr size_t kMaxAdminRequest = 4096;
constexpr size_t kMaxAdminClients = 16;

class AdminServer {
 public:
  // Takes over the socket file of a control that is gone. Throws std::runtime_error when one is still there,
  // or the path cannot be had. `operations` must outlive this.
  AdminServer(asio::io_context&, std::string path, Operations& operations);
  ~AdminServer();

  void start();
  // Closes every connection and removes the socket file.
  void stop();

 private:
  class Client;
  void accept();

  asio::io_context& io_;
  const std::string path_;
  Commands commands_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::set<std::shared_ptr<Client>> clients_;
};

}  // namespace penstock::control
