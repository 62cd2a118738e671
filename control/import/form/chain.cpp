#include "control/import/form/chain.h"

#include <algorithm>
#include <map>
#include <set>

namespace penstock::imports {
namespace {

bool is_in_any(const WireName& name, const std::vector<WireName>& zones) {
  return std::any_of(zones.begin(), zones.end(), [&](const WireName& zone) { return is_below(name, zone); });
}

struct ByLength {
  bool operator()(const WireName& a, const WireName& b) const {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  }
};

}  // namespace

bool is_below(std::string_view name, std::string_view zone) {
  while (name.size() > zone.size()) name.remove_prefix(static_cast<size_t>(static_cast<uint8_t>(name[0])) + 1);
  return name == zone;
}

std::vector<Zone> zones_of(const std::vector<ChainStep>& chain, const WireName& zone, Where where, Source& source) {
  std::set<WireName, ByLength> cuts{zone};
  for (const ChainStep& step : chain)
    for (const auto* list : {&step.zones, &step.except})
      for (const WireName& name : *list)
        if (is_below(name, zone)) cuts.insert(name);
  const ChainStep nobody{{}, {}, Target{.kind = Kind::refused}, where};
  std::map<WireName, const ChainStep*> decided;
  std::set<const ChainStep*> used;
  std::vector<Zone> result;
  for (const WireName& name : cuts) {
    const auto first = std::find_if(chain.begin(), chain.end(), [&](const ChainStep& step) {
      return is_in_any(name, step.zones) && !is_in_any(name, step.except);
    });
    const ChainStep* const step = first == chain.end() ? &nobody : &*first;
    used.insert(step);
    const ChainStep* around = nullptr;
    for (std::string_view suffix = name; suffix.size() > zone.size() && around == nullptr;) {
      suffix.remove_prefix(static_cast<size_t>(static_cast<uint8_t>(suffix[0])) + 1);
      if (const auto found = decided.find(WireName(suffix)); found != decided.end()) around = found->second;
    }
    decided[name] = step;
    if (step == around) continue;
    if (step == &nobody && name != zone)
      source.note(where, "no line of this block has " + config::to_text(name) + ": it is refused");
    result.push_back({name, Scope::zone, step->target, step->where});
  }
  for (const ChainStep& step : chain)
    if (!used.contains(&step))
      source.decide(step.where, "this line has no name that an earlier one of its block does not have: left out");
  return result;
}

}  // namespace penstock::imports
