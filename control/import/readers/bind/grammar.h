// control/import/readers/bind/grammar.h - named.conf as a tree of statements, includes followed.
#pragma once

#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct BindStatement;

struct BindElement {
  std::string text;
  bool is_block = false;
  std::vector<BindStatement> block;
};

// What stands before a semicolon: zone "x" IN { type forward; }
struct BindStatement {
  Where where;
  std::vector<BindElement> elements;

  std::string word(size_t index) const;             // lower case; empty: there is none
  std::string text(size_t index) const;             // as written
  const std::vector<BindStatement>* block() const;  // the first; null: none
};

// What is wrong is remarked in `source` as broken.
std::vector<BindStatement> parse_bind(Source& source, const Files& files, const std::string& path);

// The first statement that starts with `word`; null: none.
const BindStatement* find_statement(const std::vector<BindStatement>& block, std::string_view word);

}  // namespace penstock::imports
