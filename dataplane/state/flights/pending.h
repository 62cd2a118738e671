// dataplane/state/flights/pending.h - queries sent to endpoints and not yet answered: one lcore's own table.
//
// An array of one-cache-line slots indexed by the id that the query carries upstream. A response finds its slot with one
// load and counts only if it matches one of the query's sends in everything (RFC 5452 section 9.1). What is long - the
// message, for the comparison, for sending it again, for an answer in the client's own spelling - lies in a second, cold
// array. What is due when (the next send, the end of patience) hangs on a wheel of ticks. No allocation after the
// constructor.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/dns/message.h"
#include "dataplane/state/large_array.h"
#include "dataplane/state/question_key.h"
#include "dataplane/state/random.h"

namespace penstock::state {

using AddressBytes = std::array<uint8_t, 16>;  // network order, IPv4 in the first four, the rest zero

constexpr unsigned kMaxSends = 3;

struct alignas(64) PendingSlot {
  uint64_t asked_at;  // ns; the client's patience counts from here
  AddressBytes client;
  std::array<uint8_t, 6> client_mac;
  uint16_t client_port;  // host order
  uint16_t client_id;    // the DNS id that the client chose
  uint16_t upstream_id;  // the one we drew
  uint16_t client_vlan;  // tag control information to answer with, 0: untagged
  uint16_t question_length;
  uint16_t message_length;  // octets kept for another send; 0: too long to keep
  uint8_t listen;           // index of the address that the client asked (tables::LocalHost)
  uint8_t port;             // that the query came in on
  uint8_t client_family : 4;
  uint8_t open : 1;
  uint8_t sends : 3;       // 1..kMaxSends while open
  uint8_t landed : 1;      // over, but for clients that are still to be told; still open, so that nobody takes the slot
  uint8_t proof : 2;       // state::Proof
  uint8_t is_counted : 1;  // as a slot that the first client holds (path/limits/admit.h)
  uint8_t is_counted_in_pool : 1;  // and as one of those that its pool may have
  uint8_t background : 1;          // our own: nobody but those who joined waits for it
  uint8_t over_tcp : 1;  // what is sent from now on leaves by the stream port, but for what path/flight/send says
  uint8_t opaque : 1;    // dns::Query::opaque: one server's answer, as it comes
  uint8_t counts_as_negative : 1;  // of the answers to the first client's network (path/limits/limit.h)
  uint8_t shared : 1;              // whoever asks the same may join; if not, only the client's own repetition finds it
  uint8_t cut_short : 1;           // an answer over UDP was, or is not to be believed: only TCP brings it whole
  uint8_t odd : 2;                 // responses that fit it but in part (path/response/distrust.h), counted up to 3
  uint32_t hash;                   // that the flight is found by
  uint32_t waiters;                // clients that joined; the next two are theirs
  uint32_t first_waiter;
  uint32_t last_waiter;
};
static_assert(sizeof(PendingSlot) == 64);

// One sending of a query: what a response to it must match.
struct PendingSend {
  AddressBytes endpoint;
  AddressBytes source;   // that it left from
  uint64_t at;           // ns
  uint16_t source_port;  // host order
  config::EndpointSlot endpoint_slot;
  uint8_t family;
  bool answered;  // by SERVFAIL or REFUSED, and another endpoint was asked, or it was lost: it owes nothing
  bool over_tcp;  // left by the stream port
  uint8_t form;   // of the message: bits of kSent...
};
constexpr uint8_t kSentOpt = 1;         // with our OPT
constexpr uint8_t kSentRandomCase = 2;  // with the letters of its name as PendingQuery::case_bits say
constexpr uint8_t kSentAgain = 4;       // without our OPT, as the endpoint had answered it with an error
static_assert(sizeof(PendingSend) == 48);

struct alignas(64) PendingQuery {
  static constexpr unsigned kLongestMessage = 344;

  PendingSend first;
  QuestionKey key;
  uint64_t hash;       // hash_question(), when the flight is shared
  uint64_t case_bits;  // letter i of the name is sent in the other case if bit i modulo 64 is set; 0: drawn when needed
  dns::QueryTraits traits;  // the first client's; has_opt: whether the answer that is put together for all has one
  uint16_t chase = 0;  // where it is kept what is asked instead (state/flights/chases.h); 0: the question itself is
  uint16_t opt_length = 0;           // of our OPT, which the message ends with; 0: it has none of ours
  config::EndpointSlot pool_slot{};  // of the first endpoint of the pool that it counts for
  uint8_t failed = 0;                // rcode that an endpoint gave while another still owed its answer; 0: none
  uint8_t form = 0;                  // in which the first client gets its answer: form_of() what it asked
  // As sent, the id apart. At least header and question, whatever the message's length.
  std::array<uint8_t, kLongestMessage> message;
  std::array<PendingSend, kMaxSends - 1> later;

