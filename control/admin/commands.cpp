#include "control/admin/commands.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/contract/name.h"
#include "control/admin/cache_report.h"
#include "control/admin/explain/incident.h"
#include "control/admin/query_commands.h"
#include "control/admin/reports.h"
#include "control/capture/capture_request.h"
#include "control/changes/changes_report.h"
#include "control/history/history_report.h"

namespace penstock::control {
namespace {

using nlohmann::json;

json failure(const std::string& why) {
  return {{"ok", false}, {"error", why}};
}

// The member as a string; empty when there is none or it is something else.
std::string text_in(const json& request, const char* key) {
  const auto member = request.find(key);
  return member != request.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

// Every command with its kind: one that is added says whether it changes something, and who may ask follows from that.
struct Commands::Entry {
  std::string_view name;
  Kind kind;
  void (*run)(Commands&, const json& request, const Asked&);
};

// clang-format off: a line each.
const Commands::Entry Commands::kTable[] = {
    {"status", Kind::look, [](Commands& c, const json&, const Asked& a) { a.reply(status_report(c.view())); }},
    {"endpoints", Kind::look, [](Commands& c, const json&, const Asked& a) { a.reply(endpoints_report(c.view())); }},
    {"explain", Kind::look, [](Commands& c, const json& r, const Asked& a) { c.explain(r, a.reply); }},
    {"cache", Kind::look, [](Commands& c, const json&, const Asked& a) { a.reply(cache_report(c.view())); }},
    {"health", Kind::look,
     [](Commands& c, const json& r, const Asked& a) { a.reply(health_report(c.view(), text_in(r, "pool"))); }},
    {"queries", Kind::look, [](Commands& c, const json& r, const Asked& a) { a.reply(queries_answer(c.view(), r)); }},
    {"top", Kind::look, [](Commands& c, const json& r, const Asked& a) { a.reply(top_answer(c.view(), r)); }},
    {"cached", Kind::look, [](Commands& c, const json& r, const Asked& a) { c.cached(r, a.reply); }},
    {"capture", Kind::change, [](Commands& c, const json& r, const Asked& a) { c.capture(r, a.reply, a.hand_over); }},
    {"flush", Kind::change, [](Commands& c, const json& r, const Asked& a) { c.flush(r, a.reply); }},
    {"drain", Kind::change, [](Commands& c, const json& r, const Asked& a) { c.drain(r, true, a.reply); }},
    {"undrain", Kind::change, [](Commands& c, const json& r, const Asked& a) { c.drain(r, false, a.reply); }},
    {"reload", Kind::change, [](Commands& c, const json& r, const Asked& a) { c.reload(r, a); }},
    {"preview", Kind::look, [](Commands& c, const json& r, const Asked& a) { c.preview(r, a.reply); }},
    {"source", Kind::look, [](Commands& c, const json& r, const Asked& a) { c.source(r, a.reply); }},
    {"history", Kind::look,
     [](Commands& c, const json&, const Asked& a) { a.reply(history_report(c.operations_.history())); }},
    {"rollback", Kind::change, [](Commands& c, const json& r, const Asked& a) { c.rollback(r, a); }},
};
// clang-format on

void Commands::run(const std::string& line, const Peer& peer, Rights rights, Reply reply, HandOver hand_over) {
  const json request = json::parse(line, nullptr, false);
  if (!request.is_object()) return reply(failure("a request is one JSON object on one line"));
  const std::string command = text_in(request, "command");
  std::string known;
  for (const Entry& entry : kTable) {
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
    if (entry.name != command) continue;
    AuditEvent event = audit_of(request, peer);
    if (!rights.has(entry.kind)) {
      event.result = AuditEvent::Result::denied;
      write_audit(event);
      return reply(failure(denial(peer, command, entry.kind, view().model->control)));
    }
    if (entry.kind == Kind::look) return entry.run(*this, request, {peer, std::move(reply), std::move(hand_over)});
    return entry.run(*this, request, {peer, audited(event, std::move(reply)), audited(event, std::move(hand_over))});
  }
  reply(failure("unknown command '" + command + "': known are " + known));
}

StatusView Commands::view() {
  return operations_.view();
}

// "reload accept_removals", "drain 10.16.1.10": the command, what it was given, and switches that are on.
AuditEvent Commands::audit_of(const json& request, const Peer& peer) {
  AuditEvent event{peer.user, peer.uid, peer.pid, text_in(request, "command")};
  for (const auto& [key, value] : request.items()) {
    if (key == "command") continue;
    if (value.is_string() && value != "") event.command += " " + value.get<std::string>();
    if (value.is_number()) event.command += " " + value.dump();
    if (value == true) event.command += " " + key;
  }
  event.generation_before = event.generation_after = view().generation;
  return event;
}

Commands::Reply Commands::audited(AuditEvent event, Reply reply) {
  return [this, event = std::move(event), reply = std::move(reply)](const json& answer) mutable {
    event.generation_after = view().generation;
    if (!answer.value("ok", false)) {
      event.result = AuditEvent::Result::failed;
      event.why = text_in(answer, "error");
    }
    write_audit(event);
    reply(answer);
  };
}

Commands::HandOver Commands::audited(AuditEvent event, HandOver hand_over) {
  if (!hand_over) return {};
  return [event = std::move(event), hand_over = std::move(hand_over)](const json& answer,
                                                                      const config::SharedDescriptor& descriptor) {
    write_audit(event);
    hand_over(answer, descriptor);
  };
}

namespace {

bool is_on(const json& request, const char* key) {
  const auto member = request.find(key);
  return member != request.end() && member->is_boolean() && member->get<bool>();
}

uint64_t generation_in(const json& request) {
  const auto member = request.find("generation");
  return member != request.end() && member->is_number_unsigned() ? member->get<uint64_t>() : 0;
}

json report(const ReloadResult& result) {
  json answer{{"ok", result.ok},
              {"generation", result.generation},
              {"details", result.details},
              {"restart_needed", result.restarts}};
  answer[result.ok ? "text" : "error"] = result.text;
  return answer;
}

}  // namespace

void Commands::reload(const json& request, const Asked& asked) {
  operations_.reload(
      {{Origin::How::command, asked.peer.who()}, is_on(request, "accept_removals"), is_on(request, "undo_rollback")},
      [reply = asked.reply](const ReloadResult& result) { reply(report(result)); });
}

void Commands::rollback(const json& request, const Asked& asked) {
  operations_.roll_back(generation_in(request),
                        {{Origin::How::rollback, asked.peer.who()}, is_on(request, "accept_removals"), false},
                        [reply = asked.reply](const ReloadResult& result) { reply(report(result)); });
}

void Commands::preview(const json& request, Reply reply) {
  // One at a time: whoever may only look must not keep a reload waiting behind many.
  if (is_previewing_) return reply(failure("another dry run is in progress: try again"));
  is_previewing_ = true;
  operations_.look_at_file(is_on(request, "accept_removals"), is_on(request, "undo_rollback"),
                           [this, reply = std::move(reply)](const Preview& found) {
                             is_previewing_ = false;
                             reply(preview_report(found));
                           });
}

void Commands::source(const json& request, Reply reply) {
  operations_.source_of(generation_in(request),
                        [reply = std::move(reply)](const tl::expected<RuleSource, std::string>& found) {
                          reply(found ? source_report(*found) : failure(found.error()));
                        });
}

namespace {

std::string no_type(const std::string& type) {
  return "'" + type + "' is not a record type: give A, AAAA, HTTPS, TYPE65 ...";
}

// As people and programs write it: IPv4 in IPv6's form is IPv4.
std::optional<config::IpAddress> address_of(const std::string& text) {
  const auto address = config::parse_address(text);
  if (!address) return std::nullopt;
  const auto v4 = config::mapped_v4({*address, 128});
  return v4 ? v4->address : address;
}

}  // namespace

void Commands::drain(const json& request, bool drained, const Reply& reply) {
  const std::string text = text_in(request, "address");
  const auto address = address_of(text);
  if (!address) return reply(failure("'" + text + "' is not an IPv4 or IPv6 address"));
  if (operations_.drain(*address, drained) == 0)
    return reply(failure("no pool has the endpoint " + text + "; see penstockctl endpoints"));
  json answer = endpoints_report(view());
  // A pool without a usable endpoint is still served, by what is left of it: worth knowing.
  json warnings = json::array();
  for (const json& endpoint : answer["endpoints"]) {
    if (endpoint["address"] != config::to_string(*address) || !drained) continue;
    bool other = false;
    for (const json& sibling : answer["endpoints"])
      other |= sibling["pool"] == endpoint["pool"] && sibling["role"] == "in turn";
    if (!other) warnings.push_back("pool " + endpoint["pool"].get<std::string>() + " has no other endpoint up");
  }
  answer["warnings"] = warnings;
  reply(answer);
}

void Commands::flush(const json& request, Reply reply) {
  const std::string scope = text_in(request, "scope");
  if (scope != "name" && scope != "zone" && scope != "all")
    return reply(failure("nothing to flush: give NAME for one name, --zone NAME for it and all names below, or --all"));
  json answer{{"ok", true}, {"scope", scope}};
  config::WireName name;
  config::FlushScope of = config::FlushScope::all;
  if (scope != "all") {
    const std::string text = text_in(request, "name");
    const auto parsed = config::parse_name(text);
    if (!parsed) return reply(failure("'" + text + "' is not a domain name: " + parsed.error()));
    name = *parsed;
    of = scope == "name" ? config::FlushScope::name : config::FlushScope::zone;
    answer["name"] = config::to_text(name);
  }
  operations_.flush(
      of, name, [answer, reply = std::move(reply)](const tl::expected<config::Flushed, std::string>& flushed) mutable {
        if (!flushed) return reply(failure(flushed.error()));
        answer["entries"] = flushed->entries;
        reply(answer);
      });
}

void Commands::cached(const json& request, const Reply& reply) {
  config::Browse browse;
  const std::string scope = text_in(request, "scope");
  browse.scope = scope == "name"   ? config::FlushScope::name
                 : scope == "zone" ? config::FlushScope::zone
                                   : config::FlushScope::all;
  if (browse.scope != config::FlushScope::all) {
    const std::string text = text_in(request, "name");
    const auto name = config::parse_name(text);
    if (!name) return reply(failure("'" + text + "' is not a domain name: " + name.error()));
    browse.name_length = static_cast<uint8_t>(name->size());
    std::copy(name->begin(), name->end(), browse.name.begin());
  }
  if (const std::string type = text_in(request, "type"); !type.empty()) {
    browse.record_type = static_cast<uint16_t>(ldns_get_rr_type_by_name(type.c_str()));
    if (browse.record_type == 0) return reply(failure(no_type(type)));
  }
  if (const auto page = request.find("page"); page != request.end() && page->is_number_unsigned())
    browse.page = page->get<uint32_t>();
  list_cached(operations_, browse, reply);
}

void Commands::capture(const json& request, const Reply& reply, HandOver hand_over) {
  const StatusView view = operations_.view();
  const auto wanted = read_capture_request(request, *view.model);
  if (!wanted) return reply(failure(wanted.error()));
  if (!hand_over) return reply(failure("a capture needs a socket that its stream can be handed over by"));
  const json answer{
      {"ok", true}, {"words", wanted->words.data()}, {"seconds", wanted->seconds}, {"bytes", wanted->bytes}};
  operations_.capture(*wanted, [answer, reply, hand_over = std::move(hand_over)](
                                   const tl::expected<config::SharedDescriptor, std::string>& stream) {
    if (!stream) return reply(failure(stream.error()));
    hand_over(answer, *stream);
  });
}

void Commands::explain(const json& request, Reply reply) {
  const std::string text = text_in(request, "name");
  const auto name = config::parse_name(text);
  if (!name) return reply(failure("'" + text + "' is not a domain name: " + name.error()));
  const std::string type = text_in(request, "type");
  if (!type.empty() && ldns_get_rr_type_by_name(type.c_str()) == 0) return reply(failure(no_type(type)));
  const std::string from = text_in(request, "client");
  const auto client = from.empty() ? config::IpAddress{} : address_of(from);
  if (!client) return reply(failure("'" + from + "' is not the IP address of a client"));
  const auto send = request.find("send");
  const bool sends = send != request.end() && send->is_boolean() && send->get<bool>();
  operations_.lookup(
      *name, *client,
      [this, name = *name, type, client = *client, sends,
       reply = std::move(reply)](const tl::expected<config::Found, std::string>& found) {
        if (!found) return reply(failure(found.error()));
        const StatusView view = operations_.view();
        if (found->generation == 0)
          return reply(failure("the dataplane has no rules yet and answers nothing; see penstockctl status"));
        if (found->generation != view.generation)
          return reply(failure("the dataplane uses generation " + std::to_string(found->generation) +
                               ", but penstock-control has generation " + std::to_string(view.generation) +
                               ": try again, or see penstockctl status"));
        const std::string asked = type.empty() ? "A" : type;
        json report = explain_report(view, name, asked, client, *found);
        const bool may_ask = !report.contains("client") || report["client"]["may_ask"].get<bool>();
        if (!may_ask || !report.contains("pool")) return reply(report);
        add_incident(operations_, {name, static_cast<uint16_t>(ldns_get_rr_type_by_name(asked.c_str())), client, sends},
                     std::move(report), reply);
      });
}

}  // namespace penstock::control
