// control/link/dataplane_link.h - the connection to penstock-dataplane (config/contract/link.h), made again for ever
// when it breaks.
//
// All of it runs on the io_context's thread. It knows messages, not rules: Control decides what to publish
// when Connected comes, so a dataplane that restarts gets its rules through the same door as one that starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <tl/expected.hpp>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"
#include "config/contract/inquiry/browse.h"
#include "config/contract/inquiry/question.h"
#include "config/contract/link.h"
#include "config/files/descriptor.h"

namespace penstock::control {

struct DataplaneSession {
  config::Hello hello;
  std::shared_ptr<const config::CounterPage> counters;
  std::shared_ptr<config::EndpointStatePage> endpoints;
};

// Some pages of the cache: config::CachedAnswer one after the other.
struct BrowsedPages {
  config::Browsed head;
  std::vector<uint8_t> entries;
};

class DataplaneLink {
 public:
  struct Events {
    std::function<void(const DataplaneSession&)> connected;
    std::function<void()> disconnected;
    std::function<void(const config::Published&)> published;
    std::function<void(uint64_t generation, const std::string& reason)> refused;
  };
  template <typename Answer>
  using Handler = std::function<void(tl::expected<Answer, std::string>)>;
  using FoundHandler = Handler<config::Found>;
  using FlushedHandler = Handler<config::Flushed>;
  using StreamHandler = Handler<config::SharedDescriptor>;

  DataplaneLink(asio::io_context&, std::string socket_path, Events);
  ~DataplaneLink() { stop(); }
  DataplaneLink(const DataplaneLink&) = delete;
  DataplaneLink& operator=(const DataplaneLink&) = delete;

  void start();
  // No event comes after it; waiting lookups and flushes fail.
  void stop();

  // Gives the connection up and makes a new one: its Hello says what the dataplane really runs.
  void reconnect(const std::string& why) { close(why); }

  bool connected() const { return greeted_; }
  const std::string& socket_path() const { return socket_path_; }

  // `image` is a sealed memfd of `size` bytes and stays the caller's. Published or Refused follows. False:
  // not connected.
  bool publish(int image, uint64_t generation, uint64_t size);
  // Asks the table that forwards now. The handler is called once, never from inside lookup(); it fails after
  // 2 s.
  void lookup(const config::WireName& name, const config::IpAddress& client, FoundHandler);
  // Has remembered answers forgotten; `name` is folded and empty for FlushScope::all. The same, but for 10 s.
  void flush(config::FlushScope, const config::WireName& name, FlushedHandler);
  // Questions about single names (config/contract/inquiry/); as lookup(). `answer` follows Judge.
  void browse(const config::Browse&, Handler<BrowsedPages>);
  void compose(const config::Compose&, Handler<config::Composed>);
  void judge(const config::Judge&, std::span<const uint8_t> answer, Handler<config::Judged>);
  // Has a capture begun: the handler gets the stream's end to read from, and no more is told of it here.
  void capture(const config::CaptureRequest&, StreamHandler);

 private:
  template <typename Answer>
  struct Asked {
    Handler<Answer> handler;  // empty: timed out, its answer is still to come
    std::unique_ptr<asio::steady_timer> timer;
  };
  // Answers of a kind come in the order of the questions.
  template <typename Answer>
  using Queue = std::deque<std::shared_ptr<Asked<Answer>>>;

  void connect();
  void retry_later(const std::string& why);
  void wait_for_hello();
  void wait_for_message();
  void receive();
  void handle(const config::Message&);
  void greet(const config::Hello&, const config::Message&);
  template <typename Request, typename Answer>
  void ask(const Request&, Queue<Answer>&, std::chrono::seconds patience, Handler<Answer>,
           std::span<const uint8_t> rest = {});
  template <typename Answer>
  bool answer(const config::Message&, Queue<Answer>&);
  bool answer_capture(const config::Message&);
  template <typename Answer>
  void fail_all(Queue<Answer>&);
  void close(const std::string& why);

  asio::io_context& io_;
  const std::string socket_path_;
  const Events events_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer timer_;
  Queue<config::Found> lookups_;
  Queue<config::Flushed> flushes_;
  Queue<BrowsedPages> browses_;
  Queue<config::Composed> composes_;
  Queue<config::Judged> judges_;
  Queue<config::CaptureStarted> captures_;
  config::SharedDescriptor stream_;  // of the answer that is being given
  std::string last_failure_;         // said once, not at every attempt
  unsigned attempts_ = 0;
  uint64_t session_ = 0;  // handlers of a closed connection must not touch the next one
  bool greeted_ = false;
  bool stopped_ = true;
};

}  // namespace penstock::control
