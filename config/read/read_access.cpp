#include <algorithm>
#include <charconv>
#include <map>

#include "config/contract/image_fields.h"
#include "config/read/model_reader.h"

namespace penstock::config {
namespace {

constexpr size_t kMaxSocketPath = 107;  // sockaddr_un

bool is_on_loopback(std::string_view host_and_port) {
  std::string_view host = host_and_port.substr(0, host_and_port.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  return address && is_loopback(*address);
}

// Where each prefix was written first.
using Written = std::map<IpPrefix, std::pair<std::string, uint32_t>>;

// Prefixes of clients. `written` gets them under `name`, and what it has already of other names is an error.
std::vector<IpPrefix> client_prefixes(const YamlValue& value, const std::string& name = {},
                                      Written* written = nullptr) {
  std::vector<IpPrefix> list;
  value.each(
      [&](const YamlValue& item) {
        const auto prefix = item.prefix();
        if (!prefix) return;
        list.push_back(*prefix);
        if (written == nullptr) return;
        const auto [other, is_new] = written->try_emplace(*prefix, name, item.node().line);
        if (!is_new && other->second.first != name)
          item.error(to_string(*prefix) + " is already in " + other->second.first + ", on line " +
                     std::to_string(other->second.second));
      },
      true);
  return list;
}

}  // namespace

bool is_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  uint32_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535) return false;
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  return address && address->is_v6() == in_brackets && !mapped_v4({*address, 128});
}

std::vector<IpPrefix> private_networks() {
  std::vector<IpPrefix> list;
  for (const char* prefix : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"})
    list.push_back(*parse_prefix(prefix));
  return list;
}

std::vector<IpPrefix> default_clients() {
  std::vector<IpPrefix> list;
  for (const char* prefix : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
                             "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"})
    list.push_back(*parse_prefix(prefix));
  return list;
}

std::optional<uint16_t> read_udp_size(const YamlValue& value) {
  const auto size = value.number(kLeastUdpSize, kLargestUdpSize);
  return size ? std::optional(static_cast<uint16_t>(*size)) : std::nullopt;
}

std::optional<std::string> read_socket_path(const YamlValue& value) {
  auto path = value.text();
  if (path && path->starts_with('/') && path->size() <= kMaxSocketPath) return path;
  if (path) value.error("a socket's path starts with / and has at most 107 characters");
  return std::nullopt;
}

void ModelReader::read_clients(const YamlValue& section) {
  const YamlMap map(section, Place::clients);
  Written verdicts;
  if (const auto value = map.get("allow")) {
    model.clients.allow = client_prefixes(*value, "'allow:'", &verdicts);
    if (value->is_sequence() && value->node().items.empty())
      value->error(
          "the list is empty, so no client would be allowed: name prefixes, or leave 'allow:' out for private "
          "addresses");
  }
  if (const auto value = map.get("deny")) model.clients.deny = client_prefixes(*value, "'deny:'", &verdicts);
  if (const auto value = map.get("allow_snoop")) model.clients.allow_snoop = client_prefixes(*value);
  if (const auto value = map.get("refused"))
    if (const auto word = value->word({"refuse", "drop"})) model.clients.silent = *word == 1;
  if (const auto value = map.get("groups")) read_groups(*value);
  if (const auto value = map.get("rate_per_client"))
    model.clients.rate_per_client = value->number(0, kHighestRate).value_or(0);
  if (const auto value = map.get("response_rate"))
    model.clients.response_rate = value->number(0, kHighestRate).value_or(0);
  if (const auto value = map.get("over_rate"))
    if (const auto word = value->word({"truncate", "refuse", "drop"}))
      model.clients.over_rate = static_cast<OverRate>(*word);
  if (const auto value = map.get("rate_exempt")) model.clients.rate_exempt = client_prefixes(*value);
}

// groups: {controllers: {prefixes: [10.1.0.10, 10.1.0.11], weight: 20}}
void ModelReader::read_groups(const YamlValue& section) {
  if (!section.is_map()) {
    section.error("this should be groups by name, {controllers: {prefixes: [10.1.0.10], weight: 20}}");
    return;
  }
  Written members;
  for (const YamlMember& member : section.node().members) {
    const YamlValue item(member.value, {&section.path(), member.key, 0}, findings);
    const YamlMap map(item, Place::group);
    if (!map.is_valid()) continue;
    ClientGroup group;
    group.name = member.key;
    group.where = {0, member.line};
    if (const auto value = map.require("prefixes", "a list of client networks such as 10.1.0.0/24"))
      group.prefixes = client_prefixes(*value, "group '" + group.name + "'", &members);
    if (const auto value = map.get("weight")) group.weight = value->number(1, kHighestWeight).value_or(1);
    if (const auto value = map.get("rate")) group.rate = value->number(0, kHighestRate).value_or(0);
    if (const auto value = map.get("rate_per_client")) group.rate_per_client = value->number(0, kHighestRate);
    if (const auto value = map.get("udp_size")) group.udp_size = read_udp_size(*value);
    if (model.clients.groups.size() + 1 == kMaxClientGroups) {
      item.error("there are at most " + std::to_string(kMaxClientGroups - 1) + " groups");
      return;
    }
    model.clients.groups.push_back(std::move(group));
  }
}

