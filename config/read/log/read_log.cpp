#include "config/contract/decisions/rcode.h"
#include "config/read/model_reader.h"

namespace penstock::config {
namespace {

// "journald", "syslog" or an absolute path; empty: reported.
std::string read_log_sink(const YamlValue& value) {
  const auto text = value.text();
  if (!text) return "";
  if (*text == "journald" || *text == "syslog") return *text;
  if (text->starts_with('/') && !text->ends_with('/')) return *text;
  value.error("'" + *text + "' is not a place for the log: write journald, syslog, or the path of a file, such as " +
              "/var/log/penstock/queries.log");
  return "";
}

std::vector<uint8_t> read_rcodes(const YamlValue& list) {
  std::vector<uint8_t> rcodes;
  list.each(
      [&](const YamlValue& item) {
        const auto text = item.text();
        if (!text) return;
        if (const auto rcode = rcode_number(*text))
          rcodes.push_back(*rcode);
        else
          item.error("'" + *text + "' is not an rcode: write NOERROR, SERVFAIL, NXDOMAIN, REFUSED ..., or none for " +
                     "queries without an answer");
      },
      true);
  return rcodes;
}

// `sample`, `rcodes`, `pools` and `clients` of a place that has them.
QueryChoice read_choice(ModelReader& reader, const YamlMap& map) {
  QueryChoice choice;
  if (const auto value = map.get("sample")) choice.sample = value->number(1, 1'000'000).value_or(1);
  if (const auto value = map.get("rcodes")) choice.rcodes = read_rcodes(*value);
  if (const auto value = map.get("pools"))
    value->each(
        [&](const YamlValue& item) {
          if (const auto pool = reader.pool_number(item)) choice.pools.push_back(*pool);
        },
        true);
  if (const auto value = map.get("clients"))
    choice.clients = read_groups(reader, *value, "leave 'clients:' out for all clients");
  return choice;
}

void read_queries(ModelReader& reader, const YamlValue& section) {
  const YamlMap map(section, Place::query_log);
  QueryLog& log = reader.model.query_log;
  if (const auto value = map.require("to", "journald, syslog, or the path of a file")) log.to = read_log_sink(*value);
  if (const auto value = map.get("format")) log.as_json = value->word({"json", "text"}).value_or(0) == 0;
  log.choice = read_choice(reader, map);
  if (const auto value = map.get("file_size"))
    log.file_size = value->octets(64 << 10, uint64_t{64} << 30).value_or(log.file_size);
  if (const auto value = map.get("files")) log.files = value->number(1, 1000).value_or(log.files);
}

// A path or an address with a port; empty: reported.
std::string read_collector(const YamlValue& value) {
  const auto text = value.text();
  if (!text) return "";
  if (text->starts_with('/')) return read_socket_path(value).value_or("");
  if (is_host_and_port(*text)) return *text;
  value.error("'" + *text + "' is not a collector: write the path of a UNIX socket, or an address and a port such as " +
              "192.168.10.9:6000 or [fd00::9]:6000");
  return "";
}

std::string read_path(const YamlValue& value) {
  const auto text = value.text();
  if (!text) return "";
  if (!text->starts_with('/')) value.error("the path of a PEM file starts with /");
  return *text;
}

DnstapTls read_tls(const YamlValue& section) {
  const YamlMap map(section, Place::dnstap_tls);
  DnstapTls tls;
  if (const auto value = map.get("ca")) tls.ca = read_path(*value);
  if (const auto value = map.get("name"))
    if (const auto name = value->name()) tls.name = to_text(*name);
  if (const auto value = map.get("certificate")) tls.certificate = read_path(*value);
  if (const auto value = map.get("key")) tls.key = read_path(*value);
  if (map.is_valid() && map.has("certificate") != map.has("key"))
    section.error("'certificate' and 'key' go together: write both, or neither");
  return tls;
}

void read_dnstap(ModelReader& reader, const YamlValue& section) {
  const YamlMap map(section, Place::dnstap);
  Dnstap& dnstap = reader.model.dnstap;
  if (const auto value = map.require("to", "the path of a UNIX socket, or an address and a port"))
    dnstap.to = read_collector(*value);
  if (const auto value = map.get("tls")) {
    dnstap.tls = read_tls(*value);
    if (dnstap.is_socket()) value->error("a UNIX socket has no TLS: leave 'tls:' out, or write an address and a port");
  }
  if (const auto value = map.get("identity")) dnstap.identity = read_own_text(*value);
  if (const auto value = map.get("version")) dnstap.version = read_own_text(*value);
  dnstap.choice = read_choice(reader, map);
}

}  // namespace

void ModelReader::read_log_form(const YamlValue& section) {
  const YamlMap map(section, Place::log);
  Log& log = model.log;
  if (const auto value = map.get("format")) log.as_json = value->word({"text", "json"}).value_or(0) == 1;
  if (const auto value = map.get("level"))
    if (const auto word = value->word({"debug", "info", "warning", "error"})) log.level = static_cast<LogLevel>(*word);
  if (const auto value = map.get("time")) log.local_time = value->word({"local", "utc"}).value_or(0) == 0;
}

void ModelReader::read_log(const YamlValue& section) {
  read_log_form(section);
  const YamlMap map(section, Place::log);
  if (const auto queries = map.get("queries")) read_queries(*this, *queries);
  if (const auto dnstap = map.get("dnstap")) read_dnstap(*this, *dnstap);
}

}  // namespace penstock::config
