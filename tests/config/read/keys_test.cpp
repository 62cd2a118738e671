#include "tests/config/read/key_documents.h"

namespace penstock::config::test {
namespace {

std::string name_of(const Key& key) {
  return std::string(text_of(key.place).path) + " " + std::string(key.name);
}

TEST(Keys, EachExampleIsAccepted) {
  for (const Key& key : kKeys) {
    const std::string example(key.example);
    EXPECT_NE((", " + example).find(", " + std::string(key.name) + ": "), std::string::npos)
        << name_of(key) << " is not in its example";
    const std::string yaml = document(key.place, example);
    const ReadModel read = read_document(yaml);
    EXPECT_TRUE(read.model.has_value()) << name_of(key) << "\n" << yaml << all_findings(read);
  }
}

TEST(Keys, NoneIsRequiredButThoseThatSaySo) {
  for (const Key& key : kKeys) {
    if (key.place == Place::zone || key.place == Place::default_names || key.place == Place::suffix) continue;
    if (key.fallback.kind == Default::Kind::words) continue;
    const bool is_required = key.fallback.kind == Default::Kind::required;
    const std::string yaml = key.place == Place::file ? document(key.place, "control: {watch: on}", key.name)
                                                      : document(key.place, "", key.name);
    const ReadModel read = read_document(yaml);
    if (key.place == Place::metrics) continue;  // settings without a key are `on`
    EXPECT_EQ(read.model.has_value(), !is_required) << name_of(key) << "\n" << yaml << all_findings(read);
    if (is_required) {
      EXPECT_NE(all_findings(read).find(key.name), std::string::npos) << all_findings(read);
    }
  }
}

// No key takes this value, so whoever reads the key complains of it.
TEST(Keys, EachIsAskedForByAReader) {
  for (const Key& key : kKeys) {
    const std::string yaml = document(key.place, std::string(key.name) + ": [{no-key: x}]" + beside(key));
    const ReadModel read = read_document(yaml);
    const std::string path = surroundings_of(key.place).path + std::string(key.name);
    bool is_told = false;
    for (const Finding& finding : read.findings)
      is_told = is_told || (finding.severity == Severity::error && finding.key.starts_with(path) &&
                            !finding.text.starts_with("unknown key; did"));
    EXPECT_TRUE(is_told) << name_of(key) << " is in the table, and no reader asks for it\n"
                         << yaml << all_findings(read);
  }
}

TEST(Keys, AreTheOnlyOnesOfTheirPlace) {
  for (size_t place = 0; place < kPlaces; ++place) {
    const auto at = static_cast<Place>(place);
    const ReadModel read = read_document(document(at, "qqqqqqqqqqqqqqqq: 1"));
    EXPECT_NE(all_findings(read).find("unknown key; allowed are " + std::string(keys_of(at)[0].name)),
              std::string::npos)
        << text_of(at).path << "\n"
        << all_findings(read);
  }
}

}  // namespace
}  // namespace penstock::config::test
