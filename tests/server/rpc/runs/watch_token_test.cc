#include "server/rpc/runs/watch_token.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

TEST(WatchToken_Test, RoundTrips) {
  const TokenSeal seal("key");
  const WatchToken token{12, UINT64_MAX};
  const auto parsed = WatchToken::Parse(seal, token.ToString(seal));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->event, 12u);
  EXPECT_EQ(parsed->log, UINT64_MAX);
  EXPECT_TRUE(WatchToken::Parse(seal, "").ok());
}

TEST(WatchToken_Test, ForeignTextIsRefused) {
  const TokenSeal seal("key");
  const std::string given = WatchToken{1, 2}.ToString(seal);
  const std::string texts[] = {WatchToken{1, 2}.ToString(TokenSeal("another key")),
                               seal.Seal("pages", "1\ni2"),
                               seal.Seal("watch", "1"),
                               seal.Seal("watch", std::string(40, '9')),
                               given + "=",
                               given + " ",
                               std::string(5000, 'A'),
                               "x",
                               "e1",
                               "e1-",
                               "e1-l",
                               "l1-e1",
                               "e-1-l2",
                               "e1-l2x",
                               "e 1-l1",
                               "e1-l+1",
                               "e1-l1\n"};
  for (const std::string& text : texts) {
    EXPECT_EQ(ErrorReason(WatchToken::Parse(seal, text).status()), "RESUME_TOKEN_INVALID") << text;
  }
}

// Its client reads the run again, as after any token that is too old.
TEST(WatchToken_Test, TokenThatIsNotSealedHasExpired) {
  for (const char* text : {"e12-l7", "e0-l0", "e18446744073709551615-l1"}) {
    EXPECT_EQ(ErrorReason(WatchToken::Parse(TokenSeal("key"), text).status()), "RESUME_TOKEN_EXPIRED") << text;
  }
}

// They count events of runs that a watcher may not see.
TEST(WatchToken_Test, TokensTellNeitherNumbersNorHowManyDigitsTheyHave) {
  const TokenSeal seal("key");
  const std::string one = WatchToken{1, 1}.ToString(seal), two = WatchToken{2, 1}.ToString(seal);
  EXPECT_EQ(one.size(), (WatchToken{UINT64_MAX, 12345}.ToString(seal).size()));
  size_t equal = 0;
  for (size_t i = 0; i < one.size(); ++i) equal += one[i] == two[i] ? 1 : 0;
  EXPECT_LT(equal, one.size() / 4);
}

}  // namespace
}  // namespace sumscope::rpc
