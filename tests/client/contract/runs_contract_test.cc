// What clients rely on in unary calls about runs and the server.
#include <gmock/gmock.h>

#include <algorithm>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "sumscope/v1/runs.grpc.pb.h"
#include "sumscope/v1/system.grpc.pb.h"
#include "tests/client/contract/server_under_test.h"

namespace sumscope::client {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Stub = v1::RunService::Stub;

class RunsContract_Test : public ServerContractTest {
 protected:
  absl::StatusOr<v1::Run> Get(const std::string& name) {
    return Call(*runs_, &Stub::GetRun, Named<v1::GetRunRequest>(name));
  }
  absl::StatusOr<v1::ListRunsResponse> List(const v1::ListRunsRequest& request) {
    return Call(*runs_, &Stub::ListRuns, request);
  }
  // Every run of the list, page after page.
  std::vector<v1::Run> ListAll(uint32_t page_size, bool show_deleted = false) {
    constexpr int kMostPages = 100;
    std::vector<v1::Run> all;
    v1::ListRunsRequest request;
    request.set_page_size(page_size);
    request.set_show_deleted(show_deleted);
    for (int page = 0; page < kMostPages; ++page) {
      const auto response = List(request);
      EXPECT_TRUE(response.ok()) << response.status();
      if (!response.ok()) return all;
      EXPECT_LE(response->runs_size(), static_cast<int>(page_size));
      all.insert(all.end(), response->runs().begin(), response->runs().end());
      request.set_page_token(response->next_page_token());
      if (request.page_token().empty()) return all;
    }
    ADD_FAILURE() << "the list does not end";
    return all;
  }
  static std::vector<std::string> NamesOf(const std::vector<v1::Run>& runs) {
    std::vector<std::string> names;
    for (const v1::Run& run : runs) names.push_back(run.name());
    return names;
  }
  static void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& reason) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ErrorReason(status), reason) << status;
  }

  const std::unique_ptr<Stub> runs_ = v1::RunService::NewStub(channel_);
};
SUMSCOPE_ON_EVERY_SERVER(RunsContract_Test);

TEST_P(RunsContract_Test, ARunIsGotByItsNameOrABeginningOfIt) {
  const std::string name = server_->run();
  const auto run = Get(name);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->name(), name);
  EXPECT_EQ(run->state(), v1::SUCCEEDED);
  EXPECT_GT(run->spec().n_digits(), 0u);
  EXPECT_FALSE(run->has_delete_time());
  const auto by_beginning = Get(name.substr(0, name.size() - 2));
  ASSERT_TRUE(by_beginning.ok()) << by_beginning.status();
  EXPECT_EQ(by_beginning->name(), name);
  EXPECT_TRUE(Get("runs/@last").ok());
}

TEST_P(RunsContract_Test, AnUnknownRunIsNotFoundWithReasonDomainAndWhatWasAsked) {
  grpc::ClientContext context;
  v1::Run run;
  const grpc::Status status = runs_->GetRun(&context, Named<v1::GetRunRequest>("runs/none7"), &run);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("\"none7\""));
  google::rpc::Status rpc;
  ASSERT_TRUE(rpc.ParseFromString(status.error_details()));
  EXPECT_EQ(rpc.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(rpc.message(), status.error_message());
  google::rpc::ErrorInfo info;
  ASSERT_GT(rpc.details_size(), 0);
  ASSERT_TRUE(rpc.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "RUN_NOT_FOUND");
  EXPECT_EQ(info.domain(), "sumscope");
  EXPECT_EQ(info.metadata().at("run"), "none7");
}

TEST_P(RunsContract_Test, WhatIsNoNameIsRefusedAsSuch) {
  for (const char* bad : {"", "r7", "runs/", "runs/NOT A RUN", "runs/r7/more"}) {
    ExpectError(Get(bad).status(), absl::StatusCode::kInvalidArgument, "RESOURCE_NAME_INVALID");
  }
}

TEST_P(RunsContract_Test, PagesOfAnySizeMakeOneListTheNewestFirst) {
  const std::vector<v1::Run> all = ListAll(limits::kMaxPageSize);
  EXPECT_GE(all.size(), 3u);
  for (const uint32_t page_size : {1u, 2u}) EXPECT_EQ(NamesOf(ListAll(page_size)), NamesOf(all));
  for (size_t i = 1; i < all.size(); ++i) {
    EXPECT_LE(all[i].create_time().seconds(), all[i - 1].create_time().seconds());
  }
  for (const v1::Run& run : all) {
    const auto got = Get(run.name());
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->name(), run.name());
  }
}

