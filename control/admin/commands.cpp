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

void Commands::run(const std::string& line, Reply reply, HandOver hand_over) {
  const json request = json::parse(line, nullptr, false);
  if (!request.is_object()) return reply(failure("a request is one JSON object on one line"));
  const std::string command = text_in(request, "command");
  if (command == "status") return reply(status_report(operations_.view()));
  if (command == "endpoints") return reply(endpoints_report(operations_.view()));
  if (command == "cache") return reply(cache_report(operations_.view()));
  if (command == "health") return reply(health_report(operations_.view(), text_in(request, "pool")));
  if (command == "queries") return reply(queries_answer(operations_.view(), request));
  if (command == "top") return reply(top_answer(operations_.view(), request));
  if (command == "flush") return flush(request, std::move(reply));
  if (command == "cached") return cached(request, reply);
  if (command == "capture") return capture(request, reply, std::move(hand_over));
  if (command == "explain") return explain(request, std::move(reply));
  if (command == "drain" || command == "undrain") return drain(request, command == "drain", reply);
  if (command == "reload") {
    const auto accept = request.find("accept_removals");
    const bool accepted = accept != request.end() && accept->is_boolean() && accept->get<bool>();
    return operations_.reload(accepted, [reply](const ReloadResult& result) {
      json answer{{"ok", result.ok}, {"generation", result.generation}, {"details", result.details}};
      answer[result.ok ? "text" : "error"] = result.text;
      reply(answer);
    });
  }
  reply(failure(
      "unknown command '" + command +
      "': use status, endpoints, explain, cache, cached, health, queries, top, flush, capture, reload, drain or undrain"));
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
  json answer = endpoints_report(operations_.view());
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
