#include "dataplane/slow/connection_table.h"

#include <algorithm>

namespace penstock::slow {
namespace {

constexpr size_t kHost = 0;
constexpr size_t kRoot = state::kClientLevels.size();
constexpr int kLookedAt = 16;  // of those that have equally much, for one without a query under way

}  // namespace

ConnectionTable::ConnectionTable(uint32_t total, uint32_t per_client) : total_(total), per_client_(per_client) {
  root_.level = kRoot;
}

const ConnectionTable::Node* ConnectionTable::find(const config::IpAddress& client, state::ClientLevel level) const {
  const Nodes& nodes = levels_[static_cast<size_t>(level)];
  const auto found = nodes.find(state::network_of(client, level));
  return found == nodes.end() ? nullptr : &found->second;
}

uint32_t ConnectionTable::of_client(const config::IpAddress& client) const {
  const Node* host = find(client, state::ClientLevel::host);
  return host == nullptr ? 0 : host->size;
}

ConnectionTable::Shed ConnectionTable::to_shed(const config::IpAddress& client) const {
  for (const state::ClientLevel level : state::kClientLevels) {
    const Node* node = find(client, level);
    if (node != nullptr && node->size >= state::allowance(level, per_client_)) return {most_of(*node), true};
  }
  if (size() >= total_) return {most_of(root_), false};
  return {};
}

// The idlest connection of the host that has most in there.
uint32_t ConnectionTable::most_of(const Node& node) {
  const Node* at = &node;
  while (at->level != kHost || at->parent == nullptr) {
    const std::list<Node*>& most = at->below.rbegin()->second;
    at = most.front();
    auto next = most.begin();
    for (int looked = 0; looked < kLookedAt && next != most.end(); ++looked, ++next) {
      if ((*next)->busy == (*next)->size) continue;
      at = *next;
      break;
    }
  }
  return at->idle_ones.empty() ? at->busy_ones.front() : at->idle_ones.front();
}

uint32_t ConnectionTable::weigh(const Node& node) {
  if (node.level == kHost) return node.size;
  const uint32_t factor = state::allowance_factor(state::kClientLevels[node.level]);
  return std::max(node.below.empty() ? 0 : node.below.rbegin()->first, (node.size + factor - 1) / factor);
}

// It was used, or has another number of connections: behind those that weigh the same, and so all above it.
void ConnectionTable::settle(Node& node) {
  for (Node* at = &node; at->parent != nullptr; at = at->parent) {
    auto& below = at->parent->below;
    const auto before = below.find(at->weight);
    at->weight = weigh(*at);
    std::list<Node*>& now = below[at->weight];
    now.splice(now.end(), before->second, at->at);
    if (before->second.empty()) below.erase(before);
  }
}

ConnectionTable::Node& ConnectionTable::node_of(const config::IpAddress& client, size_t level) {
  if (level == kRoot) return root_;
  const auto [at, is_new] = levels_[level].try_emplace(state::network_of(client, state::kClientLevels[level]));
  Node& node = at->second;
  if (is_new) {
    node.parent = &node_of(client, level + 1);
    node.self = at;
    node.level = static_cast<unsigned>(level);
    std::list<Node*>& weightless = node.parent->below[0];
    node.at = weightless.insert(weightless.end(), &node);
  }
  return node;
}

uint32_t ConnectionTable::add(const config::IpAddress& client, Time now) {
  uint32_t place = static_cast<uint32_t>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  Record& record = records_[place];
  record.open = true;
  record.in_flight = 0;
  record.last_message = now;
  record.host = &node_of(client, kHost);
  record.in_all = all_.insert(all_.end(), place);
  record.in_host = record.host->idle_ones.insert(record.host->idle_ones.end(), place);
  for (Node* node = record.host; node != nullptr; node = node->parent) ++node->size;
  settle(*record.host);
  return place;
}

void ConnectionTable::remove(uint32_t place) {
  Record& record = records_[place];
  Node* node = record.host;
  all_.erase(record.in_all);
  (record.in_flight == 0 ? node->idle_ones : node->busy_ones).erase(record.in_host);
  for (Node* at = node; at != nullptr; at = at->parent) {
    --at->size;
    if (record.in_flight != 0) --at->busy;
  }
  settle(*node);
  while (node->size == 0 && node->parent != nullptr) {
    Node* parent = node->parent;
    const auto bucket = parent->below.find(node->weight);
    bucket->second.erase(node->at);
    if (bucket->second.empty()) parent->below.erase(bucket);
    levels_[node->level].erase(node->self);
    node = parent;
  }
  record.open = false;
  ++record.generation;
  free_.push_back(place);
}

void ConnectionTable::use(uint32_t place, uint32_t in_flight, Time now) {
  Record& record = records_[place];
  Node& host = *record.host;
  const bool was_busy = record.in_flight != 0;
  const bool is_busy = in_flight != 0;
  record.last_message = now;
  record.in_flight = in_flight;
  all_.splice(all_.end(), all_, record.in_all);
  Places& to = is_busy ? host.busy_ones : host.idle_ones;
  to.splice(to.end(), was_busy ? host.busy_ones : host.idle_ones, record.in_host);
  for (Node* node = &host; node != nullptr && was_busy != is_busy; node = node->parent)
    is_busy ? ++node->busy : --node->busy;
  settle(host);
}

void ConnectionTable::query(uint32_t place, Time now) {
  use(place, records_[place].in_flight + 1, now);
}

void ConnectionTable::answer(uint32_t place, Time now) {
  const uint32_t in_flight = records_[place].in_flight;
  use(place, in_flight == 0 ? 0 : in_flight - 1, now);
}

void ConnectionTable::forget(uint32_t place, Time now) {
  use(place, 0, now);
}

void ConnectionTable::touch(uint32_t place, Time now) {
  use(place, records_[place].in_flight, now);
}

}  // namespace penstock::slow