TEST_P(RunsContract_Test, APageTokenIsOfItsListAlone) {
  v1::ListRunsRequest request;
  request.set_page_size(1);
  const auto first = List(request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_NE(first->next_page_token(), "");
  for (const std::string& bad : {std::string("nonsense"), first->next_page_token() + "x"}) {
    request.set_page_token(bad);
    ExpectError(List(request).status(), absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID");
  }
  request.set_page_token(first->next_page_token());
  request.set_filter("state = SUCCEEDED");
  ExpectError(List(request).status(), absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID");
}

TEST_P(RunsContract_Test, APageHasAMaximum) {
  v1::ListRunsRequest request;
  request.set_page_size(limits::kMaxPageSize + 1);
  ExpectError(List(request).status(), absl::StatusCode::kInvalidArgument, "PAGE_SIZE_INVALID");
}

TEST_P(RunsContract_Test, ACreationIsMadeOnceForItsRequestId) {
  v1::CreateRunRequest request;
  request.set_request_id("6f1c0e3a-2f0b-4d59-9f6e-0d6a4f6f3b11");
  request.set_run_id("made-once");
  request.set_model_name("add_d5_l1_h3");
  const auto create = [&] { return Call(*runs_, &Stub::CreateRun, request); };
  for (int i = 0; i < 2; ++i) {
    const auto run = create();
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_EQ(run->name(), "runs/made-once");
  }
  EXPECT_TRUE(Get("runs/made-once").ok());
  EXPECT_EQ(NamesOf(ListAll(limits::kMaxPageSize)).front(), "runs/made-once");
  (*request.mutable_labels())["other"] = "body";
  ExpectError(create().status(), absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED");
  request.set_request_id("6f1c0e3a-2f0b-4d59-9f6e-0d6a4f6f3b12");
  ExpectError(create().status(), absl::StatusCode::kAlreadyExists, "RUN_EXISTS");
  request.set_request_id("no UUID");
  ExpectError(create().status(), absl::StatusCode::kInvalidArgument, "REQUEST_ID_INVALID");
}

TEST_P(RunsContract_Test, WhatIsOnlyValidatedIsNotMade) {
  const std::vector<std::string> before = NamesOf(ListAll(limits::kMaxPageSize));
  v1::CreateRunRequest request;
  request.set_model_name("add_d5_l1_h3");
  request.set_validate_only(true);
  const auto run = Call(*runs_, &Stub::CreateRun, request);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->name(), "");
  EXPECT_EQ(NamesOf(ListAll(limits::kMaxPageSize)), before);
}

TEST_P(RunsContract_Test, AnEndedRunIsNotCancelled) {
  ExpectError(Call(*runs_, &Stub::CancelRun, Named<v1::CancelRunRequest>(server_->run())).status(),
              absl::StatusCode::kFailedPrecondition, "RUN_ENDED");
}

TEST_P(RunsContract_Test, ADeletedRunIsHiddenUntilItIsBroughtBack) {
  const std::vector<v1::Run> all = ListAll(limits::kMaxPageSize);
  const auto ended =
      std::find_if(all.begin(), all.end(), [](const v1::Run& run) { return run.state() == v1::SUCCEEDED; });
  ASSERT_NE(ended, all.end());
  const std::string name = ended->name();
  const auto undelete = [&] { return Call(*runs_, &Stub::UndeleteRun, Named<v1::UndeleteRunRequest>(name)); };
  ExpectError(undelete().status(), absl::StatusCode::kFailedPrecondition, "RUN_NOT_DELETED");
  for (int i = 0; i < 2; ++i) {
    const auto deleted = Call(*runs_, &Stub::DeleteRun, Named<v1::DeleteRunRequest>(name));
    ASSERT_TRUE(deleted.ok()) << deleted.status();
    EXPECT_TRUE(deleted->has_delete_time());
  }
  EXPECT_TRUE(Get(name)->has_delete_time());
  EXPECT_THAT(NamesOf(ListAll(limits::kMaxPageSize)), Not(Contains(name)));
  EXPECT_EQ(NamesOf(ListAll(limits::kMaxPageSize, /*show_deleted=*/true)), NamesOf(all));
  const auto back = undelete();
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_FALSE(back->has_delete_time());
  EXPECT_EQ(NamesOf(ListAll(limits::kMaxPageSize)), NamesOf(all));
}

TEST_P(RunsContract_Test, UnknownRunsAreNotFoundByWhoeverChangesThem) {
  const std::string none = "runs/none7";
  for (const absl::Status& status : {Call(*runs_, &Stub::CancelRun, Named<v1::CancelRunRequest>(none)).status(),
                                     Call(*runs_, &Stub::DeleteRun, Named<v1::DeleteRunRequest>(none)).status(),
                                     Call(*runs_, &Stub::UndeleteRun, Named<v1::UndeleteRunRequest>(none)).status()}) {
    ExpectError(status, absl::StatusCode::kNotFound, "RUN_NOT_FOUND");
  }
}

TEST_P(RunsContract_Test, TheServerSaysItsLimitsAndTheHooksOfAModel) {
  const auto system = v1::SystemService::NewStub(channel_);
  v1::GetServerInfoRequest request;
  request.set_model_name("add_d5_l1_h3");
  const auto info = Call(*system, &v1::SystemService::Stub::GetServerInfo, request);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->hook_names(), Contains("blocks.0.attn.hook_z"));
  const auto page_size = std::find_if(info->limits().begin(), info->limits().end(),
                                      [](const v1::Limit& limit) { return limit.name() == "page_size"; });
  ASSERT_NE(page_size, info->limits().end());
  EXPECT_EQ(page_size->maximum(), limits::kMaxPageSize);
  request.set_model_name("no model");
  const absl::Status refused = Call(*system, &v1::SystemService::Stub::GetServerInfo, request).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  EXPECT_NE(ErrorReason(refused), "");
}

}  // namespace
}  // namespace sumscope::client
