#include "proto/contract/errors/errors.h"

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "proto/contract/limits.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

TEST(Errors_Test, EveryDetailIsSetThenStatusSurvivesTheWire) {
  const absl::Status status =
      WithRetryAfter(InvalidField("STEPS_OUT_OF_RANGE", "spec.steps", "steps is 0"), absl::Milliseconds(1500));
  google::rpc::Status wire;
  ASSERT_TRUE(wire.ParseFromString(ToRpcStatus(status).SerializeAsString()));
  EXPECT_EQ(wire.details_size(), 3);
  const absl::Status back = FromRpcStatus(wire);
  EXPECT_EQ(back, status);
  EXPECT_THAT(back, IsInvalid("STEPS_OUT_OF_RANGE"));
  EXPECT_EQ(ViolatedField(back), "spec.steps");
}

TEST(Errors_Test, DetailsThenStockClientsDecodeThem) {
  const google::rpc::Status wire = ToRpcStatus(WithRetryAfter(
      MakeError(absl::StatusCode::kUnavailable, "DRAINING", "later", {{"queue", "7"}}), absl::Milliseconds(1500)));
  EXPECT_EQ(wire.code(), 14);
  EXPECT_EQ(wire.message(), "later");
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  ASSERT_EQ(wire.details_size(), 2);
  ASSERT_TRUE(wire.details(0).UnpackTo(&info));
  ASSERT_TRUE(wire.details(1).UnpackTo(&retry));
  EXPECT_EQ(info.domain(), "sumscope");
  EXPECT_EQ(info.reason(), "DRAINING");
  EXPECT_EQ(info.metadata().at("queue"), "7");
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(Errors_Test, QuotaIsExceededThenStockClientsReadWhoseItIs) {
  const google::rpc::Status wire = ToRpcStatus(WithQuotaFailure(
      MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS", "slower"), "user:ada", "200 calls a second"));
  google::rpc::QuotaFailure quota;
  ASSERT_EQ(wire.details_size(), 2);
  ASSERT_TRUE(wire.details(0).UnpackTo(&quota) || wire.details(1).UnpackTo(&quota));
  ASSERT_EQ(quota.violations_size(), 1);
  EXPECT_EQ(quota.violations(0).subject(), "user:ada");
  EXPECT_EQ(quota.violations(0).description(), "200 calls a second");
}

TEST(Errors_Test, NoReasonThenEmpty) {
  EXPECT_EQ(ErrorReason(absl::OkStatus()), "");
  EXPECT_EQ(ErrorReason(absl::InternalError("x")), "");
  EXPECT_EQ(FromRpcStatus(ToRpcStatus(absl::InternalError("x"))), absl::InternalError("x"));
  EXPECT_TRUE(FromRpcStatus(google::rpc::Status()).ok());
}

TEST(Errors_Test, ReasonOfAnotherDomainThenNotOurs) {
  google::rpc::ErrorInfo info;
  info.set_reason("STOCKOUT");
  info.set_domain("example.com");
  google::rpc::Status wire;
  wire.set_code(8);
  wire.add_details()->PackFrom(info);
  EXPECT_EQ(ErrorReason(FromRpcStatus(wire)), "");
}

TEST(Errors_Test, ForeignStatusThenKeptWithoutHarm) {
  google::rpc::Status wire;
  wire.set_code(9);
  wire.add_details()->set_type_url("example.com/unknown.Type");
  wire.mutable_details(0)->set_value("\xff\x00garbage");
  wire.add_details()->set_value("without a type");
  auto* broken = wire.add_details();
  broken->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  broken->set_value("\xff\xff\xff");
  const absl::Status status = FromRpcStatus(wire);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), "");
  EXPECT_TRUE(status.GetPayload("example.com/unknown.Type").has_value());
  for (const int code : {-1, 17, 1 << 30}) {
    wire.set_code(code);
    EXPECT_EQ(FromRpcStatus(wire).code(), absl::StatusCode::kUnknown);
  }
}

TEST(Errors_Test, SeveralDetailsOfOneTypeThenFirstStands) {
  google::rpc::Status wire = ToRpcStatus(MakeError(absl::StatusCode::kNotFound, "FIRST", "x"));
  *wire.add_details() = ToRpcStatus(MakeError(absl::StatusCode::kNotFound, "SECOND", "x")).details(0);
  EXPECT_EQ(ErrorReason(FromRpcStatus(wire)), "FIRST");
}

TEST(Errors_Test, MessageIsNoUtf8ThenWireIs) {
  const absl::Status status = InvalidField("BAD", "f\xff", "bad \xff byte");
  google::rpc::Status wire;
  EXPECT_TRUE(wire.ParseFromString(ToRpcStatus(status).SerializeAsString()));
  EXPECT_EQ(wire.message(), "bad ? byte");
  EXPECT_EQ(ToRpcStatus(absl::InternalError("\xff")).message(), "?");
}

// An order_by of 100 KB, echoed, made trailers that no client took: the error came without its reason.
TEST(Errors_Test, LongEchoThenTrailersStaySmallAndBeginAndEndStay) {
  const std::string echo(100'000, '\xe9');
  const absl::Status status =
      InvalidField("ORDER_INVALID", "order_by." + echo, absl::StrCat("cannot order by '", echo, "'; try name"));
  const google::rpc::Status wire = ToRpcStatus(status);
  // gRPC percent-encodes the text into one trailer, and encodes the details as base64 into another.
  EXPECT_LT(3 * wire.message().size() + wire.ByteSizeLong() * 4 / 3, 8000u);
  EXPECT_EQ(wire.message().rfind("cannot order by '", 0), 0u);
  EXPECT_EQ(wire.message().substr(wire.message().size() - 10), "; try name");
  EXPECT_EQ(ErrorReason(status), "ORDER_INVALID");
}

TEST(Errors_Test, NoReasonThenTheCodesName) {
  EXPECT_EQ(ErrorReason(WithReason(absl::InternalError(std::string(5000, 'x')))), "INTERNAL");
  EXPECT_LE(WithReason(absl::InternalError(std::string(5000, 'x'))).message().size(), limits::kMaxErrorText);
  EXPECT_EQ(ErrorReason(WithReason(MakeError(absl::StatusCode::kInternal, "OWN", "x"))), "OWN");
  EXPECT_TRUE(WithReason(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace sumscope
