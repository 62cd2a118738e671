#include "control/rules/zone_records.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <memory>
#include <tuple>

#include "config/yaml/findings.h"

namespace penstock::control {
namespace {

using config::Scope;
using config::Where;
using config::WireName;

constexpr size_t kLargestSet = 64'000;  // octets

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Name = std::unique_ptr<ldns_rdf, Freer<ldns_rdf_deep_free>>;
using Record = std::unique_ptr<ldns_rr, Freer<ldns_rr_free>>;
using Buffer = std::unique_ptr<ldns_buffer, Freer<ldns_buffer_free>>;
using File = std::unique_ptr<FILE, Freer<fclose>>;

WireName folded(const ldns_rdf* name) {
  WireName wire(reinterpret_cast<const char*>(ldns_rdf_data(name)), ldns_rdf_size(name));
  for (char& c : wire)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return wire;
}

bool is_at_or_below(std::string_view name, std::string_view zone) {
  while (name.size() > zone.size()) name.remove_prefix(static_cast<uint8_t>(name[0]) + 1U);
  return name == zone;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool says_nothing(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == ';';
}

// ldns takes a relative name behind $ORIGIN for an absolute one.
bool ends_in_dot(std::string_view directive) {
  directive = directive.substr(0, directive.find(';'));
  const size_t last = directive.find_last_not_of(" \t\r");
  return last != std::string_view::npos && directive[last] == '.';
}

class Reader {
 public:
  Reader(const config::Rule& rule, std::string_view zone, Scope scope)
      : zone_(zone), scope_(scope), default_ttl_(rule.ttl) {}

  void read(const config::RecordText& text) {
    const std::vector<std::string_view> lines = lines_of(text.text);
    if (says_nothing(text.text) && lines.size() <= 1) return;
    const File file(fmemopen(const_cast<char*>(text.text.data()), text.text.size(), "r"));
    if (!file) return fault(text.where, "out of memory");
    uint32_t ttl = default_ttl_;
    ldns_rdf* origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, zone_.size(), zone_.data());
    ldns_rdf* before = nullptr;
    int line = 0;
    while (!feof(file.get())) {
      auto first = static_cast<size_t>(line);  // from 0
      ldns_rr* made = nullptr;
      const ldns_status status = ldns_rr_new_frm_fp_l(&made, file.get(), &ttl, &origin, &before, &line);
      const Record record(status == LDNS_STATUS_OK ? made : nullptr);
      while (first < lines.size() && says_nothing(lines[first])) ++first;
      // The end of the text is no line.
      if (first >= lines.size()) break;
      const Where where{text.where.file, text.where.line == 0 ? 0 : text.where.line + static_cast<uint32_t>(first)};
      take(status, record.get(), where, lines[first]);
    }
    ldns_rdf_deep_free(origin);
    ldns_rdf_deep_free(before);
  }

  ZoneRecords finish() {
    auto& records = result_.records;
    std::stable_sort(records.begin(), records.end(), [](const ZoneRecord& a, const ZoneRecord& b) {
      return std::tie(a.owner, a.type) < std::tie(b.owner, b.type);
    });
    drop_repeated();
    check_aliases();
    std::stable_sort(result_.faults.begin(), result_.faults.end(), [](const RecordFault& a, const RecordFault& b) {
      return std::tie(a.where.file, a.where.line) < std::tie(b.where.file, b.where.line);
    });
    return std::move(result_);
  }

 private:
  void fault(Where where, std::string text) { result_.faults.push_back({where, std::move(text)}); }

  void take(ldns_status status, const ldns_rr* record, Where where, std::string_view line) {
    switch (status) {
      case LDNS_STATUS_OK:
        return add(*record, where);
      case LDNS_STATUS_SYNTAX_EMPTY:
      case LDNS_STATUS_SYNTAX_TTL:
        return;
      case LDNS_STATUS_SYNTAX_ORIGIN:
        if (!ends_in_dot(line)) fault(where, "write the full name after $ORIGIN, with a trailing dot");
        return;
      case LDNS_STATUS_SYNTAX_INCLUDE:
        return fault(where, "$INCLUDE is not supported: put the whole zone into one file");
      default:
        fault(where, "'" + std::string(line.substr(0, 80)) + "' is not a record: " + ldns_get_errorstr_by_id(status) +
                         "; write it as in a zone file, 'www 300 A 10.16.1.5'");
    }
  }

  void add(const ldns_rr& record, Where where) {
    ZoneRecord added;
    added.owner = folded(ldns_rr_owner(&record));
    added.type = static_cast<uint16_t>(ldns_rr_get_type(&record));
    added.ttl = ldns_rr_ttl(&record);
    added.where = where;
    const std::string owner = config::to_text(added.owner);
    if (ldns_rr_get_class(&record) != LDNS_RR_CLASS_IN)
      return fault(where, "only class IN is supported: remove the record");
    if (added.ttl > 0x7fffffff) return fault(where, "the TTL is above 2147483647 (RFC 2181 section 8)");
    if (auto problem = type_problem(added); !problem.empty()) return fault(where, std::move(problem));
    if (!is_at_or_below(added.owner, zone_) || (scope_ == Scope::name && added.owner != zone_))
      return fault(where, owner + " is outside " + config::to_text(zone_) +
                              (scope_ == Scope::name ? ", the only name of this entry: write 'zone:' instead of 'name:'"
                                                     : ", the zone of this entry"));
    const Buffer buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
    if (ldns_rr_rdata2buffer_wire(buffer.get(), &record) != LDNS_STATUS_OK)
      return fault(where,
                   "the record data cannot be encoded: " + std::string(ldns_get_errorstr_by_id(LDNS_STATUS_ERR)));
    const auto* wire = reinterpret_cast<const char*>(ldns_buffer_begin(buffer.get()));
    added.data.assign(wire, ldns_buffer_position(buffer.get()));
    result_.records.push_back(std::move(added));
  }

  // Empty: its type may stand where it does.
  std::string type_problem(const ZoneRecord& record) const {
    const bool is_apex = record.owner == zone_;
    switch (record.type) {
      case LDNS_RR_TYPE_DNAME:
        return "DNAME is not supported: write a CNAME for each name, or '*' for all";
      case LDNS_RR_TYPE_NS:
        if (!is_apex)
          return "NS below the apex delegates " + config::to_text(record.owner) +
                 ", and clients cannot follow the delegation: write an entry {zone: " + config::to_text(record.owner) +
                 ", pool: POOL}";
        return {};
      case LDNS_RR_TYPE_SOA:
        return is_apex ? std::string() : "a SOA record is only allowed at the apex " + config::to_text(zone_);
      case 0:
      case LDNS_RR_TYPE_OPT:
        return "this record type occurs in messages, not in zones";
      default:
        // RFC 6895 section 3.1: metatypes and question types.
        return record.type >= 128 && record.type <= 255 ? "this record type occurs in messages, not in zones"
                                                        : std::string();
    }
  }

  void drop_repeated() {
    std::vector<ZoneRecord> kept;
    size_t set = 0;   // where the set of the last one begins
    size_t size = 0;  // octets of it
    for (ZoneRecord& record : result_.records) {
      if (kept.empty() || kept.back().owner != record.owner || kept.back().type != record.type) {
        set = kept.size();
        size = 0;
      }
      if (size > kLargestSet) continue;
      size += record.data.size() + 12;
      if (size > kLargestSet)
        fault(record.where, config::to_text(record.owner) + " has more records of this type than fit in an answer");
      const bool is_known = std::any_of(kept.begin() + static_cast<ptrdiff_t>(set), kept.end(),
                                        [&](const ZoneRecord& other) { return other.data == record.data; });
      if (!is_known) kept.push_back(std::move(record));
    }
    result_.records = std::move(kept);
  }

  // RFC 2181 section 10.1, and one SOA.
  void check_aliases() {
    const auto& records = result_.records;
    for (size_t i = 0; i < records.size(); ++i) {
      const ZoneRecord& record = records[i];
      const std::string owner = config::to_text(record.owner);
      const bool repeats = i > 0 && records[i - 1].owner == record.owner && records[i - 1].type == record.type;
      if (record.type == LDNS_RR_TYPE_SOA && repeats)
        fault(record.where, "the zone already has a SOA on line " + std::to_string(records[i - 1].where.line));
      if (record.type != LDNS_RR_TYPE_CNAME) continue;
      if (repeats) {
        fault(record.where, owner + " already has a CNAME on line " + std::to_string(records[i - 1].where.line));
        continue;
      }
      if (record.owner == zone_ && scope_ != Scope::name)
        fault(record.where, "a CNAME is not allowed at the apex, beside the SOA: write an entry {name: " + owner +
                                ", records: [...]} for this name only");
      for (size_t j = i; j-- > 0 && records[j].owner == record.owner;) other_data(record, records[j]);
      for (size_t j = i + 1; j < records.size() && records[j].owner == record.owner; ++j)
        other_data(record, records[j]);
    }
  }

  void other_data(const ZoneRecord& cname, const ZoneRecord& other) {
    // RFC 4035 section 2.5.
    if (other.type == LDNS_RR_TYPE_CNAME || other.type == LDNS_RR_TYPE_RRSIG || other.type == LDNS_RR_TYPE_NSEC) return;
    fault(other.where, config::to_text(other.owner) + " has a CNAME, on line " + std::to_string(cname.where.line) +
                           ": no other record is allowed beside it");
  }

  std::string_view zone_;
  Scope scope_;
  uint32_t default_ttl_;
  ZoneRecords result_;
};

}  // namespace

ZoneRecords read_zone_records(const config::Rule& rule, std::string_view zone, Scope scope) {
  Reader reader(rule, zone, scope);
  for (const config::RecordText& text : rule.records) reader.read(text);
  return reader.finish();
}

std::vector<config::Finding> check_records(const config::Model& model) {
  config::Findings findings(model.files);
  for (const auto& entry : model.zones.entries) {
    const config::Rule& rule = model.rules[entry.rule];
    if (rule.action != config::Action::records || rule.records.empty()) continue;
    for (RecordFault& fault : read_zone_records(rule, model.zones.name(entry), entry.scope).faults)
      findings.error(fault.where, fault.where.file == 0 ? rule.origin + ".records" : "", std::move(fault.text));
  }
  return findings.take();
}

namespace {

config::ReadModel with_records_checked(config::ReadModel read) {
  if (!read.model) return read;
  std::vector<config::Finding> faults = check_records(*read.model);
  if (faults.empty()) return read;
  read.findings.insert(read.findings.end(), std::make_move_iterator(faults.begin()),
                       std::make_move_iterator(faults.end()));
  read.model.reset();
  return read;
}

}  // namespace

config::ReadModel read_rules(const std::string& path) {
  return with_records_checked(config::read_model(path));
}

config::ReadModel read_rules_of(const std::vector<config::SourceFile>& files) {
  return with_records_checked(config::read_model_of(files));
}

}  // namespace penstock::control
