// tests/dataplane/state/answers/answer_cache_test.cpp - the table of remembered answers against a naive map, its limits, and lcores at once.
#include "dataplane/state/answers/answer_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace penstock::state {
namespace {

// "\3abc\7example\0"
std::string wire(const std::string& label) {
  return std::string(1, static_cast<char>(label.size())) + label + std::string("\7example\0", 9);
}

struct Question {
  std::string name;
  uint64_t identity = 1;
  uint16_t type = 1;

  auto operator<=>(const Question&) const = default;
  CacheKey key() const {
    static thread_local std::array<uint8_t, 264> octets_of_last;
    uint8_t* octets = octets_of_last.data();
    std::copy(name.begin(), name.end(), octets);
    return {.hash = wide_hash_octets(type, octets, static_cast<unsigned>(name.size())),
            .identity = identity,
            .name = octets,
            .question = {.type = type, .query_class = 1, .name_length = static_cast<uint8_t>(name.size())}};
  }
};

// An answer that says its own number all over.
dns::Kept answer_of(uint32_t number, unsigned length, unsigned records = 3) {
  dns::Kept kept{};
  kept.answer.ttl = 1 + number % 1000;
  kept.answer.flags = static_cast<uint16_t>(number & 0x2f);
  kept.answer.body_length = static_cast<uint16_t>(length);
  kept.answer.records = static_cast<uint8_t>(records);
  for (unsigned i = 0; i < records; ++i) kept.ttl_at[i] = static_cast<uint16_t>(number + i);
  for (unsigned i = 0; i < length; ++i) kept.body[i] = static_cast<uint8_t>(number * 31 + i);
  return kept;
}
bool says(const Recalled& recalled, uint32_t number, unsigned length, unsigned records = 3) {
  const dns::Kept expected = answer_of(number, length, records);
  return std::memcmp(&recalled.kept.answer, &expected.answer, sizeof expected.answer) == 0 &&
         std::memcmp(recalled.kept.ttl_at.data(), expected.ttl_at.data(), records * sizeof(uint16_t)) == 0 &&
         std::memcmp(recalled.kept.body.data(), expected.body.data(), length) == 0;
}

AnswerCache::Origin at(uint64_t now, uint16_t owner = 0, uint32_t quota = 0) {
  return {.now = now, .private_identity = 0, .owner = config::EndpointSlot{owner}, .quota = quota};
}

struct Known {
  uint32_t number = 0;
  unsigned length = 0, records = 0;
  uint64_t failed_at = 0;
  unsigned failures = 0;
  bool has_answer = false;
};

// What the cache was told, and what it may say of it.
struct NaiveMap {
  AnswerCache& cache;
  std::map<Question, Known> known = {};
  unsigned found = 0, flushed = 0;

