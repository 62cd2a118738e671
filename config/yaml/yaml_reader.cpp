#include "config/yaml/yaml_reader.h"

#include <algorithm>
#include <charconv>

namespace penstock::config {
namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, 80)) result += c >= ' ' && c != 0x7f ? c : '?';
  return result + (text.size() > 80 ? "...'" : "'");
}

std::string to_text(std::chrono::milliseconds value) {
  return value.count() % 1000 == 0 ? std::to_string(value.count() / 1000) + "s" : std::to_string(value.count()) + "ms";
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

std::optional<uint64_t> parse_digits(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string YamlPath::text() const {
  std::string above = parent != nullptr ? parent->text() : "";
  if (key.empty()) return parent != nullptr ? above + "[" + std::to_string(index) + "]" : above;
  return above.empty() ? std::string(key) : above + "." + std::string(key);
}

std::optional<std::string> YamlValue::text() const {
  if (is_scalar()) return node_->text;
  error(node_->kind == YamlNode::Kind::null ? "the value is missing: give one" : "this should be a single value");
  return std::nullopt;
}

std::optional<uint32_t> YamlValue::number(uint32_t least, uint32_t most) const {
  const auto digits = text();
  if (!digits) return std::nullopt;
  const auto value = parse_digits(*digits);
  if (value && *value >= least && *value <= most) return static_cast<uint32_t>(*value);
  error(in_quotes(*digits) + " should be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<bool> YamlValue::boolean() const {
  const auto word = text();
  if (!word) return std::nullopt;
  const std::string folded = lower(*word);
  if (folded == "true" || folded == "on" || folded == "yes") return true;
  if (folded == "false" || folded == "off" || folded == "no") return false;
  error(in_quotes(*word) + " should be on or off");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> YamlValue::duration(std::chrono::milliseconds least,
                                                             std::chrono::milliseconds most) const {
  const auto written = text();
  if (!written) return std::nullopt;
  const size_t unit_at = std::min(written->find_first_not_of("0123456789"), written->size());
  const auto count = parse_digits(std::string_view(*written).substr(0, unit_at));
  const std::string_view unit = std::string_view(*written).substr(unit_at);
  const uint64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  if (!count || factor == 0 || *count > 1'000'000'000) {
    error(in_quotes(*written) + " is not a duration: write a number with its unit, such as 500ms, 2s or 1m");
    return std::nullopt;
  }
  const std::chrono::milliseconds value(*count * factor);
  if (value >= least && value <= most) return value;
  error(in_quotes(*written) + " should be from " + to_text(least) + " to " + to_text(most));
  return std::nullopt;
}

std::optional<uint64_t> YamlValue::octets(uint64_t least, uint64_t most) const {
  const auto written = text();
  if (!written) return std::nullopt;
  const size_t unit_at = std::min(written->find_first_not_of("0123456789"), written->size());
  const auto count = parse_digits(std::string_view(*written).substr(0, unit_at));
  const std::string_view unit = std::string_view(*written).substr(unit_at);
  const int shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : *written == "0" ? 0 : -1;
  if (!count || shift < 0 || *count > most >> shift) {
    error(in_quotes(*written) + " is not a size up to " + std::to_string(most >> 20) +
          "MiB: write a number with its unit, such as 64MiB or 1GiB");
    return std::nullopt;
  }
  const uint64_t value = uint64_t{*count} << shift;
  if (value >= least) return value;
  error(in_quotes(*written) + " should be at least " + std::to_string(least >> 10) + "KiB");
  return std::nullopt;
}

std::optional<IpAddress> YamlValue::address() const {
  const auto written = text();
  if (!written) return std::nullopt;
  if (auto parsed = parse_address(*written)) {
    const auto v4 = mapped_v4({*parsed, 128});
    if (!v4) return parsed;
    error(in_quotes(*written) + " is an IPv4-mapped IPv6 address, which no packet has: write " +
          config::to_string(v4->address));
    return std::nullopt;
  }
  error(in_quotes(*written) +
        " is not an IP address: write it as 10.16.1.10 or fd00::10, without port or prefix length");
  return std::nullopt;
}

std::optional<IpPrefix> YamlValue::prefix() const {
  const auto written = text();
  if (!written) return std::nullopt;
  if (auto parsed = parse_prefix(*written)) {
    const auto v4 = mapped_v4(*parsed);
    if (!v4) return parsed;
    error(in_quotes(*written) + " is an IPv4-mapped IPv6 prefix, which no packet has: write " + config::to_string(*v4));
    return std::nullopt;
  }
  if (const auto network = without_host_bits(*written)) {
    error(in_quotes(*written) + " has bits set beyond its prefix length: write " + config::to_string(*network));
  } else {
    error(in_quotes(*written) + " is not a prefix: write it as 10.16.0.0/16 or fd00::/8");
  }
  return std::nullopt;
}

std::optional<WireName> YamlValue::name() const {
  const auto written = text();
  if (!written) return std::nullopt;
  if (is_prefix_text(*written) || parse_address(*written)) {
    error(in_quotes(*written) + " is " + (is_prefix_text(*written) ? "a network" : "an address") +
          ", not a domain name");
    return std::nullopt;
  }
  auto parsed = parse_name(*written);
  if (parsed) return *parsed;
  error(in_quotes(*written) + " is not a domain name: " + parsed.error());
  return std::nullopt;
}

std::optional<size_t> YamlValue::word(const std::vector<std::string_view>& words) const {
  const auto written = text();
  if (!written) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *written);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  error(in_quotes(*written) + " should be " + join_words(words, " or "));
  return std::nullopt;
}

void YamlValue::each(const std::function<void(const YamlValue&)>& visit, bool one_too) const {
  if (one_too && is_scalar()) {
    visit(*this);
    return;
  }
  if (!is_sequence()) {
    error(node_->kind == YamlNode::Kind::null ? "the value is missing: give a list" : "this should be a list: [a, b]");
    return;
  }
  for (size_t i = 0; i < node_->items.size(); ++i) visit(YamlValue(node_->items[i], {&path_, {}, i}, *findings_));
}

std::vector<IpAddress> YamlValue::addresses() const {
  std::vector<IpAddress> list;
  each(
      [&](const YamlValue& item) {
        if (const auto address = item.address()) list.push_back(*address);
      },
      true);
  return list;
}

std::vector<IpPrefix> YamlValue::prefixes() const {
  std::vector<IpPrefix> list;
  each(
      [&](const YamlValue& item) {
        if (const auto prefix = item.prefix()) list.push_back(*prefix);
      },
      true);
  return list;
}

}  // namespace penstock::config
