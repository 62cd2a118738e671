// control/view/stages.h - the listed counters of the page (config/contract/counters.h, slow_counters.h) as tables with their names:
// whoever shows them goes through these.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "config/contract/counters.h"

namespace penstock::control {

struct CounterName {
  const char* name;
  const char* help;
};

// Stage, list of its outcomes, metric, its label for the outcome, its help.
#define PENSTOCK_STAGES(X)                                                                                             \
  X(classify, CLASSIFY, "penstock_frames_total", "class", "Frames by class")                                           \
  X(query, QUERY, "penstock_queries_total", "outcome", "Queries by outcome")                                           \
  X(response, RESPONSE, "penstock_responses_total", "outcome", "Responses of endpoints by outcome")                    \
  X(handoff, HANDOFF, "penstock_handoffs_total", "outcome", "Responses owned by another lcore")                        \
  X(door, DOOR, "penstock_door_frames_total", "outcome", "Frames for the kernel")                                      \
  X(sweep, SWEEP, "penstock_swept_queries_total", "outcome", "Forwarded queries given up")                             \
  X(retry, RETRY, "penstock_retries_total", "outcome", "Overdue forwarded queries")                                    \
  X(waiter, WAITER, "penstock_joined_queries_total", "outcome",                                                        \
    "Queries that joined one in flight, by what the client got")                                                       \
  X(guard, GUARD, "penstock_guarded_responses_total", "outcome", "Responses by verdict of the leak guard")             \
  X(transmit, TRANSMIT, "penstock_transmitted_frames_total", "outcome", "Frames to send, by outcome")                  \
  X(refresh, REFRESH, "penstock_refreshes_total", "outcome", "Refresh queries of ours for cached answers, by outcome") \
  X(remember, REMEMBER, "penstock_remembered_answers_total", "outcome", "Answers received, by whether they were cached")

#define PENSTOCK_NAME(name, help) CounterName{#name, help},
#define PENSTOCK_NAMES_OF_STAGE(stage, LIST, metric, label, help) \
  inline constexpr CounterName kNamesOf_##stage[] = {PENSTOCK_##LIST##_OUTCOMES(PENSTOCK_NAME)};
PENSTOCK_STAGES(PENSTOCK_NAMES_OF_STAGE)
inline constexpr CounterName kSlowCounterNames[] = {PENSTOCK_SLOW_COUNTERS(PENSTOCK_NAME)};
inline constexpr CounterName kSlowGaugeNames[] = {PENSTOCK_SLOW_GAUGES(PENSTOCK_NAME)};
#undef PENSTOCK_NAMES_OF_STAGE
#undef PENSTOCK_NAME

struct Stage {
  const char* name;
  const char* metric;
  const char* label;
  const char* help;
  std::span<const CounterName> outcomes;
  std::span<const config::Counter> (*counters)(const config::LcoreCounters&);  // in the order of `outcomes`
};

#define PENSTOCK_STAGE(stage, LIST, metric, label, help) \
  Stage{#stage,                                          \
        metric,                                          \
        label,                                           \
        help,                                            \
        kNamesOf_##stage,                                \
        [](const config::LcoreCounters& lcore) -> std::span<const config::Counter> { return lcore.stage.counters; }},
inline constexpr std::array kStages{PENSTOCK_STAGES(PENSTOCK_STAGE)};
#undef PENSTOCK_STAGE

// A stage that the table leaves out does not compile: it has a place between these two.
#define PENSTOCK_SIZE(stage, LIST, metric, label, help) +sizeof(config::LcoreCounters::stage)
static_assert(offsetof(config::LcoreCounters, checksum_partial) - offsetof(config::LcoreCounters, classify) ==
              0 PENSTOCK_STAGES(PENSTOCK_SIZE));
#undef PENSTOCK_SIZE
#undef PENSTOCK_STAGES

inline std::span<const config::LcoreCounters> lcores_of(const config::CounterPage& page) {
  return {page.lcore, std::min<size_t>(page.lcores, config::kMaxLcores)};
}

// Of all lcores.
inline uint64_t total(const config::CounterPage& page, const Stage& stage, size_t outcome) {
  uint64_t sum = 0;
  for (const config::LcoreCounters& lcore : lcores_of(page)) sum += stage.counters(lcore)[outcome].get();
  return sum;
}

}  // namespace penstock::control
