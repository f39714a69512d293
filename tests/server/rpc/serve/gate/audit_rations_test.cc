#include "server/rpc/serve/gate/audit_rations.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "tests/server/auth/auth_fixture.h"

namespace sumscope::rpc {
namespace {

class AuditRations_Test : public testing::Test {
 protected:
  int Taken(int calls, const absl::Status& status, const std::string& user, const auth::Peer& peer = {}) {
    int taken = 0;
    for (int i = 0; i < calls; ++i) taken += rations_.Takes(status, user, peer) ? 1 : 0;
    return taken;
  }
  static auth::Peer At(const std::string& address) {
    auth::Peer peer;
    peer.way = auth::Way::kTls;
    peer.address = address;
    return peer;
  }

  auth::StillClock clock_;
  AuditRations rations_{&clock_};
  const absl::Status denied_ = MakeError(absl::StatusCode::kPermissionDenied, "METHOD_DENIED", "no");
  const absl::Status unknown_ = MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_UNKNOWN", "no");
  const absl::Status flood_ = MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS", "no");
};

TEST_F(AuditRations_Test, WhatEndedOtherwiseThenAlwaysTaken) {
  EXPECT_EQ(Taken(500, absl::OkStatus(), "ada"), 500);
  EXPECT_EQ(Taken(500, absl::NotFoundError("no"), "ada"), 500);
}

TEST_F(AuditRations_Test, RefusedThenSoManyOfAUserAndThenOneASecond) {
  EXPECT_EQ(Taken(500, denied_, "ada"), 100);
  EXPECT_EQ(Taken(1, denied_, "bob"), 1);
  clock_.Pass(absl::Seconds(3));
  EXPECT_EQ(Taken(500, denied_, "ada"), 3);
  EXPECT_EQ(Taken(500, flood_, "ada"), 1) << "has a ration of its own";
  clock_.Pass(absl::Hours(1));
  EXPECT_EQ(Taken(500, flood_, "ada"), 1);
}

TEST_F(AuditRations_Test, StrangersComeFromManyAddressesThenBoundedTogether) {
  EXPECT_EQ(Taken(500, unknown_, "", At("192.0.2.7")), 100);
  EXPECT_EQ(Taken(500, unknown_, "ada", At("2001:db8::1")), 100) << "a user who is refused is no more than a stranger";
  EXPECT_EQ(Taken(500, unknown_, "", At("2001:db8::2")), 0) << "within the same /64";
  int taken = 0;
  for (int i = 0; i < 5'000; ++i)
    taken += Taken(1, unknown_, "", At(absl::StrCat("2001:db8:0:", absl::Hex(i + 1), "::1")));
  EXPECT_EQ(taken, 800);
  EXPECT_EQ(Taken(1, denied_, "ada"), 1) << "users do not share theirs with strangers";
}

}  // namespace
}  // namespace sumscope::rpc
