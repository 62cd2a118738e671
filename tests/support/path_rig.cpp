#include "tests/support/path_rig.h"

#include <sys/mman.h>

#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "config/read/read_model.h"
#include "dataplane/path/flight/deliver.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/response/sweep.h"

namespace penstock::test {

const char* const kRigRules = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, "fd00::/8"], allow_snoop: [192.168.0.0/16, "fd00::/8"]}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}
  vpc6: {kind: route53-inbound, endpoints: ["fd16::10"]}
  none: {kind: recursive, endpoints: [10.99.0.1]}
zones:
  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc}
  - {zone: six.example, pool: vpc6}
  - {zone: unreachable.example, pool: none}
  - {zone: blocked.example, answer: nxdomain}
  - {zone: empty.example, answer: nodata}
  - {zone: refused.example, answer: refused}
)";

FramePool::FramePool(unsigned frames) {
  for (unsigned i = 0; i < frames; ++i) {
    all_.push_back(std::make_unique<Block>());
    std::memset(static_cast<void*>(all_.back().get()), 0, sizeof(Block));
    free_.push_back(&all_.back()->mbuf);
  }
}

FramePool::~FramePool() {
  for (const auto& block : all_) delete[] static_cast<uint8_t*>(block->mbuf.buf_addr);
}

rte_mbuf* FramePool::take(std::span<const uint8_t> bytes, uint16_t headroom, uint16_t buffer_size) {
  if (free_.empty()) return nullptr;
  rte_mbuf* frame = free_.back();
  free_.pop_back();
  if (frame->buf_addr == nullptr || frame->buf_len != buffer_size) {
    delete[] static_cast<uint8_t*>(frame->buf_addr);
    frame->buf_addr = new uint8_t[buffer_size];
    frame->buf_len = buffer_size;
  }
  frame->data_off = headroom;
  frame->nb_segs = 1;
  frame->refcnt = 1;
  frame->next = nullptr;
  frame->ol_flags = 0;
  frame->data_len = static_cast<uint16_t>(bytes.size());
  frame->pkt_len = frame->data_len;
  paint({static_cast<uint8_t*>(frame->buf_addr), buffer_size}, colour);
  if (headroom + bytes.size() > buffer_size) throw std::length_error("a frame larger than its buffer");
  if (!bytes.empty()) std::memcpy(static_cast<uint8_t*>(frame->buf_addr) + headroom, bytes.data(), bytes.size());
  return frame;
}

void FramePool::give_back(rte_mbuf* frame) {
  if (frame->refcnt != 1) throw std::logic_error("a frame came back twice");
  frame->refcnt = 0;
  free_.push_back(frame);
}

RigWire* PathRig::wire = nullptr;

void PathRig::PageDeleter::operator()(config::CounterPage* page) const {
  munmap(page, config::counter_page_size(page->lcores));
}

namespace {

std::array<uint8_t, 44> seed_of(unsigned lcore) {
  std::array<uint8_t, 44> seed{};
  seed[0] = static_cast<uint8_t>(lcore + 1);
  return seed;
}

}  // namespace

PathRig::PathRig(const RigOptions& options)
    : pool(options.frames),
      rings(std::make_unique<state::Rings>(options.lcores)),
      answers(std::make_unique<state::AnswerCache>(options.cache_size)),
      endpoints(std::make_unique<config::EndpointStatePage>()),
      with_budgets_(options.budgets) {
  const size_t size = config::counter_page_size(options.lcores);
  // Zero without being touched: most of it are decisions, and most tests make few.
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  page_.reset(new (memory) config::CounterPage{});
  page_->lcores = options.lcores;

  host.port_count = 2;
  host.ports[0].mac = mac(0xa0);
  host.ports[1].mac = mac(0xa1);
  // Each takes what is for the other: tests turn frames round and hand them to whichever port they mean.
  for (unsigned port : {0U, 1U}) {
    host.ports[port].more_macs[0] = host.ports[1 - port].mac;
    host.ports[port].more_mac_count = 1;
  }
  host.add_listen(address("192.168.10.86"));
  host.add_listen(address("fd00::86"));
  host.deal_source_ports(kFirstSourcePort, static_cast<uint16_t>(kSourcePortsPerLcore * options.lcores),
                         options.lcores);
  for (unsigned i = 0; i < options.lcores; ++i) {
    const auto seed = seed_of(i);
    const state::SourcePortBlock block{static_cast<uint16_t>(kFirstSourcePort + i * kSourcePortsPerLcore),
                                       kSourcePortsPerLcore};
    lcores_.push_back(std::make_unique<state::Lcore>(
        static_cast<uint8_t>(i), options.pending_slots, block, seed, host,
        state::Shared{*budgets, *answers, *returns, *no_edns, *limits, *cookies, 0x5eed}, page_->lcore[i]));
    bursts_.push_back(std::make_unique<path::Burst>());
  }
  pool.colour = options.colour;
  for (auto& lcore : lcores_) {
    for (uint32_t i = 0; i < options.pending_slots; ++i) paint(lcore->flights.pending.query(i).message, options.colour);
    for (uint16_t i = 1; i <= state::ChasePool::kChases; ++i) {
      paint(lcore->flights.chases[i].message, options.colour);
      paint(lcore->flights.chases[i].kept, options.colour);
    }
  }
  load(options.rules.empty() ? kRigRules : options.rules);
  const auto reach = [&](const char* endpoint, const char* source, uint8_t last) {
    config::EndpointState state;
    state.source = address(source).bytes;
    state.mac = mac(last);
    state.port = 1;
    state.reachable = 1;
    state.health = config::Health::up;
    if (slots_.contains(endpoint)) set_endpoint(endpoint, state);
  };
  reach("10.16.1.10", "192.168.10.86", 0xe1);
  reach("10.16.2.10", "192.168.10.86", 0xe2);
  reach("fd16::10", "fd00::86", 0xe6);
}

