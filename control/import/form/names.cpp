#include "control/import/form/names.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {

Zone& Names::zone_of(const WireName& name, Where where) {
  const auto [it, is_new] = entries_.try_emplace(name, source_.zones.size());
  if (is_new) source_.zones.push_back({name, Scope::name, {.kind = Kind::records}, where});
  return source_.zones[it->second];
}

void Names::add(const WireName& name, const std::string& record, Where where) {
  zone_of(name, where).target.records.push_back("@ " + record);
}

void Names::add_address(const WireName& name, const IpAddress& address, Where where) {
  const std::string record = (address.is_v4() ? "@ A " : "@ AAAA ") + config::to_string(address);
  auto& records = zone_of(name, where).target.records;
  if (std::find(records.begin(), records.end(), record) == records.end()) records.push_back(record);
}

void Names::add_host(const WireName& name, const IpAddress& address, Where where) {
  add_address(name, address, where);
  const WireName reverse = reverse_name(address);
  if (pointers_.try_emplace(reverse, true).second) add(reverse, "PTR " + config::to_text(name) + ".", where);
}

bool Names::add_hosts_line(std::string_view line, const std::string& domain, Where where) {
  const auto words = split(line.substr(0, line.find('#')), " \t");
  if (words.empty()) return true;
  const auto address = config::parse_address(words[0]);
  if (!address) return false;
  for (size_t i = 1; i < words.size(); ++i) {
    const bool has_no_dot = words[i].find('.') == std::string_view::npos;
    // The longer form first: it is what the address is called.
    for (const std::string& text :
         {has_no_dot && !domain.empty() ? std::string(words[i]) + "." + domain : std::string(),
          std::string(words[i])}) {
      if (text.empty() || lower(text) == "localhost") continue;
      if (const auto name = config::parse_name(text); name && name->size() > 1)
        add_host(*name, *address, where);
      else
        source_.decide(where, "'" + text + "' is not a domain name: left out");
    }
  }
  return true;
}

void Names::add_hosts_file(std::string_view text, uint32_t file, const std::string& domain) {
  uint32_t number = 0;
  for (const std::string_view line : lines_of(text))
    if (!add_hosts_line(line, domain, {file, ++number}))
      source_.decide({file, number}, "this line does not start with an address: left out");
}

}  // namespace penstock::imports
