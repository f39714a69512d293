#include "server/transport/connection_table.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
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

class ConnectionTable_Test : public testing::Test {
 protected:
  ManualClock clock_;
  ConnectionTable table_{{2, absl::Seconds(60)}, &clock_};
};

TEST_F(ConnectionTable_Test, ClosedConnectionMakesRoomEvenWhenItsNumberIsUsedAgain) {
  const Pair kept;
  table_.Add(kept.ends[0]);
  auto gone = std::make_unique<Pair>();
  const int number = gone->ends[0];
  table_.Add(number);
  EXPECT_FALSE(table_.HasRoom());
  gone.reset();
  const Pair other;  // of the same numbers, and no connection of the table
  EXPECT_EQ(other.ends[0], number);
  EXPECT_TRUE(table_.HasRoom());
  EXPECT_EQ(table_.Count(), 1u);
}

// Idle connections and half-sent messages were kept for ever.
TEST_F(ConnectionTable_Test, ConnectionWithoutACallEndsAndOneWithACallStays) {
  const Pair silent, watching;
  table_.Add(silent.ends[0]);
  table_.Add(watching.ends[0]);
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
  table_.Add(gone->ends[0]);
  const uint64_t late = table_.CallBegan(gone->peer());
  gone.reset();
  const Pair next;
  table_.Add(next.ends[0]);
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

}  // namespace
}  // namespace sumscope::transport