PathRig::~PathRig() = default;

void PathRig::load(const std::string& rules, std::optional<uint64_t> generation) {
  auto read = config::read_model_text(rules, "rig.yaml");
  for (const config::Finding& finding : read.findings)
    if (finding.severity == config::Severity::error) throw std::invalid_argument(config::to_text(finding));
  model_ = std::move(*read.model);
  if (!with_budgets_)
    for (config::Pool& pool : model_.pools)
      for (config::Endpoint& endpoint : pool.endpoints) endpoint.budget = 0;
  generation_ = generation.value_or(generation_ + 1);
  auto compiled = control::compile(
      model_, generation_,
      [this](const config::Pool&, const config::Endpoint& endpoint) {
        return slots_
            .try_emplace(config::to_string(endpoint.address),
                         config::EndpointSlot{static_cast<uint16_t>(slots_.size())})
            .first->second;
      },
      0x5eed);
  if (!compiled) throw std::invalid_argument(compiled.error());
  if (auto loaded = load_image(compiled->image); !loaded) throw std::invalid_argument(loaded.error());
}

tl::expected<void, std::string> PathRig::load_image(const control::ImageBytes& image) {
  control::ImageBytes copy = image;
  auto opened = tables::Ruleset::open(copy);
  if (!opened) return tl::make_unexpected(opened.error());
  image_.swap(copy);
  ruleset = std::make_unique<tables::Ruleset>(*opened);
  refresh();
  return {};
}

void PathRig::forget() {
  answers->flush(config::FlushScope::all, {});
  std::destroy_at(no_edns.get());
  std::construct_at(no_edns.get());
  for (auto& lcore : lcores_) {
    lcore->random = state::Random(seed_of(lcore->index));
    lcore->endpoints.round_trips = {};
    lcore->endpoints.silence = {};
    lcore->endpoints.stream_silence = {};
    lcore->endpoints.retry_budget = {};
    lcore->endpoints.pressures = {};
    lcore->endpoints.reach = {};
    lcore->memory.rotation = 0;
  }
}

void PathRig::unload() {
  for (auto& lcore : lcores_) lcore->rules = nullptr;
}

void PathRig::refresh() {
  for (auto& lcore : lcores_) {
    lcore->rules = ruleset.get();
    lcore->query_timeout_ns = uint64_t{ruleset->header().query_timeout_ms} * 1'000'000;
    lcore->endpoints.hops.refresh(*ruleset, *endpoints, host.port_count, now);
    lcore->endpoints.filter.take(*ruleset);
  }
}

void PathRig::set_endpoint(std::string_view text, const config::EndpointState& state) {
  const config::IpAddress parsed = address(text);
  config::EndpointState written = state;
  written.address = parsed.bytes;
  written.family = parsed.family;
  config::write_slots(*endpoints, [&](auto& slots) { slots[slots_.at(std::string(text))].store(written); });
  refresh();
}

config::EndpointState PathRig::endpoint(std::string_view text) const {
  return endpoints->slots[slots_.find(text)->second].load();
}

void PathRig::prefer(std::string_view text) {
  for (auto& lcore : lcores_)
    for (const auto& [name, slot] : slots_) lcore->endpoints.outstanding[slot] = name == text ? 0 : 1'000'000;
}

