#include "control/import/readers/bind/acl.h"

#include "control/import/form/words.h"

namespace penstock::imports {

void BindAcls::add(const BindStatement& acl) {
  if (acl.block() != nullptr) lists_[acl.word(1)] = read(*acl.block());
}

ClientList BindAcls::read(const std::vector<BindStatement>& block) const {
  ClientList list;
  for (const BindStatement& statement : block) list.push_back(read_element(statement));
  return list;
}

ClientElement BindAcls::read_element(const BindStatement& statement) const {
  ClientElement element;
  size_t at = 0;
  std::string word = statement.word(0);
  if (word.starts_with('!')) {
    element.is_negated = true;
    word.erase(0, 1);
    if (word.empty()) word = statement.word(++at);
  }
  if (at < statement.elements.size() && statement.elements[at].is_block) {
    element.nested = read(statement.elements[at].block);
  } else if (word == "any") {
    element.prefixes = {all_clients(4), all_clients(6)};
  } else if (word == "localhost") {
    element.prefixes = {*config::parse_prefix("127.0.0.0/8"), *config::parse_prefix("::1/128")};
  } else if (word == "localnets") {
    source_.decide(statement.where,
                   "localnets, the networks of that host, are left out: write them down under 'clients:'");
  } else if (word == "key" || word == "geoip" || word == "ecs") {
    source_.decide(statement.where, "a list of clients goes by " + word + ", and Penstock by addresses only: left out");
  } else if (const auto found = lists_.find(word); found != lists_.end()) {
    element.nested = found->second;
  } else if (const auto prefix = parse_network(word)) {
    element.prefixes = {*prefix};
  } else if (word != "none") {
    source_.decide(statement.where, "'" + word + "' is no network and no acl before this line: left out");
  }
  return element;
}

}  // namespace penstock::imports
