// control/rules/identity.h - what a remembered answer depends on: it is good for rules of the same identity, whatever else has changed.
//
// A setting that is added does not compile until somebody says here, and in identity.cpp, whether answers depend on it. identity_test.cpp
// changes every field of the image and sees whether the identity does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "config/contract/image.h"
#include "config/contract/image_fields.h"
#include "config/model.h"

namespace penstock::control {

// Of what a rule's answers depend on, as one number: the same in whatever order rules and pools stand.
uint64_t identity_of(const config::Model& model, const config::Rule& rule);
// Of the names that are private, their rules, and the holes that other zones make in them.
uint64_t private_identity_of(const config::Model& model, const std::vector<config::ImageRule>& rules);

// Fields of the image by whether the identity of a rule depends on them.
struct Unneeded {
  std::string_view field;
  std::string_view why;
};
template <typename Record>
struct AnswersBy;

template <>
struct AnswersBy<config::ImagePool> {
  static constexpr std::string_view kNeeded[] = {"endpoint_count", "kind"};
  static constexpr Unneeded kUnneeded[] = {
      {"first_endpoint", "where the endpoints stand, not which they are"},
      {"is_private", "the rule's own is needed"},
      {"policy", "who of the pool is asked"},
      {"retry_on", "who of the pool is asked"},
      {"pipelining", "how it is asked"},
      {"cache", "whether an answer is remembered, and in which form it is given"},
      {"max_ttl", "a remembered answer keeps its time"},
      {"min_ttl", "a remembered answer keeps its time"},
      {"max_negative_ttl", "a remembered answer keeps its time"},
      {"max_stale", "looked at whenever an expired answer is given"},
      {"cache_quota", "how many are remembered"},
      {"udp_size", "looked at whenever an answer is given"},
      {"edns", "what it sends on is for one client (path/flight/edns.h), and TC is never remembered"},
      {"pass_option_count", "what goes on is for one client"},
      {"pass_options", "what goes on is for one client"},
      {"reserved", "always 0"},
  };
};

template <>
struct AnswersBy<config::ImageRule> {
  static constexpr std::string_view kNeeded[] = {"pool",         "action", "is_private", "on_leak",
                                                 "prefix_count", "cname",  "view"};
  static constexpr Unneeded kUnneeded[] = {
      {"cache", "whether an answer is remembered"},
      {"first_prefix", "where the networks stand, not which they are"},
      {"otherwise", "of clients that get no answer of the rule"},
      {"next_rule", "of clients that get no answer of the rule"},
      {"transfers", "a transfer is never remembered"},
      {"identity", "this is it"},
  };
};

// Whether each field of the record is in one of its two lists.
template <typename Record>
constexpr bool all_are_decided() {
  using By = AnswersBy<Record>;
  const auto& fields = config::ImageFields<Record>::kAll;
  for (const config::ImageField& field : fields) {
    const std::string_view name = field.name;
    const auto needed = std::count(std::begin(By::kNeeded), std::end(By::kNeeded), name);
    const auto unneeded = std::count_if(std::begin(By::kUnneeded), std::end(By::kUnneeded),
                                        [&](const Unneeded& one) { return one.field == name; });
    if (needed + unneeded != 1) return false;
  }
  return std::size(By::kNeeded) + std::size(By::kUnneeded) == fields.size();
}
static_assert(all_are_decided<config::ImagePool>(), "do answers depend on the field that was added?");
static_assert(all_are_decided<config::ImageRule>(), "do answers depend on the field that was added?");

}  // namespace penstock::control
