#include "control/capture/capture_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/contract/address.h"

namespace penstock::control {
namespace {

using config::CaptureRequest;
using nlohmann::json;
using Step = tl::expected<void, std::string>;

std::string text_in(const json& request, const char* key) {
  const auto member = request.find(key);
  return member != request.end() && member->is_string() ? member->get<std::string>() : "";
}

Step read_client(const std::string& text, CaptureRequest& into) {
  auto prefix = config::parse_prefix(text);
  if (!prefix) prefix = config::without_host_bits(text);
  if (!prefix) return tl::make_unexpected("'" + text + "' is neither the address nor a network of clients");
  if (const auto v4 = config::mapped_v4(*prefix)) prefix = v4;
  into.client = prefix->address.bytes;
  into.client_family = prefix->address.family;
  into.client_length = prefix->length;
  return {};
}

// An address, or a pool's name for all its endpoints.
Step read_endpoint(const std::string& text, const config::Model& model, CaptureRequest& into) {
  std::vector<config::IpAddress> addresses;
  if (const auto address = config::parse_address(text)) {
    const auto v4 = config::mapped_v4({*address, 128});
    addresses.push_back(v4 ? v4->address : *address);
  } else {
    const auto pool =
        std::find_if(model.pools.begin(), model.pools.end(), [&](const auto& one) { return one.name == text; });
    if (pool == model.pools.end())
      return tl::make_unexpected("'" + text + "' is neither an IP address nor a pool; see penstockctl endpoints");
    for (const config::Endpoint& endpoint : pool->endpoints) addresses.push_back(endpoint.address);
    if (addresses.size() > config::kMaxCaptureEndpoints)
      return tl::make_unexpected("pool " + text + " has more than " + std::to_string(config::kMaxCaptureEndpoints) +
                                 " endpoints: give the address of one");
  }
  for (const config::IpAddress& address : addresses)
    into.endpoint[into.endpoint_count++] = {.address = address.bytes, .family = address.family};
  return {};
}

Step read_name(const std::string& text, CaptureRequest& into) {
  const auto name = config::parse_name(text);
  if (!name) return tl::make_unexpected("'" + text + "' is not a domain name: " + name.error());
  into.name_length = static_cast<uint8_t>(name->size());
  name->copy(into.name.data(), into.name.size());
  return {};
}

Step read_sides(const std::string& side, CaptureRequest& into) {
  const bool of_client = into.client_family != 0;
  const bool of_endpoint = into.endpoint_count != 0;
  if (side == "clients" && of_endpoint)
    return tl::make_unexpected("--side clients leaves out what --endpoint asks for");
  if (side == "endpoints" && of_client)
    return tl::make_unexpected("--side endpoints leaves out what --client asks for");
  if (!side.empty() && side != "clients" && side != "endpoints")
    return tl::make_unexpected("'" + side + "' is no side: give clients or endpoints");
  into.clients = side == "clients" || (side.empty() && (of_client || !of_endpoint)) ? 1 : 0;
  into.endpoints = side == "endpoints" || (side.empty() && (of_endpoint || !of_client)) ? 1 : 0;
  return {};
}

struct Bound {
  const char* key;
  const char* option;
  uint64_t least;
  uint64_t most;
};

// The number, the default where it is absent; an error outside of the bounds.
tl::expected<uint64_t, std::string> read_number(const json& request, const Bound& bound, uint64_t otherwise) {
  const auto member = request.find(bound.key);
  if (member == request.end()) return otherwise;
  if (member->is_number_unsigned() && member->get<uint64_t>() >= bound.least && member->get<uint64_t>() <= bound.most)
    return member->get<uint64_t>();
  return tl::make_unexpected(std::string(bound.option) + ": give " + std::to_string(bound.least) + " to " +
                             std::to_string(bound.most));
}

Step read_bounds(const json& request, CaptureRequest& into) {
  const auto seconds = read_number(request, {"seconds", "--seconds", 1, config::kMaxCaptureSeconds}, into.seconds);
  if (!seconds) return tl::make_unexpected(seconds.error());
  const auto bytes =
      read_number(request, {"bytes", "--size", config::kMinCaptureBytes, config::kMaxCaptureBytes}, into.bytes);
  if (!bytes) return tl::make_unexpected(bytes.error());
  const auto packets = read_number(request, {"packets", "--packets", 1, UINT32_MAX}, into.packets);
  if (!packets) return tl::make_unexpected(packets.error());
  into.seconds = static_cast<uint32_t>(*seconds);
  into.bytes = *bytes;
  into.packets = *packets;
  return {};
}

void put_words(const json& request, CaptureRequest& into) {
  std::string words = into.clients != 0 && into.endpoints != 0 ? "clients and endpoints"
                      : into.clients != 0                      ? "clients"
                                                               : "endpoints";
  for (const char* key : {"client", "endpoint"})
    if (const std::string text = text_in(request, key); !text.empty()) words += std::string(", ") + key + " " + text;
  // Escaped: it goes into logs.
  if (into.name_length != 0) words += ", name " + config::to_text({into.name.data(), into.name_length});
  words.copy(into.words.data(), into.words.size() - 1);
}

}  // namespace

tl::expected<CaptureRequest, std::string> read_capture_request(const json& request, const config::Model& model) {
  CaptureRequest read;
  const std::string client = text_in(request, "client");
  const std::string endpoint = text_in(request, "endpoint");
  const std::string name = text_in(request, "name");
  Step step;
  if (!client.empty()) step = read_client(client, read);
  if (step && !endpoint.empty()) step = read_endpoint(endpoint, model, read);
  if (step && !name.empty()) step = read_name(name, read);
  if (step) step = read_sides(text_in(request, "side"), read);
  if (step) step = read_bounds(request, read);
  if (!step) return tl::make_unexpected(step.error());
  put_words(request, read);
  return read;
}

}  // namespace penstock::control
