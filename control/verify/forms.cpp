#include "control/verify/forms.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/read/studio.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr const char* kNotOffered =
    "not offered: this VPC has no endpoint for this form of the name, and clients that ask for it are kept from the "
    "public "
    "addresses. If they need it, create the VPC endpoint of this form, with private DNS";

// Whether an endpoint knows the name: it gave addresses, or said NOERROR to the question for a zone's SOA.
bool is_there(const json& zone) {
  return std::any_of(zone["servers"].begin(), zone["servers"].end(), [](const json& server) {
    return server["role"] == "endpoint" && server["ok"].get<bool>() &&
           (server["type"] == "SOA" || !server["addresses"].empty());
  });
}

bool is_implied(const json& zone) {
  return zone["rule"].get<std::string>().starts_with("studio[");
}

bool is_further(const json& zone) {
  return config::is_further_form(zone["zone"].get<std::string>());
}

bool is_absent(const json& zone) {
  return std::all_of(zone["servers"].begin(), zone["servers"].end(), [](const json& server) {
    return server["ok"].get<bool>() || server["role"] != "endpoint" || server["absent"].get<bool>();
  });
}

void forgive(json& zone) {
  zone["not_offered"] = true;
  for (json& server : zone["servers"]) {
    if (server["role"] != "endpoint" || server["ok"].get<bool>()) continue;
    server["ok"] = true;
    server["verdict"] = "not offered";
    server["meaning"] = kNotOffered;
    if (server["answer"] == "NXDOMAIN") server["answer"] = "NXDOMAIN: this form of the name does not exist here";
  }
  zone["ok"] = std::all_of(zone["servers"].begin(), zone["servers"].end(),
                           [](const json& server) { return server["ok"].get<bool>(); });
}

}  // namespace

void tell_forms_not_offered(json& zones) {
  for (json& zone : zones) {
    if (zone["ok"].get<bool>() || !is_implied(zone) || !is_further(zone) || !is_absent(zone)) continue;
    const bool has_own_name = std::any_of(zones.begin(), zones.end(), [&](const json& other) {
      return other["rule"] == zone["rule"] && !is_further(other) && other["ok"].get<bool>() && is_there(other);
    });
    if (has_own_name) forgive(zone);
  }
}

}  // namespace penstock::control
