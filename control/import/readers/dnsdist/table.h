// control/import/readers/dnsdist/table.h - rules in an order, the first that is true decides: as zones of which the longest decides.
#pragma once

#include <map>
#include <unordered_map>

#include "control/import/readers/dnsdist/predicate.h"

namespace penstock::imports {

struct DnsdistStep {
  enum class Deed : uint8_t {
    answer,       // `target`
    pool,         // the pool, and no rule after this one
    choose_pool,  // the pool, unless a later rule has another
    allow,        // the pool chosen so far, and no rule after this one
  };
  Deed deed = Deed::answer;
  Target target = {};
  std::string pool = {};
  Predicate rule;
  Where where = {};
};

class DnsdistTable {
 public:
  // `lists`: those that the rules have numbered. `target_of`: of a pool by its name.
  DnsdistTable(std::vector<DnsdistStep> steps, std::vector<NetworkList> lists,
               std::function<Target(const std::string&)> target_of, Source& source);
  // Adds zones, groups and denied clients to the source, and its default where a rule has all names. False: no rule has.
  bool write();

 private:
  struct Cell {
    uint32_t target = 0;  // index into targets_
    int64_t step = -1;    // -1: none decided
    bool operator==(const Cell& other) const { return target == other.target; }
  };
  struct Cut {
    WireName name;
    Scope scope = Scope::zone;
    std::vector<Cell> cells = {};  // by class
  };

  void find_classes();
  void find_cuts();
  void index_steps();
  std::vector<uint32_t> steps_for(std::string_view name) const;
  Cell decide(const Cut& cut, const std::vector<uint32_t>& steps, size_t number);
  uint32_t number_of(const Target& target);
  const Cut& around(const Cut& cut) const;
  void add_cut(const Cut& cut);
  void add_zone(const Cut& cut, size_t number, std::vector<std::string> clients);
  void write_default();
  void tell();
  bool is_hidden(const DnsdistStep& step, size_t number, const Cut& cut, int64_t& by) const;

  std::vector<DnsdistStep> steps_;
  std::vector<NetworkList> lists_;
  std::function<Target(const std::string&)> target_of_;
  Source& source_;
  Where default_where_;               // of the default pool
  std::vector<ClientClass> classes_;  // the first: clients of no list
  std::vector<std::string> groups_;   // by class; the first has none
  std::vector<std::vector<IpPrefix>> prefixes_;
  std::vector<Cut> cuts_;  // the first: the root
  std::map<std::pair<WireName, Scope>, size_t> cut_of_;
  std::unordered_map<std::string, std::vector<uint32_t>, NameHash, std::equal_to<>> bound_;  // steps by name
  std::vector<uint32_t> unbound_;
  std::vector<Target> targets_;
  std::map<std::string, uint32_t> target_numbers_;
  std::vector<bool> decides_;  // by step: somewhere
};

}  // namespace penstock::imports
