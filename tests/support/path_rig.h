// tests/support/path_rig.h - the whole packet path in one plain process: no EAL, no driver, hand-made mbufs.
//
//   PathRig rig;                                     // two ports, two pools, rules from kRigRules
//   auto out = rig.receive(0, {write(frame)});       // one burst through the path; what left, by port
//   rig.verdict();                                   // "classify.query=1 query.forwarded=1": counted since the last call
//   rig.imbalance();                                 // "" when no frame and no count is missing, and no octet left unwritten
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/contract/endpoint_state.h"
#include "config/model.h"
#include "control/rules/compile.h"
#include "dataplane/path/burst.h"
#include "tests/support/canary.h"
#include "tests/support/frames.h"

namespace penstock::test {

// Mbufs as a driver would hand them over, each over a heap block of its own, so that a sanitizer sees the first byte too far.
class FramePool {
 public:
  static constexpr uint16_t kHeadroom = 128;
  static constexpr uint16_t kBufferSize = kHeadroom + 2048;

  explicit FramePool(unsigned frames);
  FramePool(FramePool&&) = default;
  ~FramePool();
  // nullptr when there is none left. The buffer's size is headroom + bytes + tailroom; all but the bytes is painted.
  rte_mbuf* take(std::span<const uint8_t> bytes, uint16_t headroom = kHeadroom, uint16_t buffer_size = kBufferSize);
  void give_back(rte_mbuf* frame);
  size_t taken() const { return all_.size() - free_.size(); }
  Paint colour = Paint::ochre;

 private:
  struct alignas(64) Block {
    rte_mbuf mbuf;
  };
  std::vector<std::unique_ptr<Block>> all_;
  std::vector<rte_mbuf*> free_;
};

// What left by a port.
struct Sent {
  unsigned port;
  Bytes bytes;
};

struct RigOptions {
  std::string rules;  // YAML; empty: kRigRules
  unsigned lcores = 1;
  uint32_t pending_slots = 1024;
  unsigned frames = 4096;
  uint64_t cache_size = 0;  // octets; 0: nothing is remembered
  bool budgets = false;     // endpoints have the rate budgets of the rules; or none, as time stands still in most tests
  Paint colour = Paint::ochre;
};

// Pools vpc (10.16.1.10, 10.16.2.10), vpc6 (fd16::10) and none (10.99.0.1, never reachable).
extern const char* const kRigRules;

// What stands between the rig and its frames, when it is not nothing: a driver.
class RigWire {
 public:
  virtual ~RigWire() = default;
  // The frames as the driver of the port hands them over.
  virtual std::vector<rte_mbuf*> receive(unsigned port, std::span<rte_mbuf* const> frames) = 0;
  // The frames as they come out behind the driver.
  virtual std::vector<rte_mbuf*> send(unsigned port, std::span<rte_mbuf* const> frames) = 0;
};

class PathRig {
 public:
  static RigWire* wire;  // of all rigs; tests/dataplane/path_over_rings.cpp sets it
  static constexpr uint16_t kFirstSourcePort = 20000;
  static constexpr uint16_t kSourcePortsPerLcore = 64;

  explicit PathRig(const RigOptions& options = {});
  ~PathRig();

  // One burst of at most 32 frames on a port of an lcore, and what it made leave.
  std::vector<Sent> receive(unsigned port, const std::vector<Bytes>& frames, unsigned lcore = 0);
  std::vector<Sent> receive(unsigned port, std::span<rte_mbuf*> frames, unsigned lcore = 0);
  // The rest of a turn: what came over the rings; time-outs and, with as many fresh frames as are left, clients that joined.
  std::vector<Sent> take_handed_off(unsigned lcore = 0);
  std::vector<Sent> sweep(unsigned lcore = 0);
  void pass(uint64_t milliseconds) { now += milliseconds * 1'000'000; }

  // Compiles and puts in force; throws on what check would refuse. As the next generation, or as what they say of themselves.
  void load(const std::string& rules, std::optional<uint64_t> generation = {});
  void unload();  // as before the first rules
  // Nothing is under way: what lcores have learned and remembered is forgotten, and they draw the same numbers again. Time goes on.
  void forget();
  const control::ImageBytes& image() const { return image_; }
  // An image made elsewhere, in force if it is accepted.
  tl::expected<void, std::string> load_image(const control::ImageBytes& image);
  // How an endpoint is reached and what control says of it; seen at once.
  void set_endpoint(std::string_view address, const config::EndpointState& state);
  config::EndpointState endpoint(std::string_view address) const;

  // From now on every other endpoint looks busy, so that a test may name the one that is chosen.
  void prefer(std::string_view address);
  // Sends that no endpoint has answered and nobody has given up.
  uint32_t outstanding(std::string_view address, unsigned lcore = 0) const;

  std::string verdict();  // but for guard.passed
  std::string imbalance();

  uint64_t generation() const { return generation_; }
  config::CounterPage& counters() { return *page_; }
  state::Lcore& lcore(unsigned index = 0) { return *lcores_[index]; }
  const config::Model& model() const { return model_; }

  // For tests that need parts of the path only.
  tables::LocalHost host;
  FramePool pool;
  std::unique_ptr<state::Rings> rings;
  std::unique_ptr<state::RateBudgets> budgets = std::make_unique<state::RateBudgets>();
  std::unique_ptr<state::AnswerCache> answers;
  std::unique_ptr<state::PoolReturns> returns = std::make_unique<state::PoolReturns>();
  std::unique_ptr<state::EdnsMemory> no_edns = std::make_unique<state::EdnsMemory>();
  std::unique_ptr<state::RateLimits> limits = std::make_unique<state::RateLimits>(0x5eed);
  std::unique_ptr<state::CookieKeys> cookies =
      std::make_unique<state::CookieKeys>(dns::CookieSecret{1, 2, 3}, 0, 1'559'731'985'000'000'000);
  std::unique_ptr<config::EndpointStatePage> endpoints;
  std::unique_ptr<tables::Ruleset> ruleset;
  uint64_t now = 1'000'000'000;
  uint8_t owns_no_queue_of = 0xff;  // frames for this port go from every lcore but 0 to lcore 0

 private:
  std::vector<Sent> finish(unsigned lcore);
  bool has_handed_off(unsigned lcore) const;
  void refresh();
  void begin_turn(unsigned lcore);
  void paint_all(state::Lcore& lcore);

  struct PageDeleter {
    void operator()(config::CounterPage* page) const;
  };
  config::Model model_;
  control::ImageBytes image_;
  std::map<std::string, config::EndpointSlot, std::less<>> slots_;  // by address
  std::unique_ptr<config::CounterPage, PageDeleter> page_;
  std::vector<std::unique_ptr<state::Lcore>> lcores_;
  std::vector<std::unique_ptr<path::Burst>> bursts_;
  std::map<std::string, uint64_t> counted_;
  uint64_t generation_ = 0;
  bool with_budgets_;
  std::string unwritten_;  // the first frame that left with paint in it
};

}  // namespace penstock::test
