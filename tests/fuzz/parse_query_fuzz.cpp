// tests/fuzz/parse_query_fuzz.cpp - any bytes as a query: what is read lies inside, and an answer to it has room.
#include <cstdlib>
#include <vector>

#include "dataplane/dns/answer.h"

using namespace penstock::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Query query;
  if (parse_query({data, size}, query) != QueryVerdict::ok) return 0;
  if (query.traits.question_length != query.name.length + 4U) std::abort();
  if (kHeaderSize + query.traits.question_length > size ||
      query.name.offsets[query.name.labels] + 1U != query.name.length)
    std::abort();
  std::vector<uint8_t> answer(data, data + kHeaderSize + query.traits.question_length);
  answer.resize(answer.size() + kAnswerTail);
  const unsigned length = write_answer(answer, query.traits, Rcode::servfail, ExtendedError::network_error);
  if (length > answer.size() || parse_query({answer.data(), length}, query) != QueryVerdict::response) std::abort();
  return 0;
}
