// dataplane/state/answers/answer_cache.h - answers that are remembered, of all lcores: one table in memory that is taken at start.
//
// Pages of 4 KiB, found by the hash of the question. A page holds entries of any size, packed, the oldest first, and a line
// that says where each lies. A reader takes no lock: it copies an entry out and looks whether the page's sequence is what it
// was. A writer owns the page while the sequence is odd; one that finds it so leaves, and the answer is not remembered: the
// next one will be. All words are read and written as relaxed atomics, so nothing is undefined about a copy that is thrown
// away.
//
// Room is made by frequency: each hit heats an entry, every 32 insertions into the page halve the heat of all, and the
// coldest goes, of equally cold ones the oldest. Names that are asked for once push out each other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "config/contract/image.h"
#include "config/contract/link.h"
#include "dataplane/dns/keep.h"
#include "dataplane/state/large_array.h"
#include "dataplane/state/question_key.h"

namespace penstock::state {

// What an answer is found by.
struct CacheKey {
  uint64_t hash = 0;              // hash_question(); all lcores have the same key for it
  uint64_t identity = 0;          // ImageRule::identity
  const uint8_t* name = nullptr;  // folded, as long as the question key says, and readable for 7 octets more
  QuestionKey question;           // but for its rule and generation
};

// The fixed part of an entry. Times in ns of the lcores' clock.
struct CacheEntry {
  uint64_t identity;
  uint64_t private_identity;  // that it is good for (ImageHeader); 0: for any
  uint64_t
      generation;  // of the rules when it was stored; the rule is an index in them. 0: find_by_generation() is not to
                   // find it
  uint64_t stored_at;
  uint64_t failed_at;  // the last time that the endpoints failed, 0: they have not since it was stored
  uint64_t asked_at;   // the last time that somebody undertook to ask again, 0: nobody has
  uint32_t failed_for_ms;
  uint16_t type;
  uint16_t query_class;
  config::EndpointSlot owner;  // whose share of the cache it is in: its pool's, by the slot of the first endpoint
  uint8_t bits;                // QuestionKey::bits
  uint8_t name_length;
  uint8_t failures;          // in a row; 0 as failed_at
  uint8_t failure;           // rcode
  dns::ExtendedError error;  // that came with the answer
  dns::KeptAnswer answer;    // ttl 0: there is none, only a failure
  config::RuleIndex rule;
};
static_assert(sizeof(CacheEntry) == 88 && alignof(CacheEntry) == 8);

// A copy of an entry, the reader's own.
struct Recalled {
  CacheEntry entry;
  dns::Kept kept;  // when the entry has an answer
  uint8_t heat;
};

// Is the name of an entry among those meant: any, `name` itself, or that and what is below it? Both folded, on the wire.
bool is_meant(config::FlushScope scope, std::span<const uint8_t> name, std::span<const uint8_t> entry);

// A page as it was between two writes, the reader's own: for whoever looks at all entries, beside the path.
struct PageCopy {
  alignas(64) std::array<uint64_t, 512> words;
};

enum class Stored : uint8_t { stored, renewed, no_room, busy };

class AnswerCache {
 public:
  static constexpr unsigned kPageSize = 4096;
  static constexpr unsigned kEntries = 16;  // of a page at most

  // `octets` are rounded down to pages. None: nothing is ever found or stored.
  explicit AnswerCache(uint64_t octets);

  bool enabled() const { return pages_count_ != 0; }
  void prefetch(uint64_t hash) const {
    if (pages_count_ == 0) return;
    const auto* page = reinterpret_cast<const char*>(&page_of(hash));
    __builtin_prefetch(page);
    __builtin_prefetch(page + 64);
  }
  // Is there an entry that is likely to be the one? It is fetched. prefetch() was called some time before.
  bool prefetch_entry(uint64_t hash) const;

