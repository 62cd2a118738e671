#include <algorithm>
#include <bit>
#include <charconv>

#include "config/contract/counters.h"
#include "config/contract/image_fields.h"
#include "config/contract/link.h"
#include "config/read/model_reader.h"
#include "config/source_ports.h"

namespace penstock::config {
namespace {

using std::chrono::milliseconds;

constexpr size_t kLongestOwnText = 255;
constexpr size_t kMaxPortName = 15;  // octets, what a PortInfo and an interface's name hold

bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         name.find_first_of("/: \t\n") == std::string_view::npos;
}

// "0000:3b:00.0" or "3b:00.0"
bool is_pci_address(std::string_view text) {
  static constexpr std::string_view kShape = "hhhh:hh:hh.h";
  if (text.size() == 7) return is_pci_address("0000:" + std::string(text));
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_hex =
        (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') || (text[i] >= 'A' && text[i] <= 'F');
    if (kShape[i] == 'h' ? !is_hex : text[i] != kShape[i]) return false;
  }
  return true;
}

void read_device(const YamlValue& value, Port& port) {
  const auto written = value.text();
  if (!written) return;
  static const std::vector<std::string_view> kKinds = {"af_xdp", "af_packet", "pci", "vdev"};
  const auto colon = std::min(written->find(':'), written->size());
  const std::string_view kind = std::string_view(*written).substr(0, colon);
  const auto known = std::find(kKinds.begin(), kKinds.end(), kind);
  if (known == kKinds.end() || colon == written->size()) {
    const auto nearest = nearest_word(kind, kKinds);
    value.error("unknown kind of port: write af_xdp:INTERFACE, af_packet:INTERFACE, pci:ADDRESS or vdev:net_..." +
                (nearest.empty() || nearest == kind ? "" : "; did you mean '" + std::string(nearest) + ":'?"));
    return;
  }
  port.kind = static_cast<PortKind>(known - kKinds.begin());
  port.device = written->substr(colon + 1);
  if (port.kind == PortKind::pci && !is_pci_address(port.device)) {
    value.error("this is not a PCI address: write it as pci:0000:3b:00.0");
  } else if (port.kind == PortKind::vdev && !port.device.starts_with("net_")) {
    value.error("a vdev's name starts with net_, such as vdev:net_tap0,iface=tap0");
  } else if (port.kind <= PortKind::af_packet && !is_interface_name(port.device)) {
    value.error("this is not an interface's name: 1 to 15 characters, no space, slash or colon");
  }
}

// "52:54:00:12:34:56"; a group's address is nobody's.
std::optional<std::array<uint8_t, 6>> parse_mac(std::string_view text) {
  std::array<uint8_t, 6> mac{};
  if (text.size() != 17) return std::nullopt;
  for (size_t i = 0; i < mac.size(); ++i) {
    const char* begin = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, mac[i], 16);
    if (error != std::errc() || end != begin + 2 || (i != 5 && begin[2] != ':')) return std::nullopt;
  }
  return (mac[0] & 1) == 0 ? std::optional(mac) : std::nullopt;
}

void read_segment(const YamlMap& map, Port& port) {
  if (const auto value = map.get("vlans")) {
    value->each([&](const YamlValue& item) {
      const auto tag = item.number(0, 4094);
      if (tag && std::find(port.vlans.begin(), port.vlans.end(), *tag) != port.vlans.end())
        item.error("the tag is listed twice");
      else if (tag)
        port.vlans.push_back(static_cast<uint16_t>(*tag));
    });
    if (value->is_sequence() && value->node().items.empty())
      value->error(
          "the list is empty: name tags, 0 for untagged, or leave 'vlans:' out for untagged and the kernel's VLANs");
  }
  if (const auto value = map.get("reverse_path"))
    if (const auto word = value->word({"off", "strict"})) port.strict_reverse_path = *word == 1;
  if (const auto value = map.get("gateways")) {
    value->each([&](const YamlValue& item) {
      const auto text = item.text();
      if (!text) return;
      if (const auto mac = parse_mac(*text))
        port.gateways.push_back(*mac);
      else
        item.error("this is not a host's MAC: write it as 52:54:00:12:34:56, in quotes");
    });
    if (!port.strict_reverse_path) value->error("has no effect without 'reverse_path: strict'");
  }
  if (port.strict_reverse_path && port.kind != PortKind::af_xdp && port.kind != PortKind::af_packet)
    map.get("reverse_path")
        ->error(
            "needs the kernel's routes and neighbours on the port's own interface: only af_xdp and af_packet have "
            "them");
}