namespace {

std::string read_file_path(const YamlMap& map, KeyName key, std::string_view what) {
  const auto value = map.require(key, what);
  const auto path = value ? value->text() : std::nullopt;
  if (!path) return {};
  if (!path->starts_with('/') || path->ends_with('/'))
    value->error("this should be the whole path of a file, such as " + std::string(what));
  return *path;
}

std::optional<MetricsTls> read_metrics_tls(const YamlValue& section) {
  const YamlMap map(section, Place::metrics_tls);
  if (!map.is_valid()) return std::nullopt;
  return MetricsTls{.certificate = read_file_path(map, "certificate", "/etc/penstock/metrics.pem"),
                    .key = read_file_path(map, "key", "/etc/penstock/metrics.key")};
}

constexpr int kHighestCost = 14;  // 2^14 rounds: a second for each wrong password

// "$2y$10$", 22 letters of salt and 31 of the hash. The text is not repeated: it may be the password itself.
bool is_bcrypt(std::string_view text) {
  if (text.size() != 60 || !text.starts_with("$2") || std::string_view("aby").find(text[2]) == std::string_view::npos ||
      text[3] != '$' || text[6] != '$')
    return false;
  int cost = 0;
  const auto [end, problem] = std::from_chars(&text[4], &text[6], cost);
  return problem == std::errc() && end == &text[6] && cost >= 4 && cost <= kHighestCost &&
         std::all_of(text.begin() + 7, text.end(), [](unsigned char c) {
           return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

MetricsUser read_metrics_user(const YamlMap& map) {
  MetricsUser user;
  if (const auto value = map.require("name", "a user name, such as prometheus"))
    if (const auto text = value->text()) {
      user.name = *text;
      const bool is_plain =
          std::all_of(text->begin(), text->end(), [](unsigned char c) { return c > ' ' && c != ':' && c != 127; });
      if (text->empty() || text->size() > 63 || !is_plain)
        value->error("a user name has 1 to 63 characters, no ':' and no blanks");
    }
  const char* how = "a bcrypt hash: take what 'htpasswd -nBC 10 USER' writes behind the ':', or 'mkpasswd -m bcrypt'";
  if (const auto value = map.require("password_hash", how))
    if (const auto text = value->text()) {
      user.password_hash = *text;
      if (!is_bcrypt(*text))
        value->error("this is not " + std::string(how) + ", with a cost of 4 to " + std::to_string(kHighestCost));
    }
  return user;
}

std::vector<MetricsUser> read_metrics_users(const YamlValue& list) {
  std::vector<MetricsUser> users;
  list.each([&](const YamlValue& item) {
    const YamlMap map(item, Place::metrics_user);
    if (!map.is_valid()) return;
    MetricsUser user = read_metrics_user(map);
    if (!user.name.empty() &&
        std::any_of(users.begin(), users.end(), [&](const MetricsUser& other) { return other.name == user.name; }))
      item.error("user '" + user.name + "' is already in the list");
    users.push_back(std::move(user));
  });
  if (list.is_sequence() && list.node().items.empty())
    list.error("the list is empty: nobody could read the metrics. Add a user, or leave 'users' out");
  return users;
}

void warn_of_open_metrics(const YamlValue& listen, const MetricsAccess& access) {
  if (!access.tls && access.users.empty())
    listen.warning(
        "whoever reaches this address reads the metrics, which name zones and endpoints: add 'tls' and "
        "'users', or listen on 127.0.0.1:9153");
  else if (!access.tls)
    listen.warning("passwords cross the network in plain text here: add 'tls', or listen on 127.0.0.1:9153");
  else if (access.users.empty())
    listen.warning("whoever reaches this address reads the metrics, which name zones and endpoints: add 'users'");
}

}  // namespace

void ModelReader::read_metrics(const YamlValue& section) {
  if (section.is_scalar()) {
    const auto on = section.boolean();
    if (on && !*on) model.metrics_listen.reset();
    return;
  }
  const YamlMap map(section, Place::metrics);
  const auto value = map.require("listen", "127.0.0.1:9153, or write 'metrics: off'");
  if (!value) return;
  const auto text = value->text();
  if (!text) return;
  if (!is_host_and_port(*text)) value->error("this is not an address and a port: write 127.0.0.1:9153 or [::1]:9153");
  model.metrics_listen = *text;
  MetricsAccess& access = model.metrics_access;
  if (const auto tls = map.get("tls")) access.tls = read_metrics_tls(*tls);
  if (const auto users = map.get("users")) access.users = read_metrics_users(*users);
  if (is_host_and_port(*text) && !is_on_loopback(*text)) warn_of_open_metrics(*value, access);
}

namespace {

std::vector<std::string> user_groups(const YamlValue& list) {
  constexpr size_t kLongest = 256;
  std::vector<std::string> groups;
  list.each(
      [&](const YamlValue& item) {
        const auto text = item.text();
        if (!text) return;
        const bool is_printed = std::all_of(text->begin(), text->end(), [](unsigned char c) { return c >= 0x20; });
        if (text->empty() || text->size() > kLongest || !is_printed)
          item.error("this is not a group of users: write its name, as `getent group` lists it, or its number");
        else
          groups.push_back(*text);
      },
      true);
  return groups;
}

}  // namespace

void ModelReader::read_control(const YamlValue& section) {
  const YamlMap map(section, Place::control);
  if (const auto value = map.get("socket"))
    if (auto path = read_socket_path(*value)) model.control.socket = std::move(*path);
  if (const auto value = map.get("watch")) model.control.watch = value->boolean().value_or(false);
  if (const auto value = map.get("look")) model.control.look = user_groups(*value);
  if (const auto value = map.get("change")) model.control.change = user_groups(*value);
}

}  // namespace penstock::config
