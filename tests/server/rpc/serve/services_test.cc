#include "server/rpc/serve/services.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/rpc/serve/to_grpc.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {
namespace {

constexpr char kUuid[] = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";

TEST(RequestOf_Test, BodyDecidesAndTheIdDoesNot) {
  v1::CreateRunRequest a, b;
  a.set_request_id(kUuid);
  a.set_model_name("add_d5_l1_h3");
  (*a.mutable_labels())["x"] = "1";
  (*a.mutable_labels())["y"] = "2";
  b = a;
  b.clear_request_id();
  EXPECT_EQ(RequestOf("CreateRun", a)->digest, RequestOf("CreateRun", b)->digest);
  EXPECT_EQ(RequestOf("CreateRun", a)->id, kUuid);
  EXPECT_NE(RequestOf("CreateRun", a)->digest, RequestOf("RetryRun", a)->digest);
  (*b.mutable_labels())["y"] = "3";
  EXPECT_NE(RequestOf("CreateRun", a)->digest, RequestOf("CreateRun", b)->digest);
}

TEST(RequestOf_Test, IdsThatAreNoUuidAreRefused) {
  v1::CreateRunRequest request;
  for (const char* id : {"1", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4be", "1b9d6bcd_bbfd_4b2d_9b5d_ab8dfbbd4bed",
                         "zb9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"}) {
    request.set_request_id(id);
    EXPECT_EQ(ErrorReason(RequestOf("CreateRun", request).status()), "REQUEST_ID_INVALID") << id;
  }
}

// What is stored of a request is sent back in answers, and clients take no message above 4 MiB.
TEST(RequestOf_Test, RequestThatCouldNotBeSentBackIsRefused) {
  v1::CreateRunRequest request;
  request.set_model_name(std::string(limits::kMaxMessageBytes + 1, 'x'));
  EXPECT_EQ(ErrorReason(RequestOf("CreateRun", request).status()), "MESSAGE_TOO_LARGE");
}

TEST(PageSize_Test, ZeroIsTheDefaultAndTooMuchIsAnError) {
  EXPECT_EQ(*PageSize(0, 50, 1000), 50u);
  EXPECT_EQ(*PageSize(1000, 50, 1000), 1000u);
  EXPECT_EQ(ErrorReason(PageSize(1001, 50, 1000).status()), "PAGE_SIZE_INVALID");
}

TEST(ValidateLabels_Test, KeysAndValuesHaveBounds) {
  const auto reason = [](const std::string& key, const std::string& value) {
    google::protobuf::Map<std::string, std::string> labels;
    labels[key] = value;
    return ErrorReason(ValidateLabels(labels));
  };
  EXPECT_EQ(reason("purpose_1-a", "any text at all"), "");
  EXPECT_EQ(reason("", "x"), "LABEL_KEY_INVALID");
  EXPECT_EQ(reason("Upper", "x"), "LABEL_KEY_INVALID");
  EXPECT_EQ(reason(std::string(64, 'a'), "x"), "LABEL_KEY_INVALID");
  EXPECT_EQ(reason("a", std::string(256, 'x')), "LABEL_VALUE_INVALID");
  // A label with a line break or a terminal's escape was taken, and broke every list that showed it.
  for (const char* value : {"a\nb", "\x1b[31m", "\t", "\x7f"}) EXPECT_EQ(reason("a", value), "LABEL_VALUE_INVALID");
}

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
