// tests/dataplane/net/eal_test.cpp - EAL's arguments from our configuration.
#include "dataplane/net/eal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <algorithm>

namespace penstock::net {
namespace {

constexpr Hugepages kNone{0, 2 << 20};

std::string joined(const std::vector<std::string>& arguments) {
  std::string text;
  for (const auto& argument : arguments) text += argument + " ";
  return text;
}

struct Case {
  const char* description;
  EalOptions options;
  Hugepages pages;
  std::vector<std::string> has;
  std::vector<std::string> has_not;
};

const Case kArguments[] = {
    {.description = "one polling lcore on two CPUs is pinned",
     .options = {.program = "x", .polling_lcores = 1, .cpus = {0, 1}, .memory_bytes = 64 << 20, .pci = {}, .extra = {}},
     .pages = kNone,
     .has = {"--lcores=0@(0,1),1@0 ", "--main-lcore=0 ", "--no-telemetry "},
     .has_not = {"--in-memory"}},
    {.description = "as many lcores as CPUs: one a CPU, by the CPUs that we may use",
     .options = {.program = "x", .polling_lcores = 2, .cpus = {4, 6}, .memory_bytes = 64 << 20, .pci = {}, .extra = {}},
     .pages = kNone,
     .has = {"--lcores=0@(4,6),1@4,2@6 "},
     .has_not = {}},
    {.description = "more lcores than CPUs float over them",
     .options = {.program = "x", .polling_lcores = 4, .cpus = {0, 1}, .memory_bytes = 64 << 20, .pci = {}, .extra = {}},
     .pages = kNone,
     .has = {"--lcores=0@(0,1),(1-4)@(0,1) "},
     .has_not = {}},
    {.description = "no hugepages: ordinary memory, as much as asked for",
     .options =
         {.program = "x", .polling_lcores = 1, .cpus = {0}, .memory_bytes = (100 << 20) + 1, .pci = {}, .extra = {}},
     .pages = kNone,
     .has = {"--no-huge --no-shconf -m 101 ", "--no-pci ", "--iova-mode=va "},
     .has_not = {"--in-memory"}},
    {.description = "too few hugepages count as none",
     .options = {.program = "x", .polling_lcores = 1, .cpus = {0}, .memory_bytes = 64 << 20, .pci = {}, .extra = {}},
     .pages = {31, 2 << 20},
     .has = {"--no-huge "},
     .has_not = {"--in-memory"}},
    {.description = "enough hugepages are used",
     .options = {.program = "x", .polling_lcores = 1, .cpus = {0}, .memory_bytes = 64 << 20, .pci = {}, .extra = {}},
     .pages = {32, 2 << 20},
     .has = {"--in-memory "},
     .has_not = {"--no-huge", "-m "}},
    {.description = "a PCI port: this device and no other, addresses as its driver needs them",
     .options = {.program = "x",
                 .polling_lcores = 1,
                 .cpus = {0},
                 .memory_bytes = 64 << 20,
                 .pci = {"0000:3b:00.0", "0000:3b:00.1"},
                 .extra = {}},
     .pages = kNone,
     .has = {"-a 0000:3b:00.0 -a 0000:3b:00.1 "},
     .has_not = {"--no-pci", "--iova-mode"}},
    {.description = "the user's own arguments come last",
     .options = {.program = "x",
                 .polling_lcores = 1,
                 .cpus = {0},
                 .memory_bytes = 64 << 20,
                 .pci = {},
                 .extra = {"--log-level=pmd:debug"}},
     .pages = kNone,
     .has = {"--iova-mode=va --log-level=pmd:debug "},
     .has_not = {}},
};

TEST(EalArguments, FollowConfiguration) {
  for (const auto& [description, options, pages, has, has_not] : kArguments) {
    const auto text = joined(eal_arguments(options, pages, 4711));
    for (const auto& part : has) EXPECT_NE(text.find(part), std::string::npos) << description << ": " << text;
    for (const auto& part : has_not) EXPECT_EQ(text.find(part), std::string::npos) << description << ": " << text;
  }
}

TEST(EalArguments, PrefixIsTheProcessOwn) {
  const EalOptions options;
  EXPECT_NE(eal_arguments(options, kNone, 1), eal_arguments(options, kNone, 2));
}

// A process that has ended and was waited for: nobody has its id.
int dead_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

TEST(EalFolders, ThoseOfTheDeadAreRemovedAndNoOthers) {
  namespace fs = std::filesystem;
  char place[] = "/tmp/penstock-eal-XXXXXX";
  const fs::path runtime = mkdtemp(place);
  const std::string dead = "penstock-" + std::to_string(dead_process());
  const std::vector<std::string> stay = {
      "penstock-" + std::to_string(getpid()), "penstock-1", "penstock-", "penstock-x12", "rte", dead + "x",
      "penstock-12345678901234567890"};
  for (const std::string& name : stay) fs::create_directory(runtime / name);
  fs::create_directory(runtime / dead);
  std::ofstream(runtime / dead / "fbarray_memzone") << "left";
  // By somebody whose process ids are others.
  const std::string held = "penstock-" + std::to_string(dead_process());
  fs::create_directory(runtime / held);
  const int fd = open((runtime / held).c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(fd, LOCK_SH), 0);
  // Nothing behind a link is ours.
  const fs::path outside = std::string(place) + ".outside";
  fs::create_directory(outside);
  const std::string link = "penstock-" + std::to_string(dead_process());
  fs::create_directory_symlink(outside, runtime / link);

  EXPECT_EQ(remove_left_folders(runtime.string()), 1U);
  EXPECT_FALSE(fs::exists(runtime / dead));
  for (const std::string& name : stay) EXPECT_TRUE(fs::exists(runtime / name)) << name;
  EXPECT_TRUE(fs::exists(runtime / held));
  EXPECT_TRUE(fs::exists(outside));
  close(fd);
  EXPECT_EQ(remove_left_folders(runtime.string()), 1U) << "once it is let go";
  EXPECT_EQ(remove_left_folders((runtime / "none").string()), 0U);
  fs::remove_all(runtime);
  fs::remove_all(outside);
}

TEST(EalArguments, LcoresOutOfRangeAreAnError) {
  EXPECT_FALSE(start_eal({.polling_lcores = 0, .cpus = {}, .pci = {}, .extra = {}}));
  EXPECT_FALSE(start_eal({.polling_lcores = 1000, .cpus = {}, .pci = {}, .extra = {}}));
}

}  // namespace
}  // namespace penstock::net
