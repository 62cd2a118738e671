// dataplane/state/answers/answer_cache.cpp - pages of packed answers, read under a sequence number. Long because reader, writer and making room
// hold one protocol, and are read together.
#include "dataplane/state/answers/answer_cache.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace penstock::state {
namespace {

constexpr uint8_t kHottest = 15;
constexpr uint16_t kInsertionsToCool = 32;
constexpr unsigned kReads = 4;    // of a page that is being written
constexpr unsigned kTries = 256;  // to write it: more than a writer needs, unless it has been put to sleep

// Between a page and memory of one's own, whole words.
void load_words(const uint64_t* from, void* to, size_t count) {
  auto* out = static_cast<uint8_t*>(to);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t word = std::atomic_ref(const_cast<uint64_t&>(from[i])).load(std::memory_order_relaxed);
    std::memcpy(out + i * 8, &word, 8);
  }
}
void store_words(uint64_t* to, const void* from, size_t count) {
  const auto* in = static_cast<const uint8_t*>(from);
  for (size_t i = 0; i < count; ++i) {
    uint64_t word = 0;
    std::memcpy(&word, in + i * 8, 8);
    std::atomic_ref(to[i]).store(word, std::memory_order_relaxed);
  }
}

constexpr size_t words_for(size_t octets) {
  return (octets + 7) / 8;
}

// Name, TTL offsets and body follow the fixed part, each from a word on.
struct Layout {
  size_t name;  // words from the start of the entry; so are the others
  size_t ttl_at;
  size_t body;
  size_t end;
};
Layout layout_of(const CacheEntry& entry) {
  Layout layout{};
  layout.name = sizeof(CacheEntry) / 8;
  layout.ttl_at = layout.name + words_for(entry.name_length);
  layout.body = layout.ttl_at + words_for(entry.answer.records * sizeof(uint16_t));
  layout.end = layout.body + words_for(entry.answer.body_length);
  return layout;
}

constexpr size_t kNameRoom = 256;
constexpr size_t kTtlRoom = 512;
static_assert(sizeof(dns::Kept::ttl_at) == kTtlRoom && sizeof(dns::Kept::body) % 8 == 0);
static_assert(96 + sizeof(CacheEntry) + kNameRoom + kTtlRoom + dns::kLongestBody + 64 <= 4096, "fits a page");

uint16_t tag_of(uint64_t hash) {
  return static_cast<uint16_t>(hash);
}

bool is_question_of(const CacheEntry& entry, const CacheKey& key) {
  return entry.type == key.question.type && entry.query_class == key.question.query_class &&
         entry.bits == key.question.bits && entry.name_length == key.question.name_length;
}

bool is_entry_of(const CacheEntry& entry, const CacheKey& key) {
  return entry.identity == key.identity && is_question_of(entry, key);
}

// Word by word, of the last one only what is the name's.
bool is_name(const uint64_t* at, const CacheKey& key) {
  const unsigned length = key.question.name_length;
  uint64_t differ = 0;
  unsigned done = 0;
  for (; done + 8 <= length; done += 8) {
    uint64_t word = 0;
    std::memcpy(&word, key.name + done, 8);
    differ |= word ^ std::atomic_ref(const_cast<uint64_t&>(at[done / 8])).load(std::memory_order_relaxed);
  }
  if (done == length) return differ == 0;
  uint64_t last = 0;
  std::memcpy(&last, key.name + done, 8);
  last ^= std::atomic_ref(const_cast<uint64_t&>(at[done / 8])).load(std::memory_order_relaxed);
  return (differ | (last & ((uint64_t{1} << (length - done) * 8) - 1))) == 0;
}

}  // namespace

