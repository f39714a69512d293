#include "server/rpc/serve/known_connections.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/process/file_descriptor.h"
#include "tests/server/transport/manual_clock.h"

namespace sumscope::rpc {
namespace {

bool Ended(const FileDescriptor& far_end) {
  char byte;
  return recv(far_end.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

TEST(KnownConnections_Test, CallOfAKnownCallerEndsThenItsConnectionStaysAndOthersDoNot) {
  ManualClock clock;
  transport::ConnectionTable::Limits limits;
  limits.maximum = 10;
  limits.idle = absl::Hours(1);
  limits.unknown = absl::Seconds(60);
  transport::ConnectionTable connections(limits, &clock);
  KnownConnections hook(&connections);
  int known_ends[2], refused_ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, known_ends), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, refused_ends), 0);
  const FileDescriptor known(known_ends[0]), knows(known_ends[1]), refused(refused_ends[0]), hears(refused_ends[1]);
  RoadCall call;
  for (const FileDescriptor* const connection : {&known, &refused}) {
    connections.Add(connection->get(), transport::Origin());
    call.peer.connection = connections.OriginOf(absl::StrCat("fd:", connection->get()))->connection;
    call.caller.reset();
    if (connection == &known) call.caller.emplace();
    hook.OnEnded(call, absl::UnauthenticatedError("either way"));
  }
  clock.Advance(61);
  connections.ShutDownIdle();
  EXPECT_FALSE(Ended(knows));
  EXPECT_TRUE(Ended(hears));
}

}  // namespace
}  // namespace sumscope::rpc
