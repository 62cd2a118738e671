#include "control/import/readers/aws/outbound.h"

#include <algorithm>

#include "config/read/studio.h"

namespace penstock::imports {

void OutboundRules::take(const nlohmann::json& rule, JsonLines& lines) {
  const std::string id = text_of(rule, "Id");
  if (text_of(rule, "RuleType") != "FORWARD" || id.starts_with("rslvr-autodefined-")) return;
  const auto name = config::parse_name(text_of(rule, "DomainName"));
  if (!name) return;
  std::vector<std::string> targets;
  for (const nlohmann::json& target : member(rule, "TargetIps"))
    for (const char* key : {"Ip", "Ipv6"})
      if (const std::string text = text_of(target, key); !text.empty()) targets.push_back(text);
  rules_.push_back({*name, std::move(targets), lines.of(id)});
}

void OutboundRules::check(Source& source) const {
  for (const auto& rule : rules_) {
    const std::string name = config::to_text(rule.name);
    bool is_loop = false;
    for (const Studio& one : source.studio) {
      for (const Server& server : one.endpoints)
        if (std::find(rule.targets.begin(), rule.targets.end(), config::to_string(server.address)) !=
            rule.targets.end())
          source.note(rule.where, "the rule for " + name + " leads to the inbound endpoint in " + one.region);
      const std::string zone = "." + one.region + "." + config::studio_suffixes(one.region).sagemaker;
      is_loop = is_loop || name == "." || ("." + name).ends_with(zone) || zone.ends_with("." + name);
    }
    std::string targets;
    for (const std::string& target : rule.targets) targets += (targets.empty() ? "" : ", ") + target;
    if (is_loop)
      source.decide(rule.where, "this outbound rule sends " + name + " from a VPC to " + targets +
                                    ": if that leads to Penstock, and the VPC is the "
                                    "inbound endpoint's, names of Studio go in a circle. Take the VPC out of the rule");
    else
      source.note(rule.where,
                  "this outbound rule sends " + name + " from a VPC to " + targets + ", and is no zone here");
  }
}

}  // namespace penstock::imports