  // Copies the entry of `key` out; false: there is none, or it is being written.
  bool find(const CacheKey& key, Recalled& recalled);
  // The same of an entry that was stored under the rules of the question key's generation, whichever rule it was.
  bool find_by_generation(const CacheKey& key, Recalled& recalled);

  // What goes with an answer that is stored.
  struct Origin {
    uint64_t now;               // ns
    uint64_t private_identity;  // as in CacheEntry
    config::EndpointSlot owner;
    uint32_t quota;          // octets / 1024 that the owner's entries may take, 0: all
    bool by_client = false;  // the rule of the name depends on who asks: only who knows the rule is to find the answer
  };
  Stored store(const CacheKey& key, const dns::Kept& kept, const Origin& origin);

  // There is a newer answer that cannot be stored: the entry goes, unless its records take more than `longest` octets. False: the
  // page is being written, and the entry may still be there.
  bool forget(const CacheKey& key, unsigned longest);

  // Notes that the endpoints failed: nobody is to ask them again for 1 s, twice as long each time, `longest` (ms) at most (RFC 9520
  // section 3.2). An answer that is there stays. Failures before `forgotten` (ns) count no more.
  Stored store_failure(const CacheKey& key, dns::Rcode rcode, uint64_t forgotten, unsigned longest,
                       const Origin& origin);

  // Whether the caller is the one to ask again for an entry: nobody has undertaken it since now - `pause` (ns).
  bool claim(const CacheKey& key, uint64_t now, uint64_t pause);

  // Forgets entries: all, those of a name, those of a name and what is below it (`name`: folded, on the wire). Not on the path:
  // waits for writers. How many there were.
  uint64_t flush(config::FlushScope scope, std::span<const uint8_t> name);

  // All entries, page by page, without a write: nobody waits, and no entry is heated.
  uint32_t pages() const { return pages_count_; }
  // How many entries the copy has; none also when the page was written each time that it was looked at.
  unsigned copy_page(uint32_t number, PageCopy& copy) const;
  // The entry `number` of a copy, its name (folded, on the wire) in `name`. False: the copy is damaged.
  static bool read(const PageCopy& copy, unsigned number, Recalled& recalled, std::array<uint8_t, 256>& name);

  // Of all pages, as last known.
  uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  uint64_t used() const { return units_.load(std::memory_order_relaxed) * kUnit; }  // octets
  uint64_t size() const { return uint64_t{pages_count_} * kPageSize; }              // octets
  uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

 private:
  static constexpr unsigned kUnit = 32;  // entries begin on one
  static constexpr unsigned kUnits = kPageSize / kUnit;

  struct alignas(64) Page {
    uint64_t words[kPageSize / 8];
  };
  // The first words of a page.
  struct PageHead {
    uint64_t sequence;
    uint8_t count;
    uint8_t end;        // unit behind the last entry, 0: as if there were none yet
    uint16_t inserted;  // since the heat was halved
    uint32_t reserved;
    uint16_t tags[kEntries];
    uint8_t first[kEntries];  // unit where it begins
    uint8_t units[kEntries];
    uint8_t heat[kEntries];
  };
  static_assert(sizeof(PageHead) == 96);
  static constexpr unsigned kHeadUnits = sizeof(PageHead) / kUnit;

  class Writer;

  template <typename IsEntry>
  bool find_if(const CacheKey& key, Recalled& recalled, IsEntry is_entry);

  static unsigned candidates(const Page& page, uint64_t hash);
  static size_t place(const Page& page, unsigned number);
  Page& page_of(uint64_t hash) const { return pages_[(hash >> 32) * pages_count_ >> 32]; }

  uint32_t pages_count_;
  LargeArray<Page> pages_;
  std::atomic<uint64_t> entries_{0};
  std::atomic<uint64_t> units_{0};
  std::atomic<uint64_t> evicted_{0};
  config::IndexedArray<config::EndpointSlot, std::atomic<uint32_t>, config::kMaxEndpoints> units_of_owner_{};
};

}  // namespace penstock::state
