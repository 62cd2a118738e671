// dataplane/state/flights/delivery.h - flights that are over and still have clients waiting, with the answer that those get.
//
// Copies of an answer need frames, and a turn has a burst of them: the rest waits here. A flight keeps its pending slot, and
// with it the question, until the last of its clients has been told. So the queue, as long as the table, never overflows.
// What may run short are the places that keep answers: without one the clients get SERVFAIL, made from the question.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/dns/answer.h"
#include "dataplane/dns/keep.h"
#include "dataplane/state/large_array.h"

namespace penstock::state {

struct Delivery {
  uint32_t flight;           // index of the pending table
  uint16_t answer;           // place of it, or DeliveryQueue::kNoAnswer
  dns::ExtendedError error;  // of the SERVFAIL that stands in for an answer
};

class DeliveryQueue {
 public:
  static constexpr uint16_t kAnswers = 256;   // kept at once
  static constexpr unsigned kLongest = 1534;  // octets kept of one; an Ethernet frame of 1500 brings 1472
  static constexpr uint16_t kNoAnswer = 0xffff;

  // `deliveries`: a power of two, at least as many as there are pending slots.
  explicit DeliveryQueue(uint32_t deliveries);

  struct alignas(64) Answer {
    dns::KeptAnswer addresses;             // where they are that take turns
    uint16_t length;                       // of the message
    std::array<uint8_t, kLongest> octets;  // its first
    uint64_t judged_by;  // what the guard went by: ImageHeader::private_identity; 0: there were no rules
  };

  // Keeps a copy of the message, of its first kLongest octets if it is longer, and gives its place; kNoAnswer: none is free.
  uint16_t keep(std::span<const uint8_t> message, const dns::KeptAnswer& addresses, uint64_t judged_by) {
    if (kept_ == kAnswers) return kNoAnswer;
    const uint16_t place = free_[kept_++];
    answers_[place].addresses = addresses;
    answers_[place].judged_by = judged_by;
    answers_[place].length = static_cast<uint16_t>(message.size());
    std::memcpy(answers_[place].octets.data(), message.data(), std::min<size_t>(message.size(), kLongest));
    return place;
  }
  const Answer& answer(uint16_t place) const { return answers_[place]; }

  void push(const Delivery& delivery) { queue_[last_++ & mask_] = delivery; }
  bool empty() const { return first_ == last_; }
  const Delivery& front() const { return queue_[first_ & mask_]; }
  // Its answer's place is free again.
  void pop() {
    if (const uint16_t place = front().answer; place != kNoAnswer) free_[--kept_] = place;
    ++first_;
  }
  // The first becomes the last.
  void let_next() {
    const Delivery delivery = front();
    ++first_;
    push(delivery);
  }
  uint32_t size() const { return last_ - first_; }
  uint32_t answers_kept() const { return kept_; }

 private:
  uint32_t mask_;
  uint32_t first_ = 0;
  uint32_t last_ = 0;
  unsigned kept_ = 0;
  LargeArray<Delivery> queue_;
  LargeArray<Answer> answers_;
  std::array<uint16_t, kAnswers> free_{};
};

}  // namespace penstock::state
