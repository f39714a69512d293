#include "server/rpc/runs/watch_token.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

TEST(WatchToken_Test, RoundTrips) {
  const WatchToken token{12, UINT64_MAX};
  const auto parsed = WatchToken::Parse(token.ToString());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->event, 12u);
  EXPECT_EQ(parsed->log, UINT64_MAX);
  EXPECT_TRUE(WatchToken::Parse("").ok());
}

TEST(WatchToken_Test, ForeignTextIsRefused) {
  for (const char* text : {"x", "e1", "e1-", "e1-l", "l1-e1", "e-1-l2", "e1-l2x", "e99999999999999999999999-l1"}) {
    EXPECT_EQ(ErrorReason(WatchToken::Parse(text).status()), "RESUME_TOKEN_INVALID") << text;
  }
}

// Spaces, signs and leading zeros were read as the number beside them.
TEST(WatchToken_Test, TokenInAnotherSpellingIsRefused) {
  for (const char* text : {"e 1-l1", "e1-l+1", "e01-l1", "e1 -l1", "e1-l1\n"}) {
    EXPECT_EQ(ErrorReason(WatchToken::Parse(text).status()), "RESUME_TOKEN_INVALID") << text;
  }
}

}  // namespace
}  // namespace sumscope::rpc
