// tests/support/image_records.h - where every field of every record of an image lies, for tests that change them.
#pragma once

#include <string>
#include <vector>

#include "config/contract/image_fields.h"
#include "control/rules/compile.h"

namespace penstock::test {

struct ImageRecord {
  std::string what;  // as refusals name it
  size_t at;         // of its first octet in the image
  size_t number;     // among its kind
  size_t of_kind;
  std::span<const config::ImageField> fields;
};

// `image` must be one that opens.
std::vector<ImageRecord> records_of(const control::ImageBytes& image);

// Makes the checksum that of the image as it is.
void seal(control::ImageBytes& image);

}  // namespace penstock::test
