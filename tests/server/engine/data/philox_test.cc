#include "server/engine/data/philox.h"

#include <gtest/gtest.h>

namespace sumscope::engine {
namespace {

// The known-answer vectors of Random123 for philox4x32-10.
TEST(Philox_Test, GivenRandom123sVectorsThenItsWords) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, 0), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox_Test, GivenAPlaceThenItsCounterIsStepRowAndStreamWithColumn) {
  EXPECT_EQ(DrawBlock(7, Stream::kHeldout, 0x500000009, 11, 3), Philox4x32({9, 5, 11, 2 * 65536 + 3}, 7));
}

TEST(Philox_Test, GivenTheExtremeWordsThenBelowStaysInRange) {
  EXPECT_EQ(Below(0, 10), 0u);
  EXPECT_EQ(Below(0xffffffff, 10), 9u);
  EXPECT_FALSE(Happens(0, 0.0));
  EXPECT_TRUE(Happens(0xffffffff, 1.0));
}

}  // namespace
}  // namespace sumscope::engine
