#include "control/import/readers/bind/servers.h"

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

constexpr int kDeepestList = 16;

}  // namespace

// One server of `forwarders`, by `default_port`.
std::optional<Server> BindServers::read_server(const BindStatement& one, uint16_t default_port, bool default_tls) {
  auto server = parse_server(one.text(0), ' ');
  if (!server) {
    source_.decide(one.where, "'" + one.text(0) + "' is not an IP address: write the server's, and import again");
    return std::nullopt;
  }
  server->port = default_port;
  server->tls = default_tls;
  for (size_t i = 1; i + 1 < one.elements.size(); ++i) {
    if (one.word(i) == "port") server->port = port_of(one.text(i + 1), one.where);
    if (one.word(i) == "tls") server->tls = one.word(i + 1) != "none";
  }
  return server;
}

uint16_t BindServers::port_of(const std::string& text, Where where) {
  const auto server = parse_server("[::]:" + text, ':');
  if (!server) source_.decide(where, "'" + text + "' is not a port");
  return server ? server->port : 0;
}

std::vector<Server> BindServers::read(const BindStatement& statement, int depth) {
  uint16_t port = 53;
  bool tls = false;
  for (size_t i = 1; i + 1 < statement.elements.size(); ++i) {
    if (statement.word(i) == "port") port = port_of(statement.text(i + 1), statement.where);
    if (statement.word(i) == "tls") tls = statement.word(i + 1) != "none";
  }
  std::vector<Server> servers;
  if (statement.block() == nullptr) return servers;
  if (depth == kDeepestList) {
    source_.decide(statement.where, "lists of servers name each other without end: left out");
    return servers;
  }
  for (const BindStatement& one : *statement.block()) {
    const auto list = lists_.find(one.word(0));
    if (list != lists_.end()) {
      const auto more = read(*list->second, depth + 1);
      servers.insert(servers.end(), more.begin(), more.end());
    } else if (auto server = read_server(one, port, tls)) {
      servers.push_back(*server);
    }
  }
  return servers;
}

}  // namespace penstock::imports
