// What the service of runs answers beyond what jobs and storage say.
#include <atomic>
#include <memory>

#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/barrier.h"
#include "tests/server/rpc/probes_fixture.h"

namespace sumscope::rpc {
namespace {

class RunService_Test : public ProbesService_Test {
 protected:
  // A training of four steps that is under way, named `id`.
  void Train(const std::string& id) {
    JobsFixture::Create(id);
    task_ = StartNext().task.task_id();
  }
  void Send(const jobs::Message& message) {
    ASSERT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, message)));
  }
  template <typename Request>
  static Request Named(const std::string& id) {
    Request request;
    request.set_name("runs/" + id);
    return request;
  }
  v1::Run GetRun(const std::string& id) {
    grpc::ClientContext context;
    v1::Run run;
    const grpc::Status status = runs_->GetRun(&context, Named<v1::GetRunRequest>(id), &run);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  }
  grpc::Status Undelete(const std::string& id, v1::Run* run) {
    grpc::ClientContext context;
    return runs_->UndeleteRun(&context, Named<v1::UndeleteRunRequest>(id), run);
  }
};

// `runs cancel` said step 0 of a run that had trained for minutes, and so did `runs show` until it had ended.
TEST_F(RunService_Test, RunIsCancelledThenTheAnswerShowsTheLastStep) {
  Train("live");
  Send(jobs::Metrics(0, 3));
  EXPECT_EQ(GetRun("live").steps_done(), 3u);
  grpc::ClientContext context;
  v1::Run run;
  ASSERT_TRUE(runs_->CancelRun(&context, Named<v1::CancelRunRequest>("live"), &run).ok());
  EXPECT_EQ(run.state(), v1::CANCELLING);
  EXPECT_EQ(run.steps_done(), 3u);
  EXPECT_EQ(run.loss(), 2.0);
  EXPECT_EQ(GetRun("live").steps_done(), 3u);
}

// It was told to end, and said that it waits for room.
TEST_F(RunService_Test, RunThatWaitsForStorageIsCancelledThenItSaysSo) {
  Train("live");
  const auto barrier = std::make_shared<jobs::Barrier>();  // lives as long as the hook
  const auto tries = std::make_shared<std::atomic<int>>(0);
  files_.gate.Set([barrier, tries] {
    return ++*tries == 1 ? MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL", "no space left")
                         : barrier->Enter();
  });
  pool_->Send(kSlot, jobs::Metrics(0, 3));
  barrier->WaitUntilEntered();
  EXPECT_EQ(GetRun("live").state_reason(), "DISK_FULL");
  grpc::ClientContext context;
  v1::Run run;
  ASSERT_TRUE(runs_->CancelRun(&context, Named<v1::CancelRunRequest>("live"), &run).ok());
  EXPECT_EQ(run.state_reason(), "CANCEL_REQUESTED");
  EXPECT_EQ(GetRun("live").state_reason(), "CANCEL_REQUESTED");
  barrier->Release();
}

TEST_F(RunService_Test, RunningRunIsLabelledThenTheAnswerShowsTheLastStep) {
  Train("live");
  Send(jobs::Metrics(0, 3));
  v1::UpdateRunRequest request;
  request.mutable_run()->set_name("runs/live");
  (*request.mutable_run()->mutable_labels())["purpose"] = "test";
  grpc::ClientContext context;
  v1::Run run;
  ASSERT_TRUE(runs_->UpdateRun(&context, request, &run).ok());
  EXPECT_EQ(run.steps_done(), 3u);
}

