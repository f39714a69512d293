#include "server/rpc/serve/requests.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
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

}  // namespace
}  // namespace sumscope::rpc
