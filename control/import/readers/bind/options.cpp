#include "control/import/readers/bind/options.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {

bool is_forward_only(const std::vector<BindStatement>& block) {
  const auto* forward = find_statement(block, "forward");
  return forward != nullptr && forward->word(1) == "only";
}

void BindOptions::read_default(const std::vector<BindStatement>& block, Where where, bool is_view) {
  const auto* forwarders = find_statement(block, "forwarders");
  Target target{.kind = Kind::recursion};
  if (forwarders != nullptr) target.servers = servers_.read(*forwarders);
  if (forwarders != nullptr && forwarders->block() != nullptr && !forwarders->block()->empty())
    target.kind = Kind::servers;
  const auto* recursion = find_statement(block, "recursion");
  if (recursion != nullptr && recursion->word(1) == "no") target = Target{.kind = Kind::refused};
  if (is_view && forwarders == nullptr && recursion == nullptr) return;
  const Where at = forwarders != nullptr ? forwarders->where : where;
  if (is_view && to_text(target) != to_text(source_.other)) {
    if (has_default_of_view_)
      source_.decide(at,
                     "names of no zone go to " + to_text(target) +
                         " in this view only, and Penstock has one default for all clients: the first view's is taken");
    if (has_default_of_view_) return;
  }
  has_default_of_view_ = has_default_of_view_ || is_view;
  source_.other = target;
  source_.other_where = at;
  is_only_ = is_forward_only(block);
  if (target.kind == Kind::servers && !is_only_)
    source_.decide(
        at, "without 'forward only' BIND looks names up itself when its forwarders fail; Penstock says SERVFAIL");
}

void BindOptions::read(const std::vector<BindStatement>& block) {
  read_default(block, block.empty() ? Where{} : block.front().where, false);
  read_clients(block);
  for (const BindStatement& one : block) {
    const std::string word = one.word(0);
    if (word == "listen-on" || word == "listen-on-v6") read_listen(one);
    if (word == "empty-zones-enable" && one.word(1) == "no") own_zones_.no_empty_zones();
    if (word == "disable-empty-zone") own_zones_.disable(one.text(1));
    if (word == "dnssec-validation" && one.word(1) != "no")
      source_.decide(one.where, "Penstock does not validate: clients lose it, unless the endpoints do it");
    if (word == "response-policy")
      source_.decide(one.where, "policy zones are not read: write their names as zones with 'answer:'");
    if (word == "dns64" || word == "sortlist" || word == "rrset-order")
      source_.decide(one.where, "'" + word + "' has no equivalent: answers' addresses stay as they are, in turn");
    if (word == "rate-limit") source_.note(one.where, "limits of answers are 'clients: {response_rate: N}' here");
    if (word == "blackhole")
      source_.decide(one.where,
                     "'blackhole' is left out: write the networks as 'clients: {deny: [...], refused: drop}'");
  }
}

void BindOptions::read_listen(const BindStatement& one) {
  for (size_t i = 1; i + 1 < one.elements.size(); ++i)
    if (one.word(i) == "port" && one.word(i + 1) != "53")
      return source_.decide(one.where, "it listens on port " + one.word(i + 1) + ", and Penstock on 53: left out");
  if (one.block() == nullptr) return;
  for (const BindStatement& item : *one.block()) {
    std::string text = item.word(0);
    for (const char* whole : {"/32", "/128"})
      if (text.ends_with(whole)) text.erase(text.rfind('/'));
    const auto address = config::parse_address(text);
    if (address && !config::is_loopback(*address) && !config::is_unspecified(*address))
      source_.listen.push_back(*address);
    else if (!address && item.word(0) != "any" && item.word(0) != "none")
      source_.decide(item.where, "'" + text + "' is no address to listen on: 'listen:' leaves it out");
  }
}

void BindOptions::read_clients(const std::vector<BindStatement>& block) {
  const BindStatement* list = nullptr;
  for (const char* word : {"allow-recursion", "allow-query-cache", "allow-query"})
    if (list == nullptr) list = find_statement(block, word);
  if (list == nullptr || list->block() == nullptr)
    return source_.note({},
                        "without allow-recursion BIND serves the networks of its own host only, and Penstock all "
                        "private networks: see 'clients: {allow: [...]}'");
  if (list->word(0) != "allow-query") recursion_list_ = list;
  const ClientList clients = acls_.read(*list->block());
  for (const auto& [prefix, verdict] : first_list({clients}))
    (verdict == 0 ? source_.allow : source_.deny).push_back(prefix);
  if (source_.allow.empty())
    source_.decide(list->where,
                   "nobody of this list can be named here: private networks may ask, write 'clients: {allow: [...]}'");
}

// Who may not have names looked up may still ask for BIND's own zones.
void BindOptions::tell_of_lists() const {
  if (recursion_list_ == nullptr) return;
  const bool has_zones = std::any_of(source_.zones.begin(), source_.zones.end(),
                                     [](const Zone& zone) { return zone.target.kind == Kind::records; });
  source_.remarks.push_back({has_zones ? Weight::decide : Weight::note, recursion_list_->where,
                             recursion_list_->word(0) +
                                 " is about recursion only: BIND answers other clients from its own zones, the "
                                 "built-in ones, too, and Penstock refuses them all names"});
}

}  // namespace penstock::imports
