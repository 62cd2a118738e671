// tests/control/health/fake_server.h - a small DNS server on a loopback address that answers as it is told, over UDP and TCP.
#pragma once

#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

namespace penstock::test {

enum class Manner {
  answer,
  nxdomain,
  servfail,
  refused,
  silent,
  other_id,
  other_question,
  query_back,  // QR is clear
  garbage,
  forged_first,     // an answer with another id, then the true one
  hang_up,          // TCP: closes; UDP: as silent
  small_letters,    // the name of the question in small letters
  other_letter,     // one letter of it in the other case
  deaf_to_capitals  // silent for a name with a capital
};

class FakeServer {
 public:
  FakeServer(asio::io_context& io, const std::string& address, uint16_t port = 0) : io_(io) {
    const auto ip = asio::ip::make_address(address);
    udp_ = std::make_unique<asio::ip::udp::socket>(io, asio::ip::udp::endpoint(ip, port));
    open_tcp();
    receive();
  }
  ~FakeServer() { *alive_ = false; }

  uint16_t port() const { return udp_->local_endpoint().port(); }
  void close_udp() { udp_->close(); }
  void close_tcp() { acceptor_.reset(); }
  void open_tcp() {
    acceptor_ = std::make_unique<asio::ip::tcp::acceptor>(
        io_, asio::ip::tcp::endpoint(udp_->local_endpoint().address(), port()));
    accept();
  }

  Manner udp_manner = Manner::answer;
  Manner tcp_manner = Manner::answer;
  int udp_queries = 0;
  int tcp_queries = 0;
  std::set<std::string> questions;  // "example.com. SOA"
  std::set<uint16_t> udp_ports;
  std::set<uint16_t> ids;
  std::set<std::string> sources;

 private:
  using Bytes = std::vector<uint8_t>;
  static constexpr size_t kHeader = 12;

  std::vector<Bytes> answers(const uint8_t* data, size_t size, Manner manner) {
    ldns_pkt* packet = nullptr;
    if (ldns_wire2pkt(&packet, data, size) != LDNS_STATUS_OK) return {};
    const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> owned(packet, ldns_pkt_free);
    const uint16_t id = ldns_pkt_id(packet);
    ids.insert(id);
    const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(packet), 0);
    char* name = ldns_rdf2str(ldns_rr_owner(question));
    char* type = ldns_rr_type2str(ldns_rr_get_type(question));
    questions.insert(std::string(name) + " " + type);
    free(name);
    free(type);
    ldns_pkt_set_qr(packet, true);
    ldns_pkt_set_ra(packet, true);
    std::vector<Bytes> made;
    const bool has_capital =
        std::any_of(data + kHeader, data + size, [](uint8_t octet) { return octet >= 'A' && octet <= 'Z'; });
    if (manner == Manner::deaf_to_capitals && has_capital) return {};
    switch (manner) {
      case Manner::silent:
      case Manner::hang_up:
        return {};
      case Manner::garbage:
        return {{static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id), 0x81, 0x80, 0, 1}};
      case Manner::nxdomain:
        ldns_pkt_set_rcode(packet, LDNS_RCODE_NXDOMAIN);
        break;
      case Manner::servfail:
        ldns_pkt_set_rcode(packet, LDNS_RCODE_SERVFAIL);
        break;
      case Manner::refused:
        ldns_pkt_set_rcode(packet, LDNS_RCODE_REFUSED);
        break;
      case Manner::other_id:
        ldns_pkt_set_id(packet, static_cast<uint16_t>(id + 1));
        break;
      case Manner::forged_first:
        ldns_pkt_set_id(packet, static_cast<uint16_t>(id + 1));
        ldns_pkt_set_rcode(packet, LDNS_RCODE_REFUSED);
        made.push_back(wire(packet));
        ldns_pkt_set_id(packet, id);
        ldns_pkt_set_rcode(packet, LDNS_RCODE_NOERROR);
        break;
      case Manner::other_question:
        ldns_rr_set_type(ldns_rr_list_rr(ldns_pkt_question(packet), 0), LDNS_RR_TYPE_TXT);
        break;
      case Manner::query_back:
        ldns_pkt_set_qr(packet, false);
        break;
      case Manner::answer:
      case Manner::small_letters:
      case Manner::other_letter:
      case Manner::deaf_to_capitals:
        break;
    }
    made.push_back(wire(packet));
    if (manner == Manner::small_letters)
      for (size_t at = kHeader; at < size; ++at) {
        uint8_t& octet = made.back()[at];
        if (octet >= 'A' && octet <= 'Z') octet |= 0x20;
      }
    if (manner == Manner::other_letter) made.back()[kHeader + 1] ^= 0x20;
    return made;
  }

  static Bytes wire(const ldns_pkt* packet) {
    uint8_t* data = nullptr;
    size_t size = 0;
    ldns_pkt2wire(&data, packet, &size);
    Bytes bytes(data, data + size);
    free(data);
    return bytes;
  }

  void receive() {
    udp_->async_receive_from(asio::buffer(buffer_), peer_,
                             [this, alive = alive_](const std::error_code& error, size_t size) {
                               if (error || !*alive) return;
                               ++udp_queries;
                               udp_ports.insert(peer_.port());
                               sources.insert(peer_.address().to_string());
                               std::error_code ignored;
                               for (const Bytes& bytes : answers(buffer_.data(), size, udp_manner))
                                 udp_->send_to(asio::buffer(bytes), peer_, 0, ignored);
                               receive();
                             });
  }

  void accept() {
    acceptor_->async_accept([this, alive = alive_](const std::error_code& error, asio::ip::tcp::socket socket) {
      if (error || !*alive) return;
      serve(std::make_shared<asio::ip::tcp::socket>(std::move(socket)));
      accept();
    });
  }

  void serve(const std::shared_ptr<asio::ip::tcp::socket>& socket) {
    auto request = std::make_shared<Bytes>(2);
    asio::async_read(*socket, asio::buffer(*request),
                     [this, socket, request, alive = alive_](const std::error_code& failed, size_t) {
                       if (failed || !*alive) return;
                       request->resize(static_cast<size_t>((*request)[0]) << 8 | (*request)[1]);
                       asio::async_read(*socket, asio::buffer(*request),
                                        [this, socket, request, alive](const std::error_code& error, size_t) {
                                          if (error || !*alive) return;
                                          ++tcp_queries;
                                          sources.insert(socket->remote_endpoint().address().to_string());
                                          for (Bytes bytes : answers(request->data(), request->size(), tcp_manner)) {
                                            bytes.insert(bytes.begin(), {static_cast<uint8_t>(bytes.size() >> 8),
                                                                         static_cast<uint8_t>(bytes.size())});
                                            std::error_code ignored;
                                            asio::write(*socket, asio::buffer(bytes), ignored);
                                          }
                                          if (tcp_manner == Manner::silent) held_.push_back(socket);
                                        });
                     });
  }

  asio::io_context& io_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<asio::ip::udp::socket> udp_;
  std::unique_ptr<asio::ip::tcp::acceptor> acceptor_;
  std::vector<std::shared_ptr<asio::ip::tcp::socket>> held_;
  std::array<uint8_t, 2048> buffer_;
  asio::ip::udp::endpoint peer_;
};

}  // namespace penstock::test
