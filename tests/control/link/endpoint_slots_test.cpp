// tests/control/link/endpoint_slots_test.cpp - slots keep their numbers and contents over restarts of either
// process.
#include "control/link/endpoint_slots.h"

#include <gtest/gtest.h>

#include <set>

namespace penstock::control {
namespace {

using config::Health;

EndpointId id(const std::string& pool, const std::string& address) {
  return {pool, *config::parse_address(address)};
}

std::shared_ptr<config::EndpointStatePage> new_page() {
  return std::make_shared<config::EndpointStatePage>();
}

const EndpointId kA = id("studio", "10.16.1.10");
const EndpointId kB = id("studio", "10.16.2.10");
const EndpointId kOther = id("corporate", "10.16.1.10");
const EndpointId kV6 = id("studio", "fd00::1");

NextHop hop(uint8_t last) {
  NextHop next;
  next.mac = {2, 0, 0, 0, 0, last};
  next.vlan = 7;
  next.port = 1;
  next.source = *config::parse_address("10.0.0.1");
  return next;
}

TEST(EndpointSlots, OneSlotForEachAddressOfEachPool) {
  EndpointSlots slots;
  const auto given = slots.allocate({kA, kB, kOther, kV6});
  ASSERT_TRUE(given);
  std::set<config::EndpointSlot> numbers;
  for (const auto& [endpoint, slot] : *given) numbers.insert(slot);
  EXPECT_EQ(numbers.size(), 4U);
  EXPECT_EQ(*slots.allocate({kA, kB, kOther, kV6}), *given);
}

TEST(EndpointSlots, SurvivesARestartOfControl) {
  const auto page = new_page();
  EndpointSlots::Map before;
  {
    EndpointSlots old;
    old.attach(page);
    before = *old.allocate({kB, kA, kV6});
    old.set_health(kA, Health::down, config::kCaseRepeated, true);
    old.set_next_hop(kA, hop(9));
    old.set_drained(kB.address, true);
  }
  EndpointSlots fresh;
  (void)fresh.allocate({kA, kV6, kB});  // other numbers than the page has
  fresh.attach(page);
  const auto after = *fresh.allocate({kA, kV6, kB});
  EXPECT_EQ(after, before);
  const config::EndpointState a = page->slots[before[kA]].load();
  EXPECT_EQ(a.health, Health::down) << "what the last control knew holds until this one knows better";
  EXPECT_EQ(a.echoes_case, config::kCaseRepeated);
  EXPECT_EQ(a.errs, 1);
  EXPECT_EQ(a.reachable, 1);
  EXPECT_EQ(a.mac[5], 9);
  EXPECT_EQ(page->slots[before[kB]].load().drained, 1);
}

TEST(EndpointSlots, OwnKnowledgeWinsOverThePage) {
  const auto page = new_page();
  EndpointSlots old;
  old.attach(page);
  const auto numbers = *old.allocate({kA});
  old.set_health(kA, Health::down, config::kCaseRepeated, true);
  old.set_drained(kA.address, true);
  EndpointSlots fresh;
  (void)fresh.allocate({kA});
  fresh.set_health(kA, Health::up, config::kCaseChanged);
  fresh.set_next_hop(kA, hop(3));
  fresh.set_drained(kA.address, false);
  fresh.attach(page);
  const config::EndpointState a = page->slots[numbers.at(kA)].load();
  EXPECT_EQ(a.health, Health::up);
  EXPECT_EQ(a.echoes_case, config::kCaseChanged);
  EXPECT_EQ(a.errs, 0);
  EXPECT_EQ(a.mac[5], 3);
  EXPECT_EQ(a.drained, 0);
}

TEST(EndpointSlots, SurvivesARestartOfTheDataplane) {
  EndpointSlots slots;
  slots.attach(new_page());
  const auto before = *slots.allocate({kA, kB});
  slots.set_drained(kA.address, true);
  slots.set_next_hop(kB, hop(4));
  slots.detach();
  slots.set_health(kB, Health::up, config::kCaseRepeated);
  const auto page = new_page();
  slots.attach(page);
  EXPECT_EQ(*slots.allocate({kA, kB}), before);
  EXPECT_EQ(page->slots[before.at(kA)].load().drained, 1);
  EXPECT_EQ(page->slots[before.at(kB)].load().health, Health::up);
  EXPECT_EQ(page->slots[before.at(kB)].load().echoes_case, config::kCaseRepeated);
  EXPECT_EQ(page->slots[before.at(kB)].load().vlan, 7);
}

TEST(EndpointSlots, FreesOnlyWhenToldAndNotTheSameSlotAtOnce) {
  const auto page = new_page();
  EndpointSlots slots;
  slots.attach(page);
  const auto before = *slots.allocate({kA, kB});
  const auto both = *slots.allocate({kB, kV6});
  EXPECT_EQ(page->slots[before.at(kA)].load().family, 4) << "the running image still uses it";
  slots.release_all_but({kB, kV6});
  EXPECT_EQ(page->slots[before.at(kA)].load().family, 0);
  EXPECT_FALSE(slots.slot_of(kA));
  EXPECT_EQ(slots.slot_of(kB), before.at(kB));
  EXPECT_NE((*slots.allocate({kOther})).at(kOther), before.at(kA));
}

TEST(EndpointSlots, SaysWhenFull) {
  EndpointSlots slots;
  std::vector<EndpointId> many;
  for (uint32_t i = 0; i < config::kMaxEndpoints; ++i)
    many.push_back(id("p", "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)));
  ASSERT_TRUE(slots.allocate(many));
  const auto refused = slots.allocate({kA});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("1024"), std::string::npos);
  slots.release_all_but({many[5]});
  EXPECT_TRUE(slots.allocate({kA}));
}

TEST(EndpointSlots, SequenceIsEvenAfterAWriterDiedInside) {
  const auto page = new_page();
  page->sequence = 7;
  EndpointSlots slots;
  slots.attach(page);
  (void)slots.allocate({kA});
  EXPECT_EQ(page->sequence % 2, 0U);
  EXPECT_GT(page->sequence, 7U);
}

TEST(EndpointSlots, NoNextHopMeansUnreachable) {
  const auto page = new_page();
  EndpointSlots slots;
  slots.attach(page);
  const auto numbers = *slots.allocate({kA});
  slots.set_next_hop(kA, hop(1));
  slots.set_next_hop(kA, std::nullopt);
  const config::EndpointState a = page->slots[numbers.at(kA)].load();
  EXPECT_EQ(a.reachable, 0);
  EXPECT_EQ(a.mac[5], 0);
  slots.set_next_hop(kB, hop(1));  // has no slot: ignored
  EXPECT_FALSE(slots.slot_of(kB));
}

}  // namespace
}  // namespace penstock::control
