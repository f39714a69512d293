#include "server/rpc/serve/to_grpc.h"

#include <gtest/gtest.h>

#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

// An error that no code of ours had given a reason reached clients without ErrorInfo.
TEST(ToGrpc_Test, ErrorWithoutReasonIsNamedAfterItsCode) {
  const auto reason = [](const absl::Status& status) {
    google::rpc::Status rpc;
    EXPECT_TRUE(rpc.ParseFromString(ToGrpc(status).error_details()));
    EXPECT_EQ(rpc.code(), static_cast<int>(status.code()));
    return ErrorReason(FromRpcStatus(rpc));
  };
  EXPECT_EQ(reason(absl::InternalError("x")), "INTERNAL");
  EXPECT_EQ(reason(absl::DataLossError("x")), "DATA_LOSS");
  EXPECT_EQ(reason(MakeError(absl::StatusCode::kInternal, "OWN_REASON", "x")), "OWN_REASON");
}

}  // namespace
}  // namespace sumscope::rpc
