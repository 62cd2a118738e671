// tests/dataplane/last_good_test.cpp - next hops on disk, for a dataplane that starts without control.
#include "dataplane/last_good.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

#include "dataplane/publish.h"
#include "dataplane/shared_pages.h"
#include "tests/dataplane/images.h"

namespace penstock::test {
namespace {

config::EndpointState some_state() {
  config::EndpointState state;
  state.address = {10, 16, 1, 10};
  state.pool_key = 0x1234567890abcdef;
  state.source = {192, 168, 10, 86};
  state.mac = {2, 0, 0, 0, 0, 0xe1};
  state.vlan = 7;
  state.family = 4;
  state.port = 1;
  state.reachable = 1;
  state.health = config::Health::down;
  state.drained = 1;
  return state;
}

TEST(LastGoodEndpoints, AreKeptButTheirHealthIsNot) {
  const TemporaryFolder folder;
  auto kept = SharedPages::create(1, 64).value();
  config::write_slots(kept->endpoints(), [](auto& slots) { slots[config::EndpointSlot{1023}].store(some_state()); });
  ASSERT_TRUE(save_endpoints(folder / "state", kept->endpoints()).has_value());

  auto fresh = SharedPages::create(1, 64).value();
  ASSERT_TRUE(load_endpoints(folder / "state", fresh->endpoints()).has_value());
  const config::EndpointState loaded = fresh->endpoints().slots[config::EndpointSlot{1023}].load();
  EXPECT_EQ(loaded.mac, some_state().mac);
  EXPECT_EQ(loaded.source, some_state().source);
  EXPECT_EQ(loaded.pool_key, some_state().pool_key);
  EXPECT_EQ(loaded.vlan, 7);
  EXPECT_EQ(loaded.reachable, 1);
  EXPECT_EQ(loaded.drained, 1);
  EXPECT_EQ(loaded.health, config::Health::unknown);
  EXPECT_EQ(fresh->endpoints().slots[config::EndpointSlot{0}].load().family, 0);
  EXPECT_EQ(fresh->endpoints().sequence.load() % 2, 0U);
  EXPECT_NE(fresh->endpoints().sequence.load(), 0U);  // lcores look again
}

TEST(LastGoodEndpoints, ADamagedFileIsRefusedAndChangesNothing) {
  const TemporaryFolder folder;
  auto pages = SharedPages::create(1, 64).value();
  EXPECT_FALSE(load_endpoints(folder.path, pages->endpoints()).has_value());
  ASSERT_TRUE(save_endpoints(folder.path, pages->endpoints()).has_value());
  const std::string path = folder / "last-good.endpoints";
  const auto whole = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, whole - 1);
  EXPECT_FALSE(load_endpoints(folder.path, pages->endpoints()).has_value());
  std::filesystem::resize_file(path, whole);
  EXPECT_TRUE(load_endpoints(folder.path, pages->endpoints()).has_value());  // the last byte was a zero
  const uint64_t before = pages->endpoints().sequence.load();
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(4000).put(0x55);
  EXPECT_FALSE(load_endpoints(folder.path, pages->endpoints()).has_value());
  EXPECT_EQ(pages->endpoints().sequence.load(), before);
}

TEST(LastGood, AnotherUsersIsNotLoaded) {
  const TemporaryFolder folder;
  auto pages = SharedPages::create(1, 64).value();
  ASSERT_TRUE(save_endpoints(folder.path, pages->endpoints()).has_value());
  const control::Compiled compiled = compile_text(kImageRules, 1);
  ASSERT_TRUE(save_last_good(folder.path, compiled.image).has_value());
  ASSERT_TRUE(LoadedRules::from_file(last_good_path(folder.path)).has_value());
  for (const char* name : {"last-good.image", "last-good.endpoints"})
    ASSERT_EQ(chown((folder / name).c_str(), 65534, 65534), 0) << "needs root";
  const auto loaded = LoadedRules::from_file(last_good_path(folder.path));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_NE(loaded.error().find("belongs to user 65534"), std::string::npos) << loaded.error();
  EXPECT_FALSE(load_endpoints(folder.path, pages->endpoints()).has_value());
}

}  // namespace
}  // namespace penstock::test
