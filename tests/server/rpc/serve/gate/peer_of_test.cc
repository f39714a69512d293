#include "server/rpc/serve/gate/peer_of.h"

#include <gtest/gtest.h>

#include "tests/server/transport/manual_clock.h"

namespace sumscope::rpc {
namespace {

TEST(PeerOf_Test, AddressIsWithoutPortScopeAndEscapes) {
  EXPECT_EQ(AddressOf("ipv4:192.168.1.7:50051"), "192.168.1.7");
  EXPECT_EQ(AddressOf("ipv6:[::1]:50051"), "::1");
  EXPECT_EQ(AddressOf("ipv6:%5B2001:db8::7%5D:443"), "2001:db8::7");
  EXPECT_EQ(AddressOf("ipv6:%5Bfe80::1%25eth0%5D:443"), "fe80::1");
  EXPECT_EQ(AddressOf("ipv4:%"), "");
}

TEST(PeerOf_Test, PeerHasNoAddressThenItIsEmpty) {
  for (const char* peer : {"fd:7", "unix:", "unix:/run/sumscope.sock", "inproc", "", "ipv4", "ipv6:"}) {
    EXPECT_EQ(AddressOf(peer), "") << peer;
  }
}

TEST(PeerOf_Test, CallHasNoConnectionThenNobodyIsKnown) {
  ManualClock clock;
  transport::ConnectionTable connections({10, absl::Minutes(1)}, &clock);
  const grpc::ServerContext context;
  const auth::Peer peer = PeerOf(context, &connections);
  EXPECT_EQ(peer.way, auth::Way::kSocket);
  EXPECT_FALSE(peer.uid.has_value());
  EXPECT_FALSE(peer.authorization.has_value());
  EXPECT_TRUE(peer.certificate_names.empty());
}

}  // namespace
}  // namespace sumscope::rpc