// `runs undelete 14` meant the living run 142 before the deleted 141, and did nothing to it.
TEST_F(RunService_Test, PrefixIsUndeletedThenItMeansADeletedRunBeforeALivingOne) {
  Train("busy");
  JobsFixture::Create("x141");  // waits
  ASSERT_TRUE(manager_->runs().Cancel(storage::Actor::Server(), "x141").ok());
  ASSERT_TRUE(manager_->runs().Delete(storage::Actor::Server(), "x141").ok());
  JobsFixture::Create("x142");
  v1::Run run;
  ASSERT_TRUE(Undelete("x14", &run).ok());
  EXPECT_EQ(run.name(), "runs/x141");
  EXPECT_FALSE(run.has_delete_time());
  for (const char* living : {"x141", "x142"}) {
    EXPECT_EQ(ReasonOf(Undelete(living, &run)), "RUN_NOT_DELETED") << living;
  }
  EXPECT_EQ(ReasonOf(Undelete("x14", &run)), "AMBIGUOUS_PREFIX");
}

TEST_F(RunService_Test, ImportWasReadAsOursThenTheRunSaysHow) {
  jobs::ImportedWeights weights;
  weights.tensors = {{"embed.W_E", "F32", {1}, 4}};
  weights.data_bytes = 4;
  weights.read = [](uint64_t offset, uint64_t length) { return std::string("1234").substr(offset, length); };
  weights.notes = {"taken as folded"};
  ASSERT_TRUE(manager_->runs().Import(jobs::Ada(), {}, "foreign", Spec(), {}, weights).ok());
  EXPECT_THAT(GetRun("foreign").import_notes(), testing::ElementsAre("taken as folded"));
}

TEST_F(RunService_Test, VisibilityIsChosenThenRunFileAndRetryKeepIt) {
  v1::CreateRunRequest create;
  *create.mutable_spec() = Spec();
  create.set_run_id("mine");
  create.set_validate_only(true);
  const auto visibility_of_created = [&] {
    grpc::ClientContext context;
    v1::Run run;
    const grpc::Status status = runs_->CreateRun(&context, create, &run);
    return status.ok() ? v1::Visibility_Name(run.visibility()) : ReasonOf(status);
  };
  EXPECT_EQ(visibility_of_created(), "LAB");
  create.set_visibility(v1::PRIVATE);
  EXPECT_EQ(visibility_of_created(), "PRIVATE");
  create.set_visibility(static_cast<v1::Visibility>(7));
  EXPECT_EQ(visibility_of_created(), "VISIBILITY_INVALID");
  create.set_visibility(v1::PRIVATE);
  create.set_validate_only(false);
  EXPECT_EQ(visibility_of_created(), "PRIVATE");
  EXPECT_EQ(GetRun("mine").visibility(), v1::PRIVATE);
  grpc::ClientContext context;
  v1::Run retried;
  ASSERT_TRUE(runs_->RetryRun(&context, Named<v1::RetryRunRequest>("mine"), &retried).ok());
  EXPECT_EQ(retried.visibility(), v1::PRIVATE);
}

TEST_F(RunService_Test, VisibilityIsChangedThenTheFileSaysSoAndLabelsStay) {
  const auto update = [&](int visibility, const char* path) {
    v1::UpdateRunRequest request;
    request.mutable_run()->set_name("runs/" + run_);
    request.mutable_run()->set_visibility(static_cast<v1::Visibility>(visibility));
    (*request.mutable_run()->mutable_labels())["purpose"] = "test";
    request.mutable_update_mask()->add_paths(path);
    grpc::ClientContext context;
    v1::Run run;
    const grpc::Status status = runs_->UpdateRun(&context, request, &run);
    return status.ok() ? v1::Visibility_Name(run.visibility()) : ReasonOf(status);
  };
  EXPECT_EQ(update(v1::PRIVATE, "labels"), "LAB") << "the mask does not name it";
  EXPECT_EQ(update(v1::PRIVATE, "visibility"), "PRIVATE");
  EXPECT_EQ(File(run_)->GetRun()->visibility(), v1::PRIVATE);
  EXPECT_EQ(GetRun(run_).labels_size(), 1);
  EXPECT_EQ(update(9, "visibility"), "VISIBILITY_INVALID");
  EXPECT_EQ(update(v1::VISIBILITY_UNSPECIFIED, "visibility"), "VISIBILITY_INVALID") << "nothing turns public unsaid";
  EXPECT_EQ(update(v1::LAB, "owner"), "FIELD_NOT_MUTABLE");
  EXPECT_EQ(GetRun(run_).visibility(), v1::PRIVATE);
  EXPECT_EQ(update(v1::LAB, "visibility"), "LAB");
}

