// control/import/readers/dnsdist/predicate.h - a rule's selector as a question about a name and a client, answered yes, no or maybe.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "control/import/readers/dnsdist/calls.h"

namespace penstock::imports {

enum class Truth : uint8_t { no, maybe, yes };

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using NameSet = std::unordered_set<std::string, NameHash, std::equal_to<>>;

// Lists of networks, each with a number; "!" excludes one.
struct NetworkList {
  std::vector<std::pair<IpPrefix, bool>> networks;  // the longest that has a client says whether it is in
  bool has(const IpPrefix& client) const;
};

// Clients that all lists judge alike: whether each has them.
using ClientClass = std::vector<bool>;

class Predicate {
 public:
  Predicate(const DnsdistRule& rule, std::vector<NetworkList>& lists, Source& source, Where where);

  // Scope::name: the name itself. Scope::zone: names below it of which nothing longer is written.
  Truth at(std::string_view name, Scope scope, const ClientClass& clients) const;
  // Names as written, in order. `all`: also those that it excludes.
  void names(std::vector<std::pair<WireName, Scope>>& into, bool all) const;
  // Whether it can only be true at one of names(into, false) and below.
  bool is_bound_to_names() const;
  bool can_be_yes() const;
  // Of what it cannot decide: "QTypeRule". Empty: it can.
  std::string unknown() const;

 private:
  enum class Kind : uint8_t { all, suffix, name, net, all_of, any_of, inverse, unknown };
  bool has_name(std::string_view name, Scope scope) const;
  Kind kind_ = Kind::unknown;
  std::string text_;
  std::vector<WireName> order_;
  NameSet names_;
  size_t list_ = 0;
  std::vector<Predicate> inner_;
};

}  // namespace penstock::imports
