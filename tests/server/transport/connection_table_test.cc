#include "server/transport/connection_table.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "tests/server/transport/manual_clock.h"

namespace sumscope::transport {
namespace {

struct Pair {
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0); }
  ~Pair() {
    close(ends[0]);
    close(ends[1]);
  }
  std::string peer() const { return absl::StrCat("fd:", ends[0]); }
  // What the far end of a connection that was shut down sees.
  bool Ended() const {
    char byte;
    return recv(ends[1], &byte, 1, 0) == 0;
  }
  int ends[2];
};

const Origin kSocket;

Origin OfUser(uint32_t uid) {
  Origin origin;
  origin.uid = uid;
  return origin;
}

Origin OverTls(const std::string& address, int port) {
  Origin origin;
  origin.way = Way::kTls;
  origin.address = address;
  origin.remote = absl::StrCat(address, ":", port);
  return origin;
}

class ConnectionTable_Test : public testing::Test {
 protected:
  ManualClock clock_;
  ConnectionTable table_{{2, absl::Seconds(60)}, &clock_};
};

TEST_F(ConnectionTable_Test, ClosedConnectionMakesRoomEvenWhenItsNumberIsUsedAgain) {
  const Pair kept;
  table_.Add(kept.ends[0], kSocket);
  auto gone = std::make_unique<Pair>();
  const int number = gone->ends[0];
  table_.Add(number, kSocket);
  EXPECT_EQ(ErrorReason(table_.Admit(kSocket)), "TOO_MANY_CONNECTIONS");
  gone.reset();
  const Pair other;  // of the same numbers, and no connection of the table
  EXPECT_EQ(other.ends[0], number);
  EXPECT_TRUE(table_.Admit(kSocket).ok());
  EXPECT_EQ(table_.Count(), 1u);
}

// Idle connections and half-sent messages were kept for ever.
TEST_F(ConnectionTable_Test, ConnectionWithoutACallEndsAndOneWithACallStays) {
  const Pair silent, watching;
  table_.Add(silent.ends[0], kSocket);
  table_.Add(watching.ends[0], kSocket);
  const uint64_t call = table_.CallBegan(watching.peer());
  EXPECT_NE(call, 0u);
  clock_.Advance(61);
  table_.ShutDownIdle();
  EXPECT_TRUE(silent.Ended());
  EXPECT_FALSE(watching.Ended());
  table_.CallEnded(call);
  table_.ShutDownIdle();
  EXPECT_FALSE(watching.Ended()) << "its quiet begins with the end of the call";
  clock_.Advance(61);
  table_.ShutDownIdle();
  EXPECT_TRUE(watching.Ended());
}

TEST_F(ConnectionTable_Test, CallThatEndsLateDoesNotCountForTheNumbersNextConnection) {
  auto gone = std::make_unique<Pair>();
  table_.Add(gone->ends[0], kSocket);
  const uint64_t late = table_.CallBegan(gone->peer());
  gone.reset();
  const Pair next;
  table_.Add(next.ends[0], kSocket);
  const uint64_t call = table_.CallBegan(next.peer());
  EXPECT_NE(call, late);
  table_.CallEnded(late);
  table_.ShutDown(late);
  clock_.Advance(61);
  table_.ShutDownIdle();
  EXPECT_FALSE(next.Ended());
  table_.ShutDown(call);
  EXPECT_TRUE(next.Ended());
}

TEST_F(ConnectionTable_Test, PeersOfOtherKindsAreNoneOfIt) {
  for (const char* peer : {"", "unix:", "ipv4:127.0.0.1:80", "fd:", "fd:x", "fd:99999"}) {
    EXPECT_EQ(table_.CallBegan(peer), 0u) << peer;
  }
  table_.CallEnded(0);
}

