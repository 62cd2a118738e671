// tests/fuzz/records_fuzz.cpp - any bytes as a response: records lie inside and behind each other, names end.
#include <cstdlib>
#include <cstring>

#include "dataplane/dns/records.h"

using namespace penstock::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeaderSize) return 0;
  const std::span<const uint8_t> message(data, size);
  Records records(message, kHeaderSize);
  Record record;
  unsigned end = kHeaderSize;
  while (records.next(record)) {
    if (record.owner != end || record.data > size || record.data_length > size - record.data) std::abort();
    end = record.data + record.data_length;
    for (const unsigned at : {record.owner, record.data}) {
      WireText text;
      FoldedName name;
      const bool readable = copy_name(message, at, text);
      if (read_name(message, at, name) != readable) std::abort();
      if (!readable) continue;
      if (text.length != name.length || text.bytes[text.length - 1U] != 0) std::abort();
      if (!is_name(message, at, name) || skip_name(message, at) == 0) std::abort();
    }
  }
  return 0;
}
