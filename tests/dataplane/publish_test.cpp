// tests/dataplane/publish_test.cpp - the last good image on disk, and swaps under load: no reader ever sees rules that are gone.
#include "dataplane/publish.h"
#include "dataplane/last_good.h"

#include <gtest/gtest.h>
#include <rte_rcu_qsbr.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "dataplane/shared_pages.h"
#include "tests/dataplane/images.h"

namespace penstock::test {
namespace {

TEST(LastGood, IsKeptAndLoaded) {
  const TemporaryFolder folder;
  const std::string state = folder / "var/lib";
  for (const uint64_t generation : {1, 2}) {
    const control::Compiled compiled = compile_text(kImageRules, generation);
    ASSERT_TRUE(save_last_good(state, compiled.image).has_value());
    const auto loaded = LoadedRules::from_file(last_good_path(state));
    ASSERT_TRUE(loaded.has_value()) << loaded.error();
    EXPECT_EQ((*loaded)->ruleset().header().generation, generation);
    EXPECT_EQ((*loaded)->ruleset().header().checksum, compiled.checksum);
  }
  struct stat status {};
  ASSERT_EQ(stat(last_good_path(state).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(state), {}), 1);
}

TEST(LastGood, ADamagedFileIsRefused) {
  const TemporaryFolder folder;
  const std::string path = last_good_path(folder.path);
  EXPECT_FALSE(LoadedRules::from_file(path).has_value());
  ASSERT_TRUE(save_last_good(folder.path, compile_text(kImageRules, 1).image).has_value());
  const auto whole = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, whole - 1);
  EXPECT_FALSE(LoadedRules::from_file(path).has_value());
  std::filesystem::resize_file(path, whole);
  EXPECT_TRUE(LoadedRules::from_file(path).has_value());  // its last byte is padding
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(300).put(0x55);
  const auto refused = LoadedRules::from_file(path);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().find("checksum"), std::string::npos);
  std::filesystem::resize_file(path, 0);
  EXPECT_FALSE(LoadedRules::from_file(path).has_value());
}

// A folder that cannot be written leaves the old image and says which file.
TEST(LastGood, AFailureNamesTheFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "state") << "a file where the folder should be";
  const auto saved = save_last_good(folder / "state", compile_text(kImageRules, 1).image);
  ASSERT_FALSE(saved.has_value());
  EXPECT_NE(saved.error().find("last-good.image"), std::string::npos);
}

// Rules of odd generations forward a name that those of even ones refuse: a reader that saw one generation's header and
// another's zones, or memory that was unmapped, would show.
constexpr unsigned kReaders = 3;

struct Readers {
  std::atomic<bool> stop{false};
  std::atomic<unsigned> ready{0};
  std::atomic<uint64_t> wrong{0};
  std::array<std::atomic<uint64_t>, kReaders> seen{};

  // Reader i, until it is to stop.
  void read(Publisher& publisher, unsigned i);
};

void Readers::read(Publisher& publisher, unsigned i) {
  dns::FoldedName name;
  const std::string wire = config::parse_name("d-1.studio.us-east-1.sagemaker.aws").value();
  dns::parse_name({reinterpret_cast<const uint8_t*>(wire.data()), wire.size()}, name);
  rte_rcu_qsbr* qsbr = publisher.qsbr();
  rte_rcu_qsbr_thread_register(qsbr, i);
  rte_rcu_qsbr_thread_online(qsbr, i);
  ready.fetch_add(1);
  for (unsigned turn = 0; !stop.load(std::memory_order_relaxed); ++turn) {
    if (const tables::Ruleset* rules = publisher.current(); rules != nullptr) {
      const uint64_t generation = rules->header().generation;
      tables::Probe probe;
      rules->zones().prepare(name, probe);
      const tables::Match match = rules->zones().match(name, probe);
      const auto action = static_cast<config::Action>(rules->rule(match.rule).action);
      const auto expected = generation % 2 == 1 ? config::Action::forward : config::Action::refused;
      if (action != expected || generation < seen[i].load(std::memory_order_relaxed)) wrong.fetch_add(1);
      seen[i].store(generation, std::memory_order_relaxed);
    }
    rte_rcu_qsbr_quiescent(qsbr, i);
    if (turn % 64 == 0) {  // sleeping, as an idle lcore does
      rte_rcu_qsbr_thread_offline(qsbr, i);
      std::this_thread::yield();
      rte_rcu_qsbr_thread_online(qsbr, i);
    }
  }
  rte_rcu_qsbr_thread_offline(qsbr, i);
  rte_rcu_qsbr_thread_unregister(qsbr, i);
}

TEST(Publisher, SwapsUnderLoad) {
  constexpr uint64_t kGenerations = 300;
  const auto pages = SharedPages::create(kReaders, 64).value();
  Publisher publisher(kReaders, pages->counters());
  std::string other = kImageRules;
  other.replace(other.find("{zone: studio.us-east-1.sagemaker.aws, pool: vpc}"), 49,
                "{zone: studio.us-east-1.sagemaker.aws, answer: refused}");

  Readers readers;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kReaders; ++i) threads.emplace_back([&, i] { readers.read(publisher, i); });
  while (readers.ready.load() != kReaders) std::this_thread::yield();
  for (uint64_t generation = 1; generation <= kGenerations; ++generation) {
    control::Compiled compiled = compile_text(generation % 2 == 1 ? kImageRules : other, generation);
    const FileDescriptor memfd = memfd_of(compiled.image);
    auto loaded = LoadedRules::from_memfd(memfd.fd, compiled.image.size());
    ASSERT_TRUE(loaded.has_value()) << loaded.error();
    publisher.publish(std::move(*loaded));
    ASSERT_EQ(publisher.current()->header().generation, generation);
    ASSERT_EQ(pages->counters().generation.get(), generation);
  }
  readers.stop.store(true);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(readers.wrong.load(), 0U);
  EXPECT_EQ(pages->counters().images_accepted.get(), kGenerations);
  uint64_t latest = 0;
  for (const auto& generation : readers.seen) latest = std::max(latest, generation.load());
  EXPECT_GT(latest, 0U);
}

}  // namespace
}  // namespace penstock::test