uint32_t PathRig::outstanding(std::string_view text, unsigned lcore) const {
  return lcores_[lcore]->endpoints.outstanding[slots_.find(text)->second];
}

std::vector<Sent> PathRig::receive(unsigned port, const std::vector<Bytes>& frames, unsigned lcore) {
  std::vector<rte_mbuf*> mbufs;
  for (const Bytes& bytes : frames) mbufs.push_back(pool.take(bytes));
  return receive(port, mbufs, lcore);
}

std::vector<Sent> PathRig::receive(unsigned port, std::span<rte_mbuf*> frames, unsigned lcore) {
  std::vector<rte_mbuf*> received(frames.begin(), frames.end());
  if (wire != nullptr && !host.is_stream(static_cast<uint8_t>(port))) received = wire->receive(port, frames);
  begin_turn(lcore);
  path::take_received(*lcores_[lcore], *rings, *bursts_[lcore], received, static_cast<uint8_t>(port));
  return finish(lcore);
}

std::vector<Sent> PathRig::take_handed_off(unsigned lcore) {
  begin_turn(lcore);
  path::take_handed_off(*lcores_[lcore], *rings, *bursts_[lcore]);
  return finish(lcore);
}

std::vector<Sent> PathRig::sweep(unsigned lcore) {
  begin_turn(lcore);
  path::sweep(*lcores_[lcore]);
  paint_all(*lcores_[lcore]);
  path::deliver(*lcores_[lcore]);
  return finish(lcore);
}

// What messages are put together in, and what is only good within a turn.
void PathRig::paint_all(state::Lcore& lcore) {
  paint(lcore.memory.message, pool.colour);
  paint(lcore.memory.recalled.kept.body, pool.colour);
  paint_stack(pool.colour);
}

// As a worker's turn does, and with nothing left in memory of what was there before.
void PathRig::begin_turn(unsigned index) {
  state::Lcore& lcore = *lcores_[index];
  lcore.now = now;
  while (lcore.frames.fresh.size() < state::kFresh) {
    rte_mbuf* frame = pool.take({});
    if (frame == nullptr) break;
    lcore.frames.fresh.push(frame);
  }
  paint_all(lcore);
}

// What a worker does at the end of a burst.
std::vector<Sent> PathRig::finish(unsigned index) {
  std::vector<Sent> sent;
  state::Lcore& lcore = *lcores_[index];
  for (unsigned port = 0; port < tables::LocalHost::kMaxPorts; ++port) {
    if (port == owns_no_queue_of && index != 0) {
      path::pass_on(lcore, static_cast<uint8_t>(port), *rings, 0);
      continue;
    }
    std::vector<rte_mbuf*> leaving(lcore.frames.egress[port].frames().begin(),
                                   lcore.frames.egress[port].frames().end());
    if (wire != nullptr && !host.is_stream(static_cast<uint8_t>(port))) leaving = wire->send(port, leaving);
    for (rte_mbuf* frame : leaving) {
      const auto* start = static_cast<const uint8_t*>(frame->buf_addr) + frame->data_off;
      sent.push_back({port, Bytes(start, start + frame->data_len)});
      if (frame->pkt_len != frame->data_len || frame->nb_segs != 1 || frame->ol_flags != 0)
        throw std::logic_error("a frame whose lengths or flags are not in order left");
      if (unwritten_.empty() && has_paint(sent.back().bytes)) unwritten_ = to_hex(sent.back().bytes);
      pool.give_back(frame);
    }
    lcore.frames.egress[port].clear();
  }
  for (rte_mbuf* frame : lcore.frames.discarded.frames()) pool.give_back(frame);
  lcore.frames.discarded.clear();
  while (rte_mbuf* frame = lcore.frames.fresh.pop()) pool.give_back(frame);
  lcore.counters.pending.set(lcore.flights.pending.in_flight());
  lcore.counters.waiting.set(lcore.flights.waiters.in_use());
  lcore.counters.decisions.publish();
  return sent;
}

