// tests/config/pages/pages_test.cpp - that what is made from the table of keys is what the table says. PENSTOCK_WRITE_PAGE writes it anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/config/pages/configuration_page.h"
#include "tests/config/pages/manual_page.h"
#include "tests/config/pages/schema.h"

namespace penstock::config::test {
namespace {

void compare(const std::string& file, const std::string& page) {
  const std::string path = PENSTOCK_DOCS "/" + file;
  if (std::getenv("PENSTOCK_WRITE_PAGE") != nullptr) std::ofstream(path) << page;
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string written = text.str();
  if (written == page) return;
  const auto differs = std::mismatch(page.begin(), page.end(), written.begin(), written.end()).first;
  ADD_FAILURE() << "line " << 1 + std::count(page.begin(), differs, '\n') << " of docs/" << file
                << " is not what the table says; its first lines say how it is made anew";
}

TEST(ConfigurationPage, IsWhatTheTableSays) {
  compare("configuration.md", configuration_page());
}

TEST(ConfigurationPage, IsWhatTheManualSaysToo) {
  compare("man/penstock.yaml.5", manual_page());
}

TEST(ConfigurationPage, IsWhatTheSchemaSaysToo) {
  compare("penstock.schema.json", schema_page());
}

TEST(ManualPage, MarksAndEscapes) {
  EXPECT_EQ(in_roff("`*.NAME` or **x** and *y*"), "\\fB*.NAME\\fR or \\fBx\\fR and \\fIy\\fR");
  EXPECT_EQ(in_roff(".a-b\\c"), "\\&.a\\-b\\ec");
}

TEST(SchemaType, RefusesATypeThatItCannotRead) {
  Key key = kKeys[0];
  key.type = "`on` or colour";
  EXPECT_THROW(SchemaType(key).read(), std::runtime_error);
  key.type = "list of numbers 1 to 3";
  EXPECT_EQ(SchemaType(key).read().dump(), R"({"type":"array","items":{"type":"integer","minimum":1,"maximum":3}})");
}

}  // namespace
}  // namespace penstock::config::test
