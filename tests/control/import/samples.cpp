#include "tests/control/import/samples.h"

#include <fnmatch.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "control/import/form/words.h"
#include "control/import/write/yaml_writer.h"
#include "control/rules/zone_records.h"

namespace penstock::imports::test {
namespace {

// "line: part"
bool is_meant(const Remark& remark, const std::string& wanted) {
  const size_t colon = wanted.find(": ");
  return std::to_string(remark.where.line) == wanted.substr(0, colon) &&
         remark.text.find(wanted.substr(colon + 2)) != std::string::npos;
}

void check_remarks(const std::vector<Remark>& remarks, Weight weight, const std::vector<std::string>& wanted,
                   bool others_too) {
  for (const std::string& one : wanted)
    EXPECT_TRUE(std::any_of(remarks.begin(), remarks.end(),
                            [&](const Remark& remark) { return remark.weight == weight && is_meant(remark, one); }))
        << "no remark: " << one;
  for (const Remark& remark : remarks) {
    if (remark.weight != weight || others_too) continue;
    EXPECT_TRUE(std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) { return is_meant(remark, one); }))
        << "not wanted: " << remark.where.line << ": " << remark.text;
  }
}

void check_is_read(const std::string& yaml, const std::map<std::string, std::string>& files) {
  char folder[] = "/tmp/import.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  for (const auto& [name, text] : files) {
    if (name.starts_with('/')) continue;
    std::filesystem::create_directories((std::filesystem::path(folder) / name).parent_path());
    std::ofstream(std::filesystem::path(folder) / name) << text;
  }
  const auto read = config::read_model_text(yaml, "import.yaml", folder);
  if (read.model) {
    for (const auto& finding : control::check_records(*read.model)) ADD_FAILURE() << to_text(finding);
  } else {
    for (const auto& finding : read.findings) ADD_FAILURE() << to_text(finding);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace

Files memory_files(const std::map<std::string, std::string>& files) {
  Files result;
  result.read = [files](const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  result.glob = [files](const std::string& pattern) {
    std::vector<std::string> paths;
    for (const auto& [path, text] : files)
      if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) paths.push_back(path);
    return paths;
  };
  return result;
}

void check(Source (*read)(const Paths&, const Files&), const std::string& file, const Sample& sample) {
  SCOPED_TRACE(sample.description);
  std::map<std::string, std::string> files = sample.beside;
  files[file] = sample.text;
  Paths paths{file};
  for (const std::string& more : sample.also) paths.push_back(more);
  const Source source = read(paths, memory_files(files));
  if (!sample.broken.empty() || source.is_broken()) {
    check_remarks(source.remarks, Weight::broken, {sample.broken}, false);
    return;
  }
  const Written written = write_yaml(source);
  std::vector<std::string> lines;
  for (const std::string_view line : lines_of(written.yaml))
    if (!line.starts_with('#')) lines.emplace_back(trim(line.substr(0, line.find("   #"))));
  for (const std::string& wanted : sample.yaml)
    EXPECT_NE(std::find(lines.begin(), lines.end(), wanted), lines.end()) << "missing: " << wanted << "\n"
                                                                          << written.yaml;
  for (const std::string& unwanted : sample.not_yaml)
    for (const std::string& line : lines) EXPECT_EQ(line.find(unwanted), std::string::npos) << written.yaml;
  check_remarks(written.remarks, Weight::decide, sample.decide, false);
  check_remarks(written.remarks, Weight::note, sample.note, true);
  check_is_read(written.yaml, files);
}

}  // namespace penstock::imports::test
