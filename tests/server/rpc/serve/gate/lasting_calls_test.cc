#include "server/rpc/serve/gate/lasting_calls.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

// Refuses whom the test says, and counts its looks.
class Doorman final : public auth::Authenticator {
 public:
  absl::StatusOr<auth::Caller> Authenticate(const auth::Peer&, auth::Refused*) override { return auth::Caller(); }
  absl::Status Recheck(const auth::Caller& caller) override {
    ++looks;
    const auto found = refused.find(caller.name);
    return found == refused.end() ? absl::OkStatus() : found->second;
  }

  std::map<std::string, absl::Status> refused;
  int looks = 0;
};

class LastingCalls_Test : public testing::Test {
 protected:
  std::unique_ptr<LastingCalls::Entry> Open(const std::string& name, const std::string& token = "") {
    auth::Caller caller;
    caller.name = name;
    caller.token = token;
    return calls_.Add(caller, nullptr);
  }

  Doorman doorman_;
  LastingCalls calls_{&doorman_};
};

TEST_F(LastingCalls_Test, CallerIsRefusedThenTheirCallsEndAndOnlyTheirs) {
  const auto ada = Open("ada"), also_ada = Open("ada"), bob = Open("bob");
  calls_.EndRefused();
  EXPECT_TRUE(ada->verdict().ok());
  doorman_.refused["ada"] = MakeError(absl::StatusCode::kUnauthenticated, "USER_DISABLED", "ada is disabled");
  calls_.EndRefused();
  EXPECT_EQ(ErrorReason(ada->verdict()), "USER_DISABLED");
  EXPECT_EQ(ErrorReason(also_ada->verdict()), "USER_DISABLED");
  EXPECT_TRUE(bob->verdict().ok());
}

TEST_F(LastingCalls_Test, CallerCannotBeLookedUpThenTheirCallsGoOn) {
  const auto ada = Open("ada");
  doorman_.refused["ada"] = MakeError(absl::StatusCode::kUnavailable, "CATALOG_BUSY", "later");
  calls_.EndRefused();
  EXPECT_TRUE(ada->verdict().ok());
}

TEST_F(LastingCalls_Test, CallsOfOneCredentialAreLookedAtOnce) {
  const auto first = Open("ada", "t1"), second = Open("ada", "t1"), other = Open("ada", "t2");
  calls_.EndRefused();
  EXPECT_EQ(doorman_.looks, 2);
}

TEST_F(LastingCalls_Test, CallIsOverThenNobodyAsksForIt) {
  Open("ada").reset();
  calls_.EndRefused();
  EXPECT_EQ(doorman_.looks, 0);
}

}  // namespace
}  // namespace sumscope::rpc
