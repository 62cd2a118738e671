#include "dataplane/path/query/update.h"

#include "dataplane/dns/records.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/flight/start.h"
#include "dataplane/path/limits/admit.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

constexpr uint16_t kTypeTkey = 249;

// By the rule of the client, or of one entry for the name, whoever it is for.
bool is_private(const tables::Ruleset& rules, const dns::FoldedName& name, uint16_t group) {
  if (const config::RuleIndex own = rules.match(name, group).rule;
      own != config::kNoRule && rules.rule(own).is_private != 0)
    return true;
  tables::Probe probe;
  rules.zones().prepare(name, probe);
  for (config::RuleIndex number = rules.zones().match(name, probe).rule; number != config::kNoRule;
       number = rules.rule(number).next_rule)
    if (rules.rule(number).is_private != 0) return true;
  return false;
}

// The zone, or a name that is required or changed. What cannot be read is nobody's name.
bool names_private(const tables::Ruleset& rules, const QueryWork& work) {
  if (is_private(rules, work.query.name, work.group)) return true;
  const std::span<const uint8_t> message(work.packet.dns, work.query.end);
  dns::Records records(message, dns::kHeaderSize + work.query.traits.question_length);
  dns::FoldedName name;
  for (dns::Record record; records.next(record);) {
    if (record.section == dns::RecordSection::additional) break;
    if (!dns::read_name(message, record.owner, name) || is_private(rules, name, work.group)) return true;
  }
  return false;
}

QueryOutcome pass(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool) {
  const Packet& packet = work.packet;
  limit_size(work.query.traits, pool.udp_size);
  if (!admit(lcore, pool, sharer_of(work), work.weight))
    return end(lcore, work, Rcode::servfail, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  const Choice choice = choose_for_client(lcore, pool, packet.source, packet.family);
  if (choice.obstacle != Obstacle::none) return end(lcore, work, choice.obstacle);
  const Started started = start(lcore, work, key, pool, [&](const Flight& flight) {
    return send(flight, {pool, choice.endpoint}, outgoing_of(packet));
  });
  return end(lcore, work, started);
}

}  // namespace

QueryOutcome pass_query(state::Lcore& lcore, QueryWork& work, config::RuleIndex rule) {
  const tables::Ruleset& rules = *lcore.rules;
  const state::QuestionKey key =
      state::question_key(work.query, work.packet.dns, rules.header().generation, rule, rules.class_of(work.group));
  const bool prepares_update = key.type == kTypeTkey && rules.header().update_pool != config::kNoPool;
  const bool goes_there = prepares_update && !is_private(rules, work.query.name, work.group);
  return pass(lcore, work, key, rules.pool(goes_there ? rules.header().update_pool : rules.rule(rule).pool));
}

QueryOutcome handle_update(state::Lcore& lcore, QueryWork& work) {
  const tables::Ruleset& rules = *lcore.rules;
  if (names_private(rules, work))
    return end(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_update);
  prepare_join(lcore, work);
  const state::QuestionKey key = state::question_key(work.query, work.packet.dns, rules.header().generation,
                                                     config::kNoRule, rules.class_of(work.group));
  return pass(lcore, work, key, rules.pool(rules.header().update_pool));
}

}  // namespace penstock::path