TEST_F(RunService_Test, SourceIsPrivateThenARunMadeFromItIsToo) {
  ASSERT_TRUE(manager_->runs().Update(jobs::Ada(), run_, {false, {}, v1::PRIVATE}).ok());
  v1::CreateRunRequest create;
  *create.mutable_spec() = Spec();
  create.mutable_spec()->set_insert_mode(v1::INSERT_INIT);
  create.mutable_spec()->set_init_from("runs/" + run_);
  create.set_validate_only(true);
  for (const v1::Visibility asked : {v1::VISIBILITY_UNSPECIFIED, v1::LAB}) {
    create.set_visibility(asked);
    grpc::ClientContext context;
    v1::Run run;
    const grpc::Status status = runs_->CreateRun(&context, create, &run);
    if (asked == v1::LAB) {
      EXPECT_EQ(ReasonOf(status), "SOURCE_IS_PRIVATE");
      create.set_validate_only(false);
      grpc::ClientContext another;
      EXPECT_EQ(ReasonOf(runs_->CreateRun(&another, create, &run)), "SOURCE_IS_PRIVATE");
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(run.visibility(), v1::PRIVATE);
  }
}

// A stored spec names its source to all who see the run.
TEST_F(RunService_Test, RunsOfTheLabNameTheirSourceThenItCannotBeSetPrivateBeforeThem) {
  v1::CreateRunRequest create;
  create.set_run_id("insert-1");
  *create.mutable_spec() = Spec();
  create.mutable_spec()->set_insert_mode(v1::INSERT_INIT);
  create.mutable_spec()->set_init_from("runs/" + run_);
  grpc::ClientContext context;
  v1::Run run;
  const grpc::Status status = runs_->CreateRun(&context, create, &run);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const auto set = [&](const std::string& id, v1::Visibility visibility) {
    return std::string(ErrorReason(manager_->runs().Update(jobs::Ada(), id, {false, {}, visibility}).status()));
  };
  EXPECT_EQ(set(run_, v1::PRIVATE), "SOURCE_OF_LAB_RUNS");
  EXPECT_EQ(GetRun(run_).visibility(), v1::LAB);
  EXPECT_EQ(set(run_, v1::LAB), "");
  EXPECT_EQ(set("insert-1", v1::PRIVATE), "");
  EXPECT_EQ(set(run_, v1::PRIVATE), "");
  EXPECT_EQ(set("insert-1", v1::LAB), "SOURCE_IS_PRIVATE");
  EXPECT_EQ(set(run_, v1::LAB), "");
  EXPECT_EQ(set("insert-1", v1::LAB), "");
}

// One mistake had two reasons: OFFSET_PAST_END here, OFFSET_OUT_OF_RANGE elsewhere.
TEST_F(RunService_Test, DownloadBeginsBeyondTheFileThenItsReasonIsThatOfTensors) {
  const auto download = [&](uint64_t offset) {
    auto request = Named<v1::DownloadCheckpointRequest>(run_ + "/checkpoints/4");
    request.set_offset(offset);
    grpc::ClientContext context;
    const auto reader = runs_->DownloadCheckpoint(&context, request);
    uint64_t end = offset;
    for (v1::FileChunk chunk; reader->Read(&chunk);) end += chunk.data().size();
    const grpc::Status status = reader->Finish();
    return std::make_pair(ReasonOf(status), end);
  };
  const uint64_t size = download(0).second;
  ASSERT_GT(size, 0u);
  EXPECT_EQ(download(size).first, "");
  EXPECT_EQ(download(size + 1).first, "OFFSET_OUT_OF_RANGE");
}

}  // namespace
}  // namespace sumscope::rpc
