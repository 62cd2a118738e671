// control/rules/zone_records.h - what `records:` and `zone_file:` say, read with ldns: records on the wire, or what is wrong
// and on which line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "config/read/read_model.h"

namespace penstock::control {

struct ZoneRecord {
  config::WireName owner;  // folded
  uint16_t type = 0;
  uint32_t ttl = 0;  // s
  std::string data;  // as on the wire, names as spelled and without compression
  config::Where where;
};

struct RecordFault {
  config::Where where;
  std::string text;  // what is wrong and what would be right
};

struct ZoneRecords {
  std::vector<ZoneRecord> records;  // by owner and type, each set in the order written, none twice
  std::vector<RecordFault> faults;  // in the order of lines
};

// The records of `rule` for its entry `zone`; with Scope::name that is the only name there may be.
ZoneRecords read_zone_records(const config::Rule& rule, std::string_view zone, config::Scope scope);

// What is wrong with the records of all rules; at most so many a file as config::Findings shows.
std::vector<config::Finding> check_records(const config::Model& model);

// read_model() and check_records(): there is a model only if the records are right, too.
config::ReadModel read_rules(const std::string& path);
// The same of copies in memory (config::read_model_of).
config::ReadModel read_rules_of(const std::vector<config::SourceFile>& files);

}  // namespace penstock::control
