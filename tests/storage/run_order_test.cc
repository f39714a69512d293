#include "storage/sqlite/catalog/rows/run_order.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope::storage {
namespace {

TEST(RunOrder_Test, DefaultIsNewestFirst) {
  EXPECT_TRUE(ParseRunOrder("")->descending);
  EXPECT_FALSE(ParseRunOrder("create_time")->descending);
  EXPECT_TRUE(ParseRunOrder("metrics.heldout_loss desc")->descending);
  for (const char* text : {"colour", "state up", "state asc desc", "state, owner"}) {
    EXPECT_EQ(ErrorReason(ParseRunOrder(text).status()), "ORDER_INVALID") << text;
  }
}

TEST(PageToken_Test, KeysOfEveryTypeRoundTripAndForeignBytesDoNot) {
  const TokenSeal seal("key");
  for (const SqlValue& key : {SqlValue(int64_t{-5}), SqlValue(1e-300), SqlValue(std::string("a\nb"))}) {
    const std::string token = EncodePageToken(seal, "q", {key, "r1"});
    const auto position = DecodePageToken(seal, "q", token);
    ASSERT_TRUE(position.ok());
    EXPECT_EQ(position->key, key);
    EXPECT_EQ(position->id, "r1");
    EXPECT_EQ(ErrorReason(DecodePageToken(seal, "other", token).status()), "PAGE_TOKEN_INVALID");
    EXPECT_EQ(ErrorReason(DecodePageToken(TokenSeal("other"), "q", token).status()), "PAGE_TOKEN_INVALID");
    // The same bytes, spelt otherwise.
    for (const char* end : {"=", "==", " ", "\n"}) {
      EXPECT_EQ(ErrorReason(DecodePageToken(seal, "q", token + end).status()), "PAGE_TOKEN_INVALID") << token;
    }
    for (size_t i = 0; i < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_EQ(ErrorReason(DecodePageToken(seal, "q", changed).status()), "PAGE_TOKEN_INVALID") << i;
    }
  }
}

// Sequence numbers count what others do in private.
TEST(PageToken_Test, NumberIsSmallOrGreatThenItsTokenIsAsLong) {
  const TokenSeal seal("key");
  EXPECT_EQ(EncodePageToken(seal, "q", {int64_t{9}, "r1"}).size(),
            EncodePageToken(seal, "q", {int64_t{1234567890}, "r1"}).size());
}

}  // namespace
}  // namespace sumscope::storage