  void store(const Question& question, const Known& next, uint64_t now) {
    const Stored stored = cache.store(question.key(), answer_of(next.number, next.length, next.records),
                                      at(now, static_cast<uint16_t>(question.identity)));
    ASSERT_TRUE(stored == Stored::stored || stored == Stored::renewed);
    known[question] = next;
  }
  void fail(const Question& question, uint64_t now) {
    ASSERT_NE(cache.store_failure(question.key(), dns::Rcode::servfail, 0, 30'000, at(now)), Stored::busy);
    known[question].failed_at = now;
    ++known[question].failures;
  }
  // Only what is short enough to have been cut.
  void forget(const Question& question, unsigned longest) {
    ASSERT_TRUE(cache.forget(question.key(), longest));
    if (const auto one = known.find(question); one != known.end() && one->second.length <= longest) known.erase(one);
  }
  void flush(config::FlushScope scope, const std::string& name) {
    flushed += cache.flush(scope, {reinterpret_cast<const uint8_t*>(name.data()), name.size()}) != 0 ? 1 : 0;
    std::erase_if(known, [&](const auto& entry) {
      return scope == config::FlushScope::all || (scope == config::FlushScope::zone && name.size() == 9) ||
             entry.first.name == name;
    });
  }
  void find(const Question& question) {
    Recalled recalled;
    const bool is_there = cache.find(question.key(), recalled);
    if (!is_there) return;  // it may have made room
    ++found;
    const auto expected = known.find(question);
    ASSERT_NE(expected, known.end()) << question.name;
    const Known& one = expected->second;
    // An entry that was pushed out and came back as a failure has no answer any more.
    ASSERT_LE(recalled.entry.answer.ttl != 0, one.has_answer);
    if (recalled.entry.answer.ttl != 0) {
      ASSERT_TRUE(says(recalled, one.number, one.length, one.records)) << question.name;
    }
    ASSERT_EQ(recalled.entry.failed_at, one.failed_at);
    ASSERT_LE(recalled.entry.failures, one.failures);
  }
  void step(unsigned number, uint64_t now, std::mt19937& random) {
    const Question question{wire("n" + std::to_string(random() % 700)), 1 + random() % 2,
                            static_cast<uint16_t>(1 + random() % 2 * 27)};
    const unsigned what = random() % 100;
    if (what < 35) {
      const auto length = static_cast<unsigned>(random() % (what < 3 ? 1440 : 200));
      const auto records = static_cast<unsigned>(random() % 6);
      store(question, {.number = number, .length = length, .records = records, .has_answer = true}, now);
    } else if (what < 45) {
      fail(question, now);
    } else if (what < 48) {
      forget(question, random() % 2 == 0 ? 100 : ~0U);
    } else if (what == 99 && number % 7 == 0) {
      const auto scope = static_cast<config::FlushScope>(random() % 3);
      const bool is_whole_zone = scope == config::FlushScope::zone && number % 2 == 0;
      flush(scope, is_whole_zone ? std::string("\7example\0", 9) : question.name);
    } else {
      find(question);
    }
  }
};

// Each entry of the copies, by its name and type: how often it is there.
std::map<std::pair<std::string, uint16_t>, unsigned> copied(const AnswerCache& cache) {
  std::map<std::pair<std::string, uint16_t>, unsigned> seen;
  PageCopy page;
  Recalled recalled;
  std::array<uint8_t, 256> name;
  for (uint32_t number = 0; number < cache.pages(); ++number)
    for (unsigned i = 0, count = cache.copy_page(number, page); i < count; ++i) {
      EXPECT_TRUE(AnswerCache::read(page, i, recalled, name));
      ++seen[{std::string(name.begin(), name.begin() + recalled.entry.name_length), recalled.entry.type}];
    }
  return seen;
}

TEST(AnswerCache, ACopyHasWhatIsFound) {
  AnswerCache cache(1 << 16);
  std::vector<Question> stored;
  for (unsigned i = 0; i < 150; ++i) {
    stored.push_back({.name = wire("n" + std::to_string(i)), .type = static_cast<uint16_t>(1 + i % 3)});
    cache.store(stored.back().key(), answer_of(i, 40 + i), at(i + 1));
  }
  auto seen = copied(cache);
  unsigned found = 0;
  Recalled recalled;
  for (const Question& question : stored) {
    if (!cache.find(question.key(), recalled)) continue;  // it has made room
    ++found;
    EXPECT_EQ(seen[std::pair(question.name, question.type)], 1U) << question.name;
  }
  EXPECT_EQ(found, cache.entries());
  EXPECT_EQ(seen.size(), cache.entries());
  EXPECT_TRUE(copied(AnswerCache(0)).empty());
}

TEST(AnswerCache, ADamagedCopyIsNotRead) {
  PageCopy page;
  Recalled recalled;
  std::array<uint8_t, 256> name;
  std::mt19937_64 random(7);
  unsigned refused = 0;
  for (unsigned round = 0; round < 2000; ++round) {
    for (uint64_t& word : page.words) word = random();
    for (unsigned i = 0; i < AnswerCache::kEntries; ++i) refused += AnswerCache::read(page, i, recalled, name) ? 0 : 1;
  }
  EXPECT_GT(refused, 1000U);
}

TEST(AnswerCache, FindsWhatANaiveMapFindsOrNothing) {
  std::mt19937 random(11);
  for (const uint64_t size : {4096U, 65536U, 1U << 25}) {
    AnswerCache cache(size);
    NaiveMap naive{cache};
    for (unsigned step = 0; step < 60'000; ++step) {
      ASSERT_NO_FATAL_FAILURE(naive.step(step, step + 2, random)) << step;
    }
    EXPECT_GT(naive.found, 100U) << size;
    EXPECT_GT(naive.flushed, 5U);
    if (size == 1U << 25) {
      EXPECT_EQ(cache.evicted(), 0U);
      Recalled recalled;
      for (const auto& [question, one] : naive.known) {
        EXPECT_TRUE(cache.find(question.key(), recalled)) << question.name;
      }
      EXPECT_EQ(cache.entries(), naive.known.size());
    }
    cache.flush(config::FlushScope::all, {});
    EXPECT_EQ(cache.entries(), 0U);
    EXPECT_EQ(cache.used(), 0U);
  }
}

TEST(AnswerCache, TheColdestGoesFirst) {
  AnswerCache cache(4096);
  Recalled recalled;
  const Question hot{wire("hot")};
  cache.store(hot.key(), answer_of(1, 100), at(1));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.find(hot.key(), recalled));
  for (int i = 0; i < 60; ++i) cache.store(Question{wire("n" + std::to_string(i))}.key(), answer_of(2, 100), at(2));
  EXPECT_TRUE(cache.find(hot.key(), recalled));  // cooled once or twice
  EXPECT_LT(recalled.heat, 3);
  for (int i = 0; i < 200; ++i) cache.store(Question{wire("m" + std::to_string(i))}.key(), answer_of(2, 100), at(2));
  EXPECT_FALSE(cache.find(hot.key(), recalled));  // nobody asked for it for long
}

TEST(AnswerCache, AnOwnerHasNoMoreThanItsShare) {
  AnswerCache cache(1 << 20);
  for (int i = 0; i < 2000; ++i)
    cache.store(Question{wire("a" + std::to_string(i))}.key(), answer_of(1, 100), at(1, 3, 64));
  EXPECT_LE(cache.used(), 64U * 1024);
  EXPECT_GT(cache.used(), 60U * 1024);
  const uint64_t used = cache.used();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(cache.store(Question{wire("b" + std::to_string(i))}.key(), answer_of(1, 100), at(1, 4)), Stored::stored);
  EXPECT_GT(cache.used(), used + 100 * 200);
}

TEST(AnswerCache, OneAsksForAll) {
  AnswerCache cache(4096);
  const Question question{wire("x")};
  EXPECT_FALSE(cache.claim(question.key(), 10, 5));
  cache.store(question.key(), answer_of(1, 10), at(1));
  EXPECT_TRUE(cache.claim(question.key(), 10, 5));
  EXPECT_FALSE(cache.claim(question.key(), 14, 5));
  EXPECT_TRUE(cache.claim(question.key(), 15, 5));
}

TEST(AnswerCache, WithoutMemoryNothingIsRemembered) {
  AnswerCache cache(0);
  Recalled recalled;
  const Question question{wire("x")};
  EXPECT_FALSE(cache.enabled());
  EXPECT_EQ(cache.store(question.key(), answer_of(1, 10), at(1)), Stored::no_room);
  EXPECT_FALSE(cache.find(question.key(), recalled));
  EXPECT_EQ(cache.flush(config::FlushScope::all, {}), 0U);
}

// Few pages, so that all write to the same: whoever finds something finds it whole.
TEST(AnswerCache, ManyAtOnce) {
  AnswerCache cache(4 * 4096);
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> found = 0, stored = 0, torn = 0, copies = 0;
  std::vector<std::thread> lcores;
  for (unsigned lcore = 0; lcore < 4; ++lcore)
    lcores.emplace_back([&, lcore] {
      std::mt19937 random(lcore);
      auto recalled = std::make_unique<Recalled>();
      for (unsigned step = 0; step < 60'000; ++step) {
        const uint32_t number = random() % 64;
        const Question question{wire("n" + std::to_string(number))};
        // What is stored under a name is always one of its own: the number in the flags' place tells.
        const unsigned length = 20 + number * 7 % 300;
        if (random() % 3 == 0) {
          const Stored outcome = cache.store(question.key(), answer_of(number, length), at(step + 1));
          if (outcome != Stored::busy) ++stored;
        } else if (cache.find(question.key(), *recalled)) {
          ++found;
          if (!says(*recalled, number, length)) ++torn;
        }
      }
    });
  std::thread flusher([&] {
    while (!stop) cache.flush(config::FlushScope::name, {});
  });
  // Who reads all of it sees whole entries, too.
  std::thread browser([&] {
    auto page = std::make_unique<PageCopy>();
    auto recalled = std::make_unique<Recalled>();
    std::array<uint8_t, 256> name;
    while (!stop)
      for (uint32_t at = 0; at < cache.pages(); ++at)
        for (unsigned i = 0, count = cache.copy_page(at, *page); i < count; ++i) {
          ++copies;
          if (!AnswerCache::read(*page, i, *recalled, name)) ++torn;
          const auto number = static_cast<uint32_t>(std::atoi(reinterpret_cast<const char*>(name.data()) + 2));
          if (!says(*recalled, number, 20 + number * 7 % 300)) ++torn;
        }
  });
  for (std::thread& lcore : lcores) lcore.join();
  stop = true;
  flusher.join();
  browser.join();
  EXPECT_GT(copies, 100U);
  EXPECT_EQ(torn, 0U);
  EXPECT_GT(found, 1000U);
  EXPECT_GT(stored, 1000U);
}

}  // namespace
}  // namespace penstock::state