std::string PathRig::verdict() {
  std::map<std::string, uint64_t> now_counted;
  for (unsigned i = 0; i < page_->lcores; ++i) {
    const config::LcoreCounters& counters = page_->lcore[i];
#define PENSTOCK_NAME_AND_COUNT(name, help) now_counted[stage + "." #name] += group.counters[at++].get();
#define PENSTOCK_COUNT_STAGE(field, LIST) \
  {                                       \
    const std::string stage = #field;     \
    const auto& group = counters.field;   \
    size_t at = 0;                        \
    LIST(PENSTOCK_NAME_AND_COUNT)         \
  }
    PENSTOCK_COUNT_STAGE(classify, PENSTOCK_CLASSIFY_OUTCOMES)
    PENSTOCK_COUNT_STAGE(query, PENSTOCK_QUERY_OUTCOMES)
    PENSTOCK_COUNT_STAGE(response, PENSTOCK_RESPONSE_OUTCOMES)
    PENSTOCK_COUNT_STAGE(handoff, PENSTOCK_HANDOFF_OUTCOMES)
    PENSTOCK_COUNT_STAGE(door, PENSTOCK_DOOR_OUTCOMES)
    PENSTOCK_COUNT_STAGE(sweep, PENSTOCK_SWEEP_OUTCOMES)
    PENSTOCK_COUNT_STAGE(retry, PENSTOCK_RETRY_OUTCOMES)
    PENSTOCK_COUNT_STAGE(waiter, PENSTOCK_WAITER_OUTCOMES)
    PENSTOCK_COUNT_STAGE(guard, PENSTOCK_GUARD_OUTCOMES)
    PENSTOCK_COUNT_STAGE(refresh, PENSTOCK_REFRESH_OUTCOMES)
    PENSTOCK_COUNT_STAGE(remember, PENSTOCK_REMEMBER_OUTCOMES)
    PENSTOCK_COUNT_STAGE(transmit, PENSTOCK_TRANSMIT_OUTCOMES)
#undef PENSTOCK_COUNT_STAGE
#undef PENSTOCK_NAME_AND_COUNT
    now_counted["checksum_partial"] += counters.checksum_partial.get();
  }
  std::string text;
  for (const auto& [name, count] : now_counted) {
    const uint64_t more = count - counted_[name];
    if (more == 0 || name == "guard.passed") continue;  // of every answer for a private name
    if (!text.empty()) text += ' ';
    text += name + (more == 1 ? "" : "=" + std::to_string(more));
  }
  counted_ = std::move(now_counted);
  return text;
}

bool PathRig::has_handed_off(unsigned lcore) const {
  for (unsigned from = 0; from < rings->threads(); ++from)
    if (rings->ring(from, lcore).size() != 0) return true;
  return false;
}

namespace {

// Each query that is over has one note, as long as the ring keeps them all.
std::string wrong_notes(const config::LcoreCounters& lcore) {
  using config::QueryOutcome;
  using config::ResponseOutcome;
  using config::SweepOutcome;
  if (lcore.decisions.oldest() != 0) return "";
  uint64_t notes = 0;
  auto noted = lcore.decisions.read(0);
  for (; noted; ++notes) noted = lcore.decisions.read(noted->next);
  const uint64_t over = lcore.query.sum() - lcore.query[QueryOutcome::forwarded].get() -
                        lcore.query[QueryOutcome::joined].get() + lcore.response[ResponseOutcome::returned].get() +
                        lcore.response[ResponseOutcome::replaced_stale].get() +
                        lcore.sweep[SweepOutcome::expired].get() + lcore.sweep[SweepOutcome::expired_stale].get() +
                        lcore.sweep[SweepOutcome::expired_unanswered].get() + lcore.waiter.sum();
  // Of refreshes, too, which no client asked for.
  const uint64_t blocked = lcore.response[ResponseOutcome::blocked].get();
  if (notes >= over && notes <= over + blocked) return "";
  return std::to_string(notes) + " notes of " + std::to_string(over) + " queries";
}

}  // namespace

std::string PathRig::imbalance() {
  if (!unwritten_.empty()) return "octets that nobody wrote left: " + unwritten_;
  // The identity closes once the rings are empty: what is for lcores is taken, what is for the door given back.
  for (unsigned round = 0; round < 4; ++round)
    for (unsigned lcore = 0; lcore < lcores_.size(); ++lcore)
      for (unsigned burst = 0; burst < 33 && has_handed_off(lcore); ++burst) take_handed_off(lcore);
  for (unsigned from = 0; from < rings->threads(); ++from) {
    uintptr_t item = 0;
    while (rings->ring(from, rings->main_thread()).pop(&item, 1) == 1) pool.give_back(state::frame_of(item));
  }
  if (const int64_t residual = config::accounting_residual(*page_); residual != 0)
    return "accounting residual " + std::to_string(residual);
  if (pool.taken() != 0) return std::to_string(pool.taken()) + " frames lost";
  for (unsigned i = 0; i < page_->lcores; ++i)
    if (const std::string wrong = wrong_notes(page_->lcore[i]); !wrong.empty()) return wrong;
  return "";
}

}  // namespace penstock::test