// A page that is this writer's alone until the end of its life.
class AnswerCache::Writer {
 public:
  Writer(AnswerCache& cache, Page& page, unsigned tries) : cache_(cache), page_(page) {
    std::atomic_ref sequence(page.words[0]);
    for (unsigned i = 0; i < tries && !owns_; ++i) {
      if (i != 0) _mm_pause();
      uint64_t seen = sequence.load(std::memory_order_relaxed);
      owns_ = (seen & 1) == 0 && sequence.compare_exchange_strong(seen, seen + 1, std::memory_order_acquire);
    }
    if (!owns_) return;
    // What is written from here on is not seen by whoever still reads the even number.
    std::atomic_thread_fence(std::memory_order_release);
    load_words(page.words, &head_, sizeof(PageHead) / 8);
  }
  ~Writer() {
    if (!owns_) return;
    store_words(page_.words + 1, reinterpret_cast<const uint8_t*>(&head_) + 8, sizeof(PageHead) / 8 - 1);
    std::atomic_ref(page_.words[0]).store(head_.sequence + 1, std::memory_order_release);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  bool owns() const { return owns_; }
  unsigned count() const { return head_.count; }
  uint8_t& heat(unsigned number) { return head_.heat[number]; }

  CacheEntry entry(unsigned number) const {
    CacheEntry entry;
    load_words(words(number), &entry, sizeof entry / 8);
    return entry;
  }
  void put(unsigned number, const CacheEntry& entry) { store_words(words(number), &entry, sizeof entry / 8); }

  std::span<const uint8_t> name(unsigned number, const CacheEntry& entry, std::array<uint8_t, kNameRoom>& room) const {
    load_words(words(number) + layout_of(entry).name, room.data(), words_for(entry.name_length));
    return {room.data(), entry.name_length};
  }

  // kEntries: there is none.
  unsigned find(const CacheKey& key) const {
    for (unsigned i = 0; i < head_.count; ++i)
      if (head_.tags[i] == tag_of(key.hash) && is_entry_of(entry(i), key) &&
          is_name(words(i) + sizeof(CacheEntry) / 8, key))
        return i;
    return kEntries;
  }

  void remove(unsigned number) {
    const CacheEntry gone = entry(number);
    const unsigned units = head_.units[number];
    const unsigned from = head_.first[number] + units;
    for (size_t i = from * kUnit / 8; i < size_t{head_.end} * kUnit / 8; ++i)
      std::atomic_ref(page_.words[i - units * kUnit / 8])
          .store(std::atomic_ref(page_.words[i]).load(std::memory_order_relaxed), std::memory_order_relaxed);
    for (unsigned i = number; i + 1 < head_.count; ++i) {
      head_.tags[i] = head_.tags[i + 1];
      head_.first[i] = static_cast<uint8_t>(head_.first[i + 1] - units);
      head_.units[i] = head_.units[i + 1];
      head_.heat[i] = head_.heat[i + 1];
    }
    --head_.count;
    head_.end = static_cast<uint8_t>(head_.end - units);
    cache_.entries_.fetch_sub(1, std::memory_order_relaxed);
    cache_.units_.fetch_sub(units, std::memory_order_relaxed);
    cache_.units_of_owner_[gone.owner].fetch_sub(units, std::memory_order_relaxed);
  }

  // Drops what is coldest until an entry of so many units fits. False: the owner has its share, and nothing here to give up.
  bool make_room(unsigned units, config::EndpointSlot owner, uint32_t quota) {
    for (;;) {
      const uint32_t owned = cache_.units_of_owner_[owner].load(std::memory_order_relaxed) + units;
      const bool is_over = quota != 0 && uint64_t{owned} * kUnit > uint64_t{quota} * 1024;
      if (!is_over && head_.count < kEntries && head_.end + units <= kUnits) return true;
      unsigned coldest = kEntries;
      for (unsigned i = 0; i < head_.count; ++i)
        if ((!is_over || entry(i).owner == owner) && (coldest == kEntries || head_.heat[i] < head_.heat[coldest]))
          coldest = i;
      if (coldest == kEntries) return false;
      remove(coldest);
      cache_.evicted_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  void cool() {
    if (++head_.inserted < kInsertionsToCool) return;
    head_.inserted = 0;
    for (uint8_t& heat : head_.heat) heat /= 2;
  }

  // Behind the last one. There is room.
  uint64_t* append(uint64_t hash, const CacheEntry& entry, unsigned units, uint8_t heat) {
    if (head_.end == 0) head_.end = kHeadUnits;
    const unsigned number = head_.count++;
    head_.tags[number] = tag_of(hash);
    head_.first[number] = head_.end;
    head_.units[number] = static_cast<uint8_t>(units);
    head_.heat[number] = heat;
    head_.end = static_cast<uint8_t>(head_.end + units);
    put(number, entry);
    cache_.entries_.fetch_add(1, std::memory_order_relaxed);
    cache_.units_.fetch_add(units, std::memory_order_relaxed);
    cache_.units_of_owner_[entry.owner].fetch_add(units, std::memory_order_relaxed);
    return words(number);
  }

 private:
  uint64_t* words(unsigned number) const { return page_.words + size_t{head_.first[number]} * kUnit / 8; }

  AnswerCache& cache_;
  Page& page_;
  PageHead head_{};
  bool owns_ = false;
};

// The entries that have the tag, as bits.
unsigned AnswerCache::candidates(const Page& page, uint64_t hash) {
  static_assert(sizeof(PageHead::tags) == 32);
  // In registers all the way: a wide load behind narrow stores would wait for them.
  const auto word = [&](size_t number) {
    return static_cast<int64_t>(
        std::atomic_ref(const_cast<uint64_t&>(page.words[number])).load(std::memory_order_relaxed));
  };
  constexpr size_t kTags = offsetof(PageHead, tags) / 8;
  const unsigned count = std::min<unsigned>(word(1) & 0xff, kEntries);
  const __m128i wanted = _mm_set1_epi16(static_cast<int16_t>(tag_of(hash)));
  const auto compare = [&](size_t number) {
    const __m128i tags = _mm_unpacklo_epi64(_mm_cvtsi64_si128(word(number)), _mm_cvtsi64_si128(word(number + 1)));
    return _mm_cmpeq_epi16(tags, wanted);
  };
  const __m128i equal = _mm_packs_epi16(compare(kTags), compare(kTags + 2));
  const auto bits = static_cast<unsigned>(_mm_movemask_epi8(equal));
  return bits & ((1U << count) - 1);
}

// The word of the page where an entry begins.
size_t AnswerCache::place(const Page& page, unsigned number) {
  const size_t word = offsetof(PageHead, first) / 8 + number / 8;
  uint64_t first = 0;
  load_words(page.words + word, &first, 1);
  return (first >> number % 8 * 8 & 0xff) * kUnit / 8;
}

bool AnswerCache::prefetch_entry(uint64_t hash) const {
  if (pages_count_ == 0) return false;
  const Page& page = page_of(hash);
  const unsigned bits = candidates(page, hash);
  if (bits == 0) return false;
  const auto* entry = reinterpret_cast<const char*>(
      page.words + place(page, static_cast<unsigned>(std::countr_zero(bits))) % (kPageSize / 8));
  for (unsigned line = 0; line < 4; ++line) __builtin_prefetch(entry + size_t{line} * 64);
  return true;
}

template <typename IsEntry>
bool AnswerCache::find_if(const CacheKey& key, Recalled& recalled, IsEntry is_entry) {
  if (pages_count_ == 0) return false;
  Page& page = page_of(key.hash);
  const std::atomic_ref sequence(page.words[0]);
  for (unsigned read = 0; read < kReads; ++read) {
    const uint64_t before = sequence.load(std::memory_order_acquire);
    if ((before & 1) != 0) continue;
    bool found = false;
    unsigned number = 0;
    // Nothing that was read is to be relied on before the sequence was looked at again: every place is checked.
    for (unsigned bits = candidates(page, key.hash); bits != 0 && !found; bits &= bits - 1) {
      number = static_cast<unsigned>(std::countr_zero(bits));
      const size_t at = place(page, number);
      const size_t room = kPageSize / 8 - std::min<size_t>(at, kPageSize / 8);
      if (room < sizeof(CacheEntry) / 8) continue;
      const uint64_t* words = page.words + at;
      load_words(words, &recalled.entry, sizeof(CacheEntry) / 8);
      if (!is_entry(recalled.entry)) continue;
      const Layout layout = layout_of(recalled.entry);
      if (layout.end > room || recalled.entry.answer.body_length > dns::kLongestBody) continue;
      if (!is_name(words + layout.name, key)) continue;
      load_words(words + layout.ttl_at, recalled.kept.ttl_at.data(), layout.body - layout.ttl_at);
      load_words(words + layout.body, recalled.kept.body.data(), layout.end - layout.body);
      found = true;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (sequence.load(std::memory_order_relaxed) != before) continue;
    if (!found) return false;
    recalled.kept.answer = recalled.entry.answer;
    // A guess where others write too: it may heat a neighbour.
    const std::atomic_ref heat(reinterpret_cast<uint8_t*>(page.words)[offsetof(PageHead, heat) + number]);
    recalled.heat = heat.load(std::memory_order_relaxed);
    if (recalled.heat < kHottest) heat.store(static_cast<uint8_t>(recalled.heat + 1), std::memory_order_relaxed);
    return true;
  }
  return false;
}

bool AnswerCache::find(const CacheKey& key, Recalled& recalled) {
  return find_if(key, recalled, [&](const CacheEntry& entry) { return is_entry_of(entry, key); });
}

bool AnswerCache::find_by_generation(const CacheKey& key, Recalled& recalled) {
  return find_if(key, recalled, [&](const CacheEntry& entry) {
    return entry.generation == key.question.generation && is_question_of(entry, key);
  });
}

namespace {

// Whose answer the entry is, and of when.
void describe(const CacheKey& key, const AnswerCache::Origin& origin, CacheEntry& entry) {
  entry.identity = key.identity;
  entry.generation = origin.by_client ? 0 : key.question.generation;
  entry.rule = key.question.rule;
  entry.stored_at = origin.now;
  entry.type = key.question.type;
  entry.query_class = key.question.query_class;
  entry.owner = origin.owner;
  entry.bits = key.question.bits;
  entry.name_length = key.question.name_length;
}

}  // namespace

Stored AnswerCache::store(const CacheKey& key, const dns::Kept& kept, const Origin& origin) {
  if (pages_count_ == 0) return Stored::no_room;
  CacheEntry entry{};
  entry.private_identity = origin.private_identity;
  describe(key, origin, entry);
  entry.error = kept.error;
  entry.answer = kept.answer;
  const Layout layout = layout_of(entry);
  const auto units = static_cast<unsigned>((layout.end * 8 + kUnit - 1) / kUnit);

  Writer writer(*this, page_of(key.hash), kTries);
  if (!writer.owns()) return Stored::busy;
  uint8_t heat = 0;
  const unsigned older = writer.find(key);
  if (older != kEntries) {
    heat = writer.heat(older);
    writer.remove(older);
  }
  if (!writer.make_room(units, origin.owner, origin.quota)) return Stored::no_room;
  writer.cool();
  uint64_t* words = writer.append(key.hash, entry, units, heat);
  alignas(8) uint8_t copy[kTtlRoom] = {};
  std::memcpy(copy, key.name, entry.name_length);
  store_words(words + layout.name, copy, layout.ttl_at - layout.name);
  std::memcpy(copy, kept.ttl_at.data(), kept.answer.records * sizeof(uint16_t));
  store_words(words + layout.ttl_at, copy, layout.body - layout.ttl_at);
  store_words(words + layout.body, kept.body.data(), layout.end - layout.body);
  return older != kEntries ? Stored::renewed : Stored::stored;
}

bool AnswerCache::forget(const CacheKey& key, unsigned longest) {
  if (pages_count_ == 0) return true;
  Writer writer(*this, page_of(key.hash), kTries);
  if (!writer.owns()) return false;
  const unsigned older = writer.find(key);
  if (older != kEntries && writer.entry(older).answer.body_length <= longest) writer.remove(older);
  return true;
}

Stored AnswerCache::store_failure(const CacheKey& key, dns::Rcode rcode, uint64_t forgotten, unsigned longest,
                                  const Origin& origin) {
  if (pages_count_ == 0) return Stored::no_room;
  Writer writer(*this, page_of(key.hash), kTries);
  if (!writer.owns()) return Stored::busy;
  const unsigned older = writer.find(key);
  CacheEntry entry{};
  if (older != kEntries) entry = writer.entry(older);
  if (entry.failed_at < forgotten) entry.failures = 0;
  entry.failed_for_ms = std::min(longest, 1000U << std::min<unsigned>(entry.failures, 5));
  if (entry.failures < 255) ++entry.failures;
  entry.failed_at = origin.now;
  entry.failure = static_cast<uint8_t>(rcode);
  if (older != kEntries) {
    writer.put(older, entry);
    return Stored::renewed;
  }
  describe(key, origin, entry);
  entry.error = dns::ExtendedError::none;
  const Layout layout = layout_of(entry);
  const auto units = static_cast<unsigned>((layout.end * 8 + kUnit - 1) / kUnit);
  if (!writer.make_room(units, origin.owner, origin.quota)) return Stored::no_room;
  writer.cool();
  uint64_t* words = writer.append(key.hash, entry, units, 0);
  alignas(8) uint8_t name[kNameRoom] = {};
  std::memcpy(name, key.name, entry.name_length);
  store_words(words + layout.name, name, layout.ttl_at - layout.name);
  return Stored::stored;
}

bool AnswerCache::claim(const CacheKey& key, uint64_t now, uint64_t pause) {
  if (pages_count_ == 0) return false;
  Writer writer(*this, page_of(key.hash), 1);
  if (!writer.owns()) return false;
  const unsigned number = writer.find(key);
  if (number == kEntries) return false;
  CacheEntry entry = writer.entry(number);
  if (entry.asked_at != 0 && now < entry.asked_at + pause) return false;
  entry.asked_at = now;
  writer.put(number, entry);
  return true;
}

unsigned AnswerCache::copy_page(uint32_t number, PageCopy& copy) const {
  static_assert(sizeof copy.words == kPageSize);
  const Page& page = pages_[number];
  const std::atomic_ref sequence(const_cast<uint64_t&>(page.words[0]));
  for (unsigned read = 0; read < kTries; ++read) {
    const uint64_t before = sequence.load(std::memory_order_acquire);
    if ((before & 1) == 0) {
      load_words(page.words, copy.words.data(), kPageSize / 8);
      std::atomic_thread_fence(std::memory_order_acquire);
      if (sequence.load(std::memory_order_relaxed) == before)
        return std::min<unsigned>(reinterpret_cast<const PageHead*>(copy.words.data())->count, kEntries);
    }
    _mm_pause();
  }
  return 0;
}

bool AnswerCache::read(const PageCopy& copy, unsigned number, Recalled& recalled, std::array<uint8_t, 256>& name) {
  PageHead head;
  std::memcpy(&head, copy.words.data(), sizeof head);
  const size_t at = size_t{head.first[number]} * kUnit / 8;
  const size_t room = kPageSize / 8 - std::min<size_t>(at, kPageSize / 8);
  if (room < sizeof(CacheEntry) / 8) return false;
  const uint64_t* words = copy.words.data() + at;
  std::memcpy(static_cast<void*>(&recalled.entry), words, sizeof recalled.entry);
  const Layout layout = layout_of(recalled.entry);
  if (layout.end > room || recalled.entry.answer.body_length > dns::kLongestBody) return false;
  std::memcpy(name.data(), words + layout.name, (layout.ttl_at - layout.name) * 8);
  recalled.kept.answer = recalled.entry.answer;
  recalled.kept.error = recalled.entry.error;
  std::memcpy(recalled.kept.ttl_at.data(), words + layout.ttl_at, (layout.body - layout.ttl_at) * 8);
  std::memcpy(recalled.kept.body.data(), words + layout.body, (layout.end - layout.body) * 8);
  recalled.heat = head.heat[number];
  return true;
}

bool is_meant(config::FlushScope scope, std::span<const uint8_t> name, std::span<const uint8_t> entry) {
  if (scope == config::FlushScope::all) return true;
  if (scope == config::FlushScope::zone)
    while (entry.size() > name.size()) entry = entry.subspan(entry[0] + 1U);  // label by label
  return std::equal(entry.begin(), entry.end(), name.begin(), name.end());
}

uint64_t AnswerCache::flush(config::FlushScope scope, std::span<const uint8_t> name) {
  uint64_t forgotten = 0;
  for (uint32_t i = 0; i < pages_count_;) {
    Writer writer(*this, pages_[i], 1);
    if (!writer.owns()) continue;  // for as long as it takes an lcore to write one entry
    for (unsigned number = writer.count(); number-- > 0;) {
      std::array<uint8_t, kNameRoom> room;
      if (!is_meant(scope, name, writer.name(number, writer.entry(number), room))) continue;
      writer.remove(number);
      ++forgotten;
    }
    ++i;
  }
  return forgotten;
}

}  // namespace penstock::state