TEST_F(ConnectionTable_Test, OriginOfACallIsThatOfItsConnection) {
  const Pair local, remote;
  table_.Add(local.ends[0], OfUser(1000));
  table_.Add(remote.ends[0], OverTls("10.0.0.7", 5000));
  EXPECT_EQ(table_.OriginOf(local.peer())->uid, 1000u);
  EXPECT_EQ(table_.OriginOf("ipv4:10.0.0.7:5000")->address, "10.0.0.7");
  EXPECT_FALSE(table_.OriginOf("ipv4:10.0.0.7:5001").has_value());
  EXPECT_FALSE(table_.OriginOf("unix:").has_value());
  EXPECT_NE(table_.CallBegan("ipv4:10.0.0.7:5000"), 0u);
}

// gRPC names a peer with TLS by its address, so that the idle and the stalled ones were out of the table's reach.
TEST_F(ConnectionTable_Test, ConnectionWithTlsIsFoundByItsAddressAndNotByOneThatWasThereBefore) {
  const Pair first, second;
  table_.Add(first.ends[0], OverTls("10.0.0.7", 5000));
  const uint64_t late = table_.CallBegan("ipv4:10.0.0.7:5000");
  table_.Add(second.ends[0], OverTls("10.0.0.7", 5000));  // the port has come again
  const uint64_t call = table_.CallBegan("ipv4:10.0.0.7:5000");
  EXPECT_NE(call, late);
  table_.CallEnded(late);
  table_.ShutDown(call);
  EXPECT_TRUE(second.Ended());
  EXPECT_FALSE(first.Ended());
}

TEST(ConnectionTableLimits_Test, UserAndAddressHoldOnlySoMany) {
  ManualClock clock;
  ConnectionTable table({100, absl::Hours(1), absl::Hours(1), 2, 1}, &clock);
  const Pair one, two, three, four;
  const Origin alice = OfUser(1000), bob = OfUser(1001), there = OverTls("10.0.0.7", 1);
  table.Add(one.ends[0], alice);
  table.Add(two.ends[0], alice);
  EXPECT_EQ(ErrorReason(table.Admit(alice)), "TOO_MANY_CONNECTIONS");
  EXPECT_TRUE(table.Admit(bob).ok());
  EXPECT_TRUE(table.Admit(there).ok());
  table.Add(three.ends[0], there);
  EXPECT_EQ(ErrorReason(table.Admit(OverTls("10.0.0.7", 2))), "TOO_MANY_CONNECTIONS");
  EXPECT_TRUE(table.Admit(OverTls("10.0.0.8", 2)).ok());
  const ConnectionTable::Refusals refusals = table.TakeRefusals();
  EXPECT_EQ(refusals.count, 2u);
  EXPECT_NE(refusals.last.find("10.0.0.7"), std::string::npos) << refusals.last;
  EXPECT_EQ(table.TakeRefusals().count, 0u);
}

TEST(ConnectionTableLimits_Test, ClosedConnectionOfAUserMakesRoomForIt) {
  ManualClock clock;
  ConnectionTable table({100, absl::Hours(1), absl::Hours(1), 1, 1}, &clock);
  auto gone = std::make_unique<Pair>();
  table.Add(gone->ends[0], OfUser(1000));
  EXPECT_FALSE(table.Admit(OfUser(1000)).ok());
  gone.reset();
  EXPECT_TRUE(table.Admit(OfUser(1000)).ok());
}

TEST(ConnectionTableLimits_Test, ConnectionThatNeverAsksEndsSooner) {
  ManualClock clock;
  ConnectionTable table({10, absl::Seconds(300), absl::Seconds(30)}, &clock);
  const Pair unasked, asked;
  table.Add(unasked.ends[0], kSocket);
  table.Add(asked.ends[0], kSocket);
  table.CallEnded(table.CallBegan(asked.peer()));
  clock.Advance(31);
  table.ShutDownIdle();
  EXPECT_TRUE(unasked.Ended());
  EXPECT_FALSE(asked.Ended());
}

}  // namespace
}  // namespace sumscope::transport