// What the endpoints see of all forwarders, and what somebody sees who forges responses of theirs.
void check_source_ports(const YamlValue& value, const Model& model) {
  const Dataplane& read = model.dataplane;
  const uint32_t share = source_port_share(read);
  const uint32_t count = read.source_ports ? read.source_ports->count : share;
  if (const uint64_t all = uint64_t{count} * read.nodes; all > read.port_budget)
    value.warning(std::to_string(count) + " source ports on each of " + std::to_string(read.nodes) + " nodes are " +
                  std::to_string(all) + " address and port pairs, more than the budget of " +
                  std::to_string(read.port_budget) + ": a count of " + std::to_string(share) + " fits");
  const uint32_t each = count / model.lcores.value_or(1);
  if (entropy_bits(each, 1) < kLeastEntropyBits)
    value.warning(std::to_string(each) +
                  " source ports per lcore leave fewer than 24 bits to guess for a forged response "
                  "(RFC 5452): 256 are needed");
}

void read_tcp(const YamlValue& section, Tcp& tcp) {
  const YamlMap map(section, Place::tcp);
  if (const auto value = map.get("connections")) tcp.connections = value->number(1, 65'536).value_or(tcp.connections);
  tcp.connections_per_client = std::min(tcp.connections_per_client, tcp.connections);
  if (const auto value = map.get("connections_per_client"))
    tcp.connections_per_client = value->number(1, 65'536).value_or(tcp.connections_per_client);
  if (const auto value = map.get("idle_timeout"))
    tcp.idle_timeout = value->duration(milliseconds(100), milliseconds(600'000)).value_or(tcp.idle_timeout);
}

}  // namespace

void ModelReader::read_ports(const YamlValue& list) {
  if (list.is_sequence() && list.node().items.empty())
    list.error("the list is empty: name at least one port, {name: corp, device: \"af_xdp:eth0\"}");
  list.each([&](const YamlValue& item) {
    const YamlMap map(item, Place::port);
    if (!map.is_valid()) return;
    Port port;
    port.where = item.where();
    port.name = "port" + std::to_string(model.ports.size());
    if (const auto value = map.get("name")) port.name = value->text().value_or(port.name);
    if (port.name.empty() || port.name.size() > kMaxPortName)
      map.get("name")->error("a port's name has 1 to 15 characters");
    if (const auto value = map.require("device", "af_xdp:eth0, pci:0000:3b:00.0 or the like")) {
      read_device(*value, port);
      for (const Port& other : model.ports)
        if (!port.device.empty() && other.kind == port.kind && other.device == port.device)
          value->error("the device is already that of port '" + other.name + "' on line " +
                       std::to_string(other.where.line));
    }
    read_segment(map, port);
    for (const Port& other : model.ports)
      if (other.name == port.name)
        item.error("the name '" + port.name + "' is already that of the port on line " +
                   std::to_string(other.where.line));
    if (model.ports.size() == kMaxPorts) item.error("a dataplane has at most 8 ports");
    if (model.ports.size() < kMaxPorts) model.ports.push_back(std::move(port));
  });
}

void ModelReader::read_listen(const YamlValue& list) {
  list.each(
      [&](const YamlValue& item) {
        const auto address = item.address();
        if (!address) return;
        if (is_unspecified(*address) || is_multicast(*address)) {
          item.error(config::to_string(*address) +
                     " is not the address of a host: name the addresses that clients query");
        } else if (is_link_local(*address)) {
          item.error(config::to_string(*address) +
                     " is link-local, hence not unique: name an address that clients can use");
        } else if (std::find(model.listen.begin(), model.listen.end(), *address) != model.listen.end()) {
          item.error(config::to_string(*address) + " is listed twice");
        } else {
          model.listen.push_back(*address);
        }
      },
      true);
  if (list.is_sequence() && list.node().items.empty())
    list.error("the list is empty: name an address, or leave 'listen:' out for every address of the ports");
}

void ModelReader::read_lcores(const YamlValue& value) {
  if (value.is_scalar() && value.node().text == "auto") return;
  model.lcores = value.number(1, kMaxLcores);
}

void ModelReader::read_idle(const YamlValue& value) {
  if (const auto word = value.word({"adaptive", "busy"})) model.idle = static_cast<Idle>(*word);
}

std::optional<std::string> read_own_text(const YamlValue& value) {
  auto text = value.text();
  if (!text || *text == "none") return text ? std::string() : text;
  const auto is_printed = [](unsigned char octet) { return octet >= ' ' && octet != 0x7f; };
  if (text->size() > kLongestOwnText)
    value.error("has " + std::to_string(text->size()) + " octets: a string of a TXT record has at most 255");
  else if (!std::all_of(text->begin(), text->end(), is_printed))
    value.error("has control characters: write printable text, or none");
  return text;
}

void ModelReader::read_dataplane(const YamlValue& section) {
  const YamlMap map(section, Place::dataplane);
  Dataplane& dataplane = model.dataplane;
  if (const auto value = map.get("eal"))
    value->each([&](const YamlValue& item) {
      if (auto text = item.text()) dataplane.eal.push_back(std::move(*text));
    });
  if (const auto value = map.get("socket"))
    if (auto path = read_socket_path(*value)) dataplane.socket = std::move(*path);
  if (const auto value = map.get("state_dir"))
    if (auto text = value->text()) {
      if (!text->starts_with('/')) value->error("a folder's path starts with /");
      dataplane.state_dir = std::move(*text);
    }
  if (const auto value = map.get("source_ports")) {
    const YamlMap ports(*value, Place::source_ports);
    SourcePorts chosen;
    if (const auto budget = ports.get("budget"))
      dataplane.port_budget = budget->number(1, 1'000'000).value_or(dataplane.port_budget);
    if (const auto nodes = ports.get("nodes")) dataplane.nodes = nodes->number(1, 1000).value_or(dataplane.nodes);
    const bool is_chosen = ports.has("first") || ports.has("count") || !(ports.has("budget") || ports.has("nodes"));
    if (is_chosen)
      if (const auto first = ports.require("first", "the lowest source port"))
        chosen.first = static_cast<uint16_t>(first->number(1024, 65535).value_or(chosen.first));
    if (const auto count = ports.get("count"))
      chosen.count = static_cast<uint16_t>(count->number(1, 64512).value_or(chosen.count));
    if (uint32_t{chosen.first} + chosen.count > 65536)
      value->error("first + count is above 65536: the last port would be " +
                   std::to_string(uint32_t{chosen.first} + chosen.count - 1));
    if (is_chosen) dataplane.source_ports = chosen;
    check_source_ports(*value, model);
  }
  if (const auto value = map.get("pending"))
    if (const auto count = value->number(16, 65536)) {
      if (!std::has_single_bit(*count))
        value->error(std::to_string(*count) + " is not a power of two: write " +
                     std::to_string(std::bit_floor(*count)) + " or " + std::to_string(std::bit_ceil(*count)));
      dataplane.pending = *count;
    }
  if (const auto value = map.get("cache_size"))
    dataplane.cache_size = value->octets(0, uint64_t{64} << 30).value_or(dataplane.cache_size);
  if (const auto value = map.get("tcp")) read_tcp(*value, dataplane.tcp);
  if (const auto value = map.get("identity")) dataplane.identity = read_own_text(*value);
  if (const auto value = map.get("version")) dataplane.version = read_own_text(*value).value_or("");
  if (const auto value = map.get("query_timeout"))
    dataplane.query_timeout = value->duration(milliseconds(kLeastQueryTimeoutMs), milliseconds(kLongestQueryTimeoutMs))
                                  .value_or(dataplane.query_timeout);
}

}  // namespace penstock::config
