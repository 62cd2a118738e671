#include "control/import/readers/dnsdist/predicate.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

std::string_view parent_of(std::string_view name) {
  name.remove_prefix(static_cast<size_t>(static_cast<uint8_t>(name[0])) + 1);
  return name;
}

}  // namespace

bool NetworkList::has(const IpPrefix& client) const {
  int longest = -1;
  bool is_in = false;
  for (const auto& [network, is_included] : networks) {
    if (network.address.family != client.address.family || network.length > client.length ||
        !network.contains(client.address) || network.length <= longest)
      continue;
    longest = network.length;
    is_in = is_included;
  }
  return is_in;
}

Predicate::Predicate(const DnsdistRule& rule, std::vector<NetworkList>& lists, Source& source, Where where) {
  if (rule.kind == "all") {
    kind_ = Kind::all;
  } else if (rule.kind == "suffix" || rule.kind == "name") {
    kind_ = rule.kind == "suffix" ? Kind::suffix : Kind::name;
    for (const std::string& text : rule.texts) {
      const auto name = config::parse_name(text);
      if (!name || (name->size() == 1 && kind_ == Kind::name))
        source.decide(where, "'" + text + "' has no rule of its own here: left out");
      else if (names_.insert(*name).second)
        order_.push_back(*name);
    }
  } else if (rule.kind == "net") {
    kind_ = Kind::net;
    list_ = lists.size();
    lists.emplace_back();
    for (const std::string& text : rule.texts) {
      const bool is_excluded = text.starts_with('!');
      if (const auto network = parse_network(std::string_view(text).substr(is_excluded ? 1 : 0)))
        lists.back().networks.emplace_back(*network, !is_excluded);
      else
        source.decide(where, "'" + text + "' is no network: left out");
    }
  } else if (rule.kind == "and" || rule.kind == "or" || rule.kind == "not") {
    kind_ = rule.kind == "and" ? Kind::all_of : rule.kind == "or" ? Kind::any_of : Kind::inverse;
    for (const DnsdistRule& inner : rule.inner) inner_.emplace_back(inner, lists, source, where);
  } else {
    text_ = rule.texts.empty() ? "another rule" : rule.texts[0];
  }
}

bool Predicate::has_name(std::string_view name, Scope scope) const {
  if (kind_ == Kind::name) return scope == Scope::name && names_.contains(name);
  for (; !name.empty(); name = parent_of(name))
    if (names_.contains(name)) return true;
  return false;
}

Truth Predicate::at(std::string_view name, Scope scope, const ClientClass& clients) const {
  switch (kind_) {
    case Kind::all:
      return Truth::yes;
    case Kind::suffix:
    case Kind::name:
      return has_name(name, scope) ? Truth::yes : Truth::no;
    case Kind::net:
      return clients[list_] ? Truth::yes : Truth::no;
    case Kind::all_of: {
      Truth least = Truth::yes;
      for (const Predicate& one : inner_) least = std::min(least, one.at(name, scope, clients));
      return least;
    }
    case Kind::any_of: {
      Truth most = Truth::no;
      for (const Predicate& one : inner_) most = std::max(most, one.at(name, scope, clients));
      return most;
    }
    case Kind::inverse: {
      const Truth inner = inner_.empty() ? Truth::maybe : inner_.front().at(name, scope, clients);
      return inner == Truth::yes ? Truth::no : inner == Truth::no ? Truth::yes : Truth::maybe;
    }
    case Kind::unknown:
      break;
  }
  return Truth::maybe;
}

void Predicate::names(std::vector<std::pair<WireName, Scope>>& into, bool all) const {
  for (const WireName& name : order_) into.emplace_back(name, kind_ == Kind::name ? Scope::name : Scope::zone);
  if (kind_ == Kind::inverse && !all) return;
  for (const Predicate& one : inner_) one.names(into, all);
}

bool Predicate::is_bound_to_names() const {
  const auto is_bound = [](const Predicate& one) { return one.is_bound_to_names(); };
  if (kind_ == Kind::all_of) return std::any_of(inner_.begin(), inner_.end(), is_bound);
  if (kind_ == Kind::any_of) return std::all_of(inner_.begin(), inner_.end(), is_bound);
  return (kind_ == Kind::suffix || kind_ == Kind::name) && !names_.contains(std::string_view("\0", 1));
}

bool Predicate::can_be_yes() const {
  const auto can = [](const Predicate& one) { return one.can_be_yes(); };
  if (kind_ == Kind::all_of) return std::all_of(inner_.begin(), inner_.end(), can);
  if (kind_ == Kind::any_of) return std::any_of(inner_.begin(), inner_.end(), can);
  return kind_ == Kind::inverse ? unknown().empty() : kind_ != Kind::unknown;
}

std::string Predicate::unknown() const {
  std::string found = text_;
  for (const Predicate& one : inner_)
    if (found.empty()) found = one.unknown();
  return found;
}

}  // namespace penstock::imports
