// control/import/readers/windows/rows.h - what PowerShell has exported, JSON or CSV, as rows of columns.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct WindowsRow {
  Where where;
  std::map<std::string, std::vector<std::string>> columns;  // names in lower case

  bool has(const std::string& name) const { return columns.contains(name); }
  std::string text(const std::string& name) const;
  bool is_true(const std::string& name) const;
};

std::vector<WindowsRow> read_windows_rows(Source& source, const std::string& text, uint32_t file);

}  // namespace penstock::imports
