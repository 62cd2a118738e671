#include "control/rules/identity.h"

#include <xxhash.h>

#include <string>
#include <tuple>
#include <unordered_set>

namespace penstock::control {
namespace {

using config::Model;

// Settings that change neither an answer nor whom it is for.
template <typename... Settings>
void do_not_matter(const Settings&...) {}

void add(std::string& text, const config::IpAddress& address, uint8_t length) {
  text.append(address.bytes.begin(), address.bytes.end())
      .append({static_cast<char>(address.family), static_cast<char>(length)});
}

// Who is asked. All settings are named: one that is added does not compile.
void add_pool(std::string& text, const config::Pool& of) {
  const auto& [name, kind, is_private, endpoints, policy, tracked, retry_servfail, retry_refused, cache, resolve_tc,
               pipelining, udp_size, pass_options, ecs, randomise_case, health, source, where] = of;
  do_not_matter(is_private, policy, tracked, retry_servfail, retry_refused, cache, resolve_tc, pipelining, udp_size,
                randomise_case, health, source, where);
  // What they let pass is for one client, and never remembered.
  do_not_matter(pass_options, ecs);
  text += name + '\0' + static_cast<char>(kind);
  std::vector<config::IpAddress> addresses;
  for (const auto& [address, budget, weight, line] : endpoints) {
    do_not_matter(budget, weight, line);
    addresses.push_back(address);
  }
  std::sort(addresses.begin(), addresses.end(),
            [](const auto& a, const auto& b) { return std::tie(a.family, a.bytes) < std::tie(b.family, b.bytes); });
  for (const auto& address : addresses) add(text, address, 0);
}

}  // namespace

uint64_t identity_of(const Model& model, const config::Rule& rule) {
  const auto& [action, pool, is_private, cache, expect, origin, where, on_leak, cname, records, addresses, ttl,
               is_built_in, clients, otherwise, next, transfers, assumes_ipv6] = rule;
  do_not_matter(cache, origin, where, is_built_in, otherwise, next, transfers);
  std::string text(1, static_cast<char>(action));
  if (action == config::Action::forward) add_pool(text, model.pools[pool]);
  for (const auto& record : records) text += record.text + '\0';
  for (const auto& address : addresses) add(text, address, 0);
  text.append(reinterpret_cast<const char*>(&ttl), sizeof ttl);
  text += {'\0', static_cast<char>(is_private), static_cast<char>(on_leak), static_cast<char>(cname)};
  for (const auto& prefix : expect) add(text, prefix.address, prefix.length);
  text += static_cast<char>(assumes_ipv6);
  // Whom it is for, so that no answer is ever given to clients of another view.
  std::vector<std::string_view> groups;
  for (const uint32_t group : clients) groups.push_back(model.clients.groups[group].name);
  std::sort(groups.begin(), groups.end());
  for (const std::string_view group : groups) text.append(1, '\1').append(group).append(1, '\0');
  return XXH3_64bits(text.data(), text.size());
}

uint64_t private_identity_of(const Model& model, const std::vector<config::ImageRule>& rules) {
  uint64_t sum = 0;  // in whatever order they stand
  const auto add_name = [&](std::string text, uint32_t rule) {
    text.append(reinterpret_cast<const char*>(&rules[rule].identity), sizeof rules[rule].identity);
    sum += XXH3_64bits(text.data(), text.size());
  };
  std::unordered_set<std::string_view> private_names;
  const bool all = model.default_rule && rules[*model.default_rule].is_private != 0;
  if (all) add_name("default", *model.default_rule);
  for (const auto& entry : model.zones.entries)
    if (rules[entry.rule].is_private != 0) private_names.insert(model.zones.name(entry));
  const auto concerns_private = [&](std::string_view name) {
    for (; !name.empty(); name.remove_prefix(static_cast<uint8_t>(name[0]) + size_t{1}))
      if (private_names.contains(name)) return true;
    return all;
  };
  for (const auto& entry : model.zones.entries)
    if (concerns_private(model.zones.name(entry)))
      add_name(std::string(model.zones.name(entry)) + static_cast<char>(entry.scope), entry.rule);
  return sum;
}

}  // namespace penstock::control
