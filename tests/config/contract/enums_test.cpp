// A word that is added to an enum is counted, so that a table without it does not compile (the policies of path/choose).
#include "config/contract/enums.h"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

enum class OneWord : uint8_t { only };

static_assert(kCountOf<OneWord> == 1);
static_assert(kCountOf<PortKind> == static_cast<size_t>(PortKind::vdev) + 1);
static_assert(kCountOf<Policy> == static_cast<size_t>(Policy::ordered) + 1);
static_assert(kCountOf<Action> == static_cast<size_t>(Action::addresses) + 1);

TEST(Enums, AreCounted) {
  EXPECT_EQ(kCountOf<OverRate>, 3U);
  EXPECT_EQ(kCountOf<Otherwise>, 2U);
}

}  // namespace
}  // namespace penstock::config