  PendingSend& send(unsigned number) { return number == 0 ? first : later[number - 1]; }
  const PendingSend& send(unsigned number) const { return number == 0 ? first : later[number - 1]; }
  const uint8_t* question() const { return message.data() + dns::kHeaderSize; }
  // Of a client that wants the answer in that form (form_of()) and takes so many octets.
  dns::QueryTraits traits_as(uint8_t wanted, uint16_t udp_size) const {
    dns::QueryTraits own = traits;
    own.has_opt = (wanted & kWantsOpt) != 0;
    own.has_cookie = false;  // that is the first one's
    own.wants_nsid = (wanted & kWantsNsid) != 0;
    own.udp_size = udp_size;
    const unsigned ad = (wanted & kWantsAd) != 0 ? dns::kFlagAuthenticData : 0U;
    own.flags = static_cast<uint16_t>((own.flags & ~unsigned{dns::kFlagAuthenticData}) | ad);
    return own;
  }
  dns::QueryTraits traits_of_first() const {
    dns::QueryTraits own = traits_as(form, traits.udp_size);
    own.has_cookie = traits.has_cookie;
    return own;
  }
};
static_assert(sizeof(PendingQuery) == 576);
static_assert(PendingQuery::kLongestMessage >= dns::kHeaderSize + 255 + 4);

class PendingTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // `slots`: a power of two up to 65536. Three of four may be in use: ids must stay hard to guess and quick to draw.
  explicit PendingTable(uint32_t slots);

  // A free slot under a random id, with nothing due yet and nobody waiting; kNone when the table is full. The caller fills in the
  // client's fields and calls schedule().
  uint32_t open(Random& random);
  // Draws the ids of the next `queries` (a burst at most) and fetches what open() and the caller will write under them.
  void foresee(Random& random, unsigned queries);
  void close(uint32_t index);
  // The open query is over, and keeps its slot until close(): nothing is due.
  void land(uint32_t index);

  // The open query is due at `when` (ns), and no longer when it was due before. Good to a tick of 2^20 ns, never too early.
  void schedule(uint32_t index, uint64_t when);
  // The same if that is earlier than it is due now: whoever hastens it again and again does not put it off.
  void hasten(uint32_t index, uint64_t when);
  // An open query that is due at `now` (ns), or kNone. It is due no more: schedule() it again, or close() it.
  uint32_t next_due(uint64_t now);

  // Where a response with this id belongs, open or not.
  uint32_t index_of(uint16_t id) const { return id & mask_; }
  PendingSlot& slot(uint32_t index) { return slots_[index]; }
  const PendingSlot& slot(uint32_t index) const { return slots_[index]; }
  PendingQuery& query(uint32_t index) { return queries_[index]; }
  void prefetch(uint16_t id) const {
    const uint32_t index = index_of(id);
    const auto* cold = reinterpret_cast<const char*>(&queries_[index]);
    __builtin_prefetch(&slots_[index]);
    __builtin_prefetch(&links_[index]);
    for (unsigned line = 0; line < 3; ++line) __builtin_prefetch(cold + size_t{line} * 64);  // most questions end here
  }

  uint32_t in_use() const { return in_use_; }               // slots
  uint32_t in_flight() const { return in_use_ - landed_; }  // queries
  uint32_t capacity() const { return capacity_; }

 private:
  static constexpr unsigned kTickShift = 20;  // 1.05 ms
  static constexpr uint32_t kTicks = 2048;    // 2.1 s: what is due later is looked at once on the way

  struct Link {
    uint32_t previous;  // kNone: the first of its tick
    uint32_t next;
    uint32_t placed;  // tick it hangs at
    uint32_t due;     // tick it is due at; ticks are counted modulo 2^32
  };

  bool take(uint16_t id);
  void hang(uint32_t index, uint32_t due);
  void unhang(uint32_t index);

  uint32_t slot_count_;
  uint32_t mask_;
  uint32_t capacity_;
  uint32_t in_use_ = 0;
  uint32_t landed_ = 0;
  uint32_t tick_ = 0;  // all earlier ticks are empty
  LargeArray<PendingSlot> slots_;
  LargeArray<PendingQuery> queries_;
  LargeArray<Link> links_;
  unsigned foreseen_count_ = 0;
  std::array<uint16_t, 32> foreseen_{};  // ids drawn and not yet used; others may have taken their slots meanwhile
  std::array<uint32_t, kTicks> wheel_;   // first of each tick
};

}  // namespace penstock::state
