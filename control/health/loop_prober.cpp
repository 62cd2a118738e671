#include "control/health/loop_prober.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>

#include "config/contract/loop_label.h"

namespace penstock::control {
namespace {

using config::Action;
using config::Model;
using config::WireName;

WireName below(std::string_view suffix, uint32_t pool, uint64_t token) {
  const config::LoopLabel label = config::loop_label(config::PoolIndex{pool}, token);
  WireName name(1, static_cast<char>(label.size()));
  name.append(reinterpret_cast<const char*>(label.data()), label.size());
  name.append(suffix);
  return name.size() <= config::kMaxNameLength ? name : WireName();
}

// The names of no zone are this pool's, and may be asked of anybody: not those of a pool that is private.
bool takes_all_other_names(const Model& model, uint32_t pool) {
  if (!model.default_rule || model.pools[pool].is_private) return false;
  const config::Rule& rule = model.rules[*model.default_rule];
  if (rule.action != Action::forward || rule.pool != pool || rule.is_private) return false;
  return model.pools[pool].kind == config::PoolKind::recursive &&
         std::none_of(model.zones.entries.begin(), model.zones.entries.end(), [&](const auto& entry) {
           return entry.length == 1 && entry.scope != config::Scope::name;  // the root has a rule of its own
         });
}

}  // namespace

WireName loop_probe_name(const Model& model, uint32_t pool, size_t entry, uint64_t token) {
  const config::ZoneNames::Entry& zone = model.zones.entries[entry];
  const config::Rule& rule = model.rules[zone.rule];
  if (zone.scope == config::Scope::name || rule.action != Action::forward || rule.pool != pool) return {};
  return below(model.zones.name(zone), pool, token);
}

void LoopProber::configure(std::shared_ptr<const Model> model, uint64_t token, Time now) {
  const std::vector<Course> before = std::move(courses_);
  courses_.clear();
  model_ = std::move(model);
  token_ = token;
  for (uint32_t pool = 0; pool < model_->pools.size(); ++pool) {
    Course course;
    course.pool = pool;
    course.next = now + kFirst;
    for (const config::Endpoint& endpoint : model_->pools[pool].endpoints)
      course.endpoints.push_back({model_->pools[pool].name, endpoint.address});
    // Those that looped are shown so until a round says otherwise.
    for (const Course& old : before)
      for (const EndpointId& id : course.endpoints)
        if (old.looping.contains(id)) course.looping.insert(id);
    courses_.push_back(std::move(course));
  }
}

void LoopProber::tick(Time now) {
  for (Course& course : courses_)
    if (course.next <= now) advance(course, now);
}

void LoopProber::advance(Course& course, Time now) {
  if (course.questions.empty()) {
    gather(course);
    course.endpoint = course.question = 0;
    course.returned.clear();
    if (course.questions.empty()) course.endpoint = course.endpoints.size();
  }
  if (course.endpoint == course.endpoints.size()) {
    course.questions.clear();
    course.next = now + jittered(course.looping.empty() ? kBetweenRounds : kWhileLooping);
    return;
  }
  if (course.question == course.questions.size()) return finish_endpoint(course);
  const EndpointId& endpoint = course.endpoints[course.endpoint];
  switch (ask_(endpoint, course.questions[course.question])) {
    case Asked::yes:
      ++course.question;
      course.next = now + (course.question == course.questions.size() ? kWayBack : kBetweenProbes);
      break;
    case Asked::never:
      ++course.endpoint;
      course.question = 0;
      break;
    case Asked::later:
      break;
  }
}

void LoopProber::finish_endpoint(Course& course) {
  const EndpointId endpoint = course.endpoints[course.endpoint];
  ++course.endpoint;
  course.question = 0;
  if (course.returned.erase(endpoint) == 0 && course.looping.erase(endpoint) != 0) tell_(endpoint, "");
}

void LoopProber::came_back(uint32_t pool, const config::IpAddress& peer, const std::string& name) {
  if (pool >= courses_.size()) return;  // anybody may have written the number
  Course& course = courses_[pool];
  // The server that sends it back is mostly the one that was asked.
  const EndpointId itself{course.endpoints.empty() ? "" : course.endpoints.front().pool, peer};
  const bool is_endpoint =
      std::find(course.endpoints.begin(), course.endpoints.end(), itself) != course.endpoints.end();
  if (!is_endpoint && (course.questions.empty() || course.endpoint >= course.endpoints.size())) return;
  const EndpointId endpoint = is_endpoint ? itself : course.endpoints[course.endpoint];
  course.returned.insert(endpoint);
  if (course.looping.insert(endpoint).second)
    tell_(endpoint, "the probe " + name + " came back to us from " + config::to_string(peer));
}

void LoopProber::gather(Course& course) const {
  if (takes_all_other_names(*model_, course.pool))
    course.questions.push_back({below(std::string_view("\0", 1), course.pool, token_), LDNS_RR_TYPE_SOA});
  const size_t entries = model_->zones.entries.size();
  for (size_t seen = 0; seen < entries && course.questions.size() < kMostSuffixes; ++seen) {
    const size_t entry = course.next_entry++ % entries;
    course.next_entry %= entries;
    if (WireName name = loop_probe_name(*model_, course.pool, entry, token_); !name.empty())
      course.questions.push_back({std::move(name), LDNS_RR_TYPE_SOA});
  }
}

std::chrono::milliseconds LoopProber::jittered(std::chrono::seconds gap) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::uniform_real_distribution<double>(0.8, 1.2)(engine_) *
                                                        static_cast<double>(gap.count()) * 1000));
}

}  // namespace penstock::control
