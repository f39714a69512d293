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
  clock_.Advance(1);
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
  clock.Advance(1);
  EXPECT_TRUE(table.Admit(OfUser(1000)).ok());
}

// 4,608 bare TCP connections from nine addresses of 127/8 shut out root on the local socket.
TEST(ConnectionTableLimits_Test, TcpHoldsOnlyItsPartAndTheRestIsForSockets) {
  ManualClock clock;
  ConnectionTable table({3, absl::Hours(1), absl::Hours(1), 10, 10, 1}, &clock);
  auto first = std::make_unique<Pair>();
  const Pair second;
  Origin loopback = OverTls("127.0.0.1", 1);
  loopback.way = Way::kLoopback;
  EXPECT_TRUE(table.Admit(loopback).ok());
  table.Add(first->ends[0], loopback);
  EXPECT_EQ(ErrorReason(table.Admit(OverTls("127.0.0.2", 2))), "TOO_MANY_CONNECTIONS");
  EXPECT_TRUE(table.Admit(OfUser(0)).ok());
  table.Add(second.ends[0], OfUser(0));
  EXPECT_TRUE(table.Admit(OfUser(0)).ok());
  first.reset();
  clock.Advance(1);
  EXPECT_TRUE(table.Admit(OverTls("127.0.0.2", 2)).ok());
}

TEST(ConnectionTableLimits_Test, AddressesOfOneNetworkOfIPv6CountAsOne) {
  ManualClock clock;
  ConnectionTable table({100, absl::Hours(1), absl::Hours(1), 10, 1}, &clock);
  const Pair one;
  table.Add(one.ends[0], OverTls("2001:db8:1:2::1", 1));
  EXPECT_EQ(ErrorReason(table.Admit(OverTls("2001:db8:1:2:ffff::9", 1))), "TOO_MANY_CONNECTIONS");
  EXPECT_TRUE(table.Admit(OverTls("2001:db8:1:3::1", 1)).ok());
}

// One port connected to several addresses of the machine counted once, and all but the last were never ended.
TEST(ConnectionTableLimits_Test, ConnectionsOfOnePortToSeveralAddressesAllCountAndAllEnd) {
  ManualClock clock;
  ConnectionTable table({100, absl::Seconds(60), absl::Seconds(30), 10, 2}, &clock);
  const Pair first;
  auto second = std::make_unique<Pair>();
  table.Add(first.ends[0], OverTls("10.0.0.7", 5000));
  table.Add(second->ends[0], OverTls("10.0.0.7", 5000));
  EXPECT_EQ(table.Count(), 2u);
  EXPECT_EQ(ErrorReason(table.Admit(OverTls("10.0.0.7", 5001))), "TOO_MANY_CONNECTIONS");
  second.reset();
  EXPECT_EQ(table.Count(), 1u);
  EXPECT_NE(table.CallBegan("ipv4:10.0.0.7:5000"), 0u) << "the one that is left is found";
  table.ShutDownAll();
  EXPECT_TRUE(first.Ended());
}

// A flood would have cost a look at every connection for each refusal.
TEST(ConnectionTableLimits_Test, WhatClosesBetweenTwoLooksCountsUntilTheNext) {
  ManualClock clock;
  ConnectionTable table({1, absl::Hours(1)}, &clock);
  auto gone = std::make_unique<Pair>();
  table.Add(gone->ends[0], kSocket);
  EXPECT_FALSE(table.Admit(kSocket).ok());
  gone.reset();
  EXPECT_FALSE(table.Admit(kSocket).ok());
  clock.Advance(1);
  EXPECT_TRUE(table.Admit(kSocket).ok());
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

// A call that was refused as UNAUTHENTICATED made a connection one that had asked, for ever.
TEST(ConnectionTableLimits_Test, ConnectionWithoutAKnownCallerEndsHoweverOftenItAsks) {
  ManualClock clock;
  ConnectionTable table({10, absl::Seconds(300), absl::Seconds(30), 10, 10, 10, absl::Seconds(60)}, &clock);
  const Pair unknown, known, calling;
  for (const Pair* pair : {&unknown, &known, &calling}) table.Add(pair->ends[0], kSocket);
  table.CallerKnown(table.OriginOf(known.peer())->connection);
  const uint64_t open = table.CallBegan(calling.peer());
  for (int i = 0; i < 7; ++i) {
    EXPECT_FALSE(unknown.Ended());
    for (const Pair* pair : {&unknown, &known}) table.CallEnded(table.CallBegan(pair->peer()));
    clock.Advance(10);
    table.ShutDownIdle();
  }
  EXPECT_TRUE(unknown.Ended());
  EXPECT_FALSE(known.Ended());
  EXPECT_FALSE(calling.Ended()) << "what is under way is not cut";
  table.CallEnded(open);
  table.ShutDownIdle();
  EXPECT_TRUE(calling.Ended());
}

}  // namespace
}  // namespace sumscope::transport
