#include "control/import/readers/windows/rows.h"

#include <algorithm>

#include "control/import/form/json_file.h"
#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

void add_objects(const nlohmann::json& value, JsonLines& lines, std::vector<WindowsRow>& rows) {
  if (value.is_array()) {
    for (const auto& item : value) add_objects(item, lines, rows);
    return;
  }
  if (!value.is_object()) return;
  if (const auto& inner = member(value, "value"); inner.is_array()) return add_objects(inner, lines, rows);
  WindowsRow row;
  for (const auto& [key, one] : value.items()) row.columns[lower(key)] = texts_of(one);
  const std::string name = row.has("zonename") ? row.text("zonename") : row.text("name");
  row.where = lines.of(name.empty() ? row.text("ipaddress") : name);
  rows.push_back(std::move(row));
}

// Fields of one record, which may go over several lines in quotes.
class CsvReader {
 public:
  CsvReader(std::string_view text, uint32_t file) : text_(text), file_(file) {}

  std::vector<WindowsRow> read() {
    while (text_.substr(at_).starts_with("#TYPE")) skip_line();
    const std::string_view head = text_.substr(at_, text_.find('\n', at_) - at_);
    separator_ = ',';
    for (const char c : {';', '\t'})
      if (std::count(head.begin(), head.end(), c) > std::count(head.begin(), head.end(), separator_)) separator_ = c;
    std::vector<std::string> names = record();
    for (std::string& name : names) name = lower(trim(name));
    std::vector<WindowsRow> rows;
    while (at_ < text_.size()) {
      WindowsRow row{{file_, line_}, {}};
      const auto fields = record();
      if (fields.size() == 1 && trim(fields[0]).empty()) continue;
      for (size_t i = 0; i < names.size() && i < fields.size(); ++i) row.columns[names[i]] = {fields[i]};
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  void skip_line() {
    at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
    ++line_;
  }

  std::vector<std::string> record() {
    std::vector<std::string> fields(1);
    bool is_quoted = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c == '"' && is_quoted && text_.substr(at_ + 1).starts_with('"')) {
        fields.back() += text_[++at_];
      } else if (c == '"') {
        is_quoted = !is_quoted;
      } else if (c == separator_ && !is_quoted) {
        fields.emplace_back();
      } else if (c == '\n' && !is_quoted) {
        ++at_;
        break;
      } else if (c != '\r' || is_quoted) {
        fields.back() += c;
      }
    }
    return fields;
  }

  std::string_view text_;
  uint32_t file_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  char separator_ = ',';
};

}  // namespace

std::string WindowsRow::text(const std::string& name) const {
  const auto found = columns.find(name);
  return found == columns.end() || found->second.empty() ? std::string() : std::string(trim(found->second.front()));
}

bool WindowsRow::is_true(const std::string& name) const {
  return lower(text(name)) == "true";
}

std::vector<WindowsRow> read_windows_rows(Source& source, const std::string& text, uint32_t file) {
  const std::string plain = to_utf8(text);
  const std::string_view start = trim(plain);
  if (!start.starts_with('{') && !start.starts_with('[')) return CsvReader(plain, file).read();
  std::vector<WindowsRow> rows;
  JsonLines lines(plain, file);
  if (const auto json = parse_json(source, plain, file)) add_objects(*json, lines, rows);
  return rows;
}

}  // namespace penstock::imports
