// A capture's activations go into a file of their own, whole or not at all.
#include "proto/contract/text/quote.h"
#include "server/jobs/analyses/analyses.h"
#include "server/jobs/job_manager.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::jobs {
namespace {

class Captures_Test : public AnalysisFixture {
 protected:
  v1::Analysis Capture(uint64_t bytes = 12, const std::string& key = "k1") {
    v1::AnalysisRequest request;
    request.mutable_capture()->add_hooks("blocks.0.attn.hook_z");
    v1::Analysis analysis = Question(request, key);
    analysis.mutable_prediction()->set_disk_bytes(bytes);
    return analysis;
  }
  static Message Begin() {
    Message message;
    auto* begin = message.mutable_tensor_set_begin();
    begin->set_kind(worker::v1::CAPTURE);
    begin->set_step(4);
    for (const auto& [name, dtype, count, bytes] :
         {std::make_tuple("tokens", "I64", 1, 8), std::make_tuple("blocks.0.attn.hook_z", "F32", 1, 4)}) {
      auto* tensor = begin->add_tensors();
      tensor->set_name(name);
      tensor->set_dtype(dtype);
      tensor->add_shape(count);
      tensor->set_bytes(bytes);
    }
    return message;
  }
  static v1::AnalysisResult Result(const std::string& second = "blocks.0.attn.hook_z") {
    v1::AnalysisResult result;
    result.mutable_capture()->add_tensors()->set_name("tokens");
    result.mutable_capture()->add_tensors()->set_name(second);
    result.mutable_capture()->add_positions(14);
    return result;
  }
  // Up to its last byte; returns the analysis.
  std::string StartCapture() {
    const std::string id = Ask(Capture());
    StartAnalysis();
    pool_->Send(kSlot, Begin());
    pool_->Send(kSlot, Chunk("tokens:)ac"));
    EXPECT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, Chunk("t."))));
    return id;
  }
  void EndSet() { EXPECT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, SetEnd()))); }
  bool HasFile(const std::string& id) { return storage_.captures->Exists(run_, id); }
};

TEST_F(Captures_Test, ActivationsAreStoredWithPlaceAndChecksum) {
  const std::string id = StartCapture();
  EXPECT_FALSE(HasFile(id));
  EndSet();
  Answer(Result());
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  const v1::CaptureResult result = File(run_)->GetAnalysis(id)->result().capture();
  ASSERT_EQ(result.tensors_size(), 2);
  EXPECT_EQ(result.bytes(), 12u);
  EXPECT_EQ(result.positions(0), 14u);
  EXPECT_EQ(result.tensors(1).name(), "blocks.0.attn.hook_z");
  EXPECT_EQ(result.tensors(1).dtype(), "F32");
  EXPECT_EQ(result.tensors(1).offset(), 8u);
  EXPECT_EQ(result.tensors(1).bytes(), 4u);
  EXPECT_EQ(result.tensors(1).sha256().size(), 64u);
  const auto file = storage_.captures->Open(run_, id);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*(*file)->Read(8, 4), "act.");
  EXPECT_FALSE(File(run_)->GetAnalysis(id)->has_prediction());

  ASSERT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_FALSE(HasFile(id));
}

TEST_F(Captures_Test, CancelledCaptureLeavesNothing) {
  const std::string id = StartCapture();
  ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, id).ok());
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::CANCELLED));
  EXPECT_FALSE(HasFile(id));
  EXPECT_EQ(*storage_.captures->UsedBytes(), 0u);
}

TEST_F(Captures_Test, CaptureThatFailsAfterItsLastByteLeavesNothing) {
  const std::string id = StartCapture();
  EndSet();
  EXPECT_TRUE(HasFile(id));
  Finish(worker::v1::Finished::FAILED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_FALSE(HasFile(id));
}

TEST_F(Captures_Test, LostWorkersCaptureBeginsAnew) {
  const std::string id = StartCapture();
  EndSet();
  pool_->Lose(kSlot);
  StartAnalysis();
  EXPECT_FALSE(HasFile(id));
  pool_->Send(kSlot, Begin());
  pool_->Send(kSlot, Chunk("tokens:)more"));
  EndSet();
  Answer(Result());
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  EXPECT_EQ(*(*storage_.captures->Open(run_, id))->Read(8, 4), "more");
}

TEST_F(Captures_Test, CrashLeavesNothing) {
  const std::string id = StartCapture();
  EndSet();
  Boot();
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::QUEUED);
  EXPECT_FALSE(HasFile(id));
}

TEST_F(Captures_Test, FileOfASuccessSurvivesACrashBeforeTheCatalog) {
  const std::string id = StartCapture();
  EndSet();
  Answer(Result());
  catalog_.gate.Set([] { return absl::UnavailableError("the server dies here"); });
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitUntil(run_, [&] { return File(run_)->GetAnalysis(id)->state() == v1::SUCCEEDED; }));
  Crash();
  catalog_.gate.Open();
  Boot();
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::SUCCEEDED);
  EXPECT_TRUE(HasFile(id));
}

TEST_F(Captures_Test, MissingBytesOtherNamesAndAnEarlyResultAreFailedAttempts) {
  const std::string id = Ask(Capture());
  StartAnalysis();
  pool_->Send(kSlot, Begin());
  pool_->Send(kSlot, Chunk("short"));
  pool_->Send(kSlot, SetEnd());
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);

  StartAnalysis();
  EXPECT_FALSE(HasFile(id));
  pool_->Send(kSlot, Begin());
  pool_->Send(kSlot, Chunk("tokens:)act."));
  EndSet();
  Message message;
  *message.mutable_analysis_result() = Result("blocks.0.attn.hook_q");
  pool_->Send(kSlot, message);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);

  StartAnalysis();
  EXPECT_FALSE(HasFile(id));
  *message.mutable_analysis_result() = Result();
  pool_->Send(kSlot, message);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_EQ(GetAnalysis(run_, id).state_reason(), "WORKER_PROTOCOL");
  EXPECT_FALSE(HasFile(id));
}

// The name stood in the job's detail as the worker had sent it.
TEST_F(Captures_Test, ResultNamesATensorOfControlCharactersThenItsDetailIsPrintable) {
  StartCapture();
  EndSet();
  Message message;
  *message.mutable_analysis_result() = Result("\033[2J");
  pool_->Send(kSlot, message);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);
  // In the events: the next attempt may begin at once.
  v1::StateChange refused;
  ASSERT_TRUE(WaitUntil(run_, [&] {
    for (const storage::Event& event : Events(run_)) {
      if (event.change.reason() == "WORKER_PROTOCOL") refused = event.change;
    }
    return !refused.detail().empty();
  }));
  EXPECT_FALSE(HasControlCharacter(refused.detail()));
}

// A capture that the disk had no room for was taken, computed, and then ended its worker.
TEST_F(Captures_Test, CaptureBeyondTheFreeDiskIsRefusedAtOnce) {
  free_disk_ = limits::kMinFreeDiskBytes + 100;
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), run_, Capture(101))), "CAPTURE_TOO_LARGE");
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {}, run_, Capture(101)).status()), "CAPTURE_TOO_LARGE");
  const std::string id = Ask(Capture(100));
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), run_, Capture(1, "k2"))), "CAPTURE_TOO_LARGE")
      << "it waits, and takes 100";
  StartAnalysis();
  free_disk_ = limits::kMinFreeDiskBytes;  // somebody filled it
  pool_->Send(kSlot, Begin());
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_EQ(GetAnalysis(run_, id).state_reason(), "CAPTURE_TOO_LARGE");
}

TEST_F(Captures_Test, CaptureAboveTheLimitIsRefusedBeforeItStarts) {
  const auto refused = manager_->analyses().Create(Ada(), {}, run_, Capture(capture_limit_ + 1));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused.status()), "CAPTURE_TOO_LARGE");
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("1000001 bytes"));
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), run_, Capture(capture_limit_ + 1))),
            "CAPTURE_TOO_LARGE");
  EXPECT_THAT(*File(run_)->ListAnalyses(), testing::IsEmpty());
}

// Each of two captures in flight saw the disk without the other.
TEST_F(Captures_Test, WhatWaitsOrRunsTakesItsRoom) {
  ASSERT_FALSE(Ask(Capture(capture_limit_ / 2)).empty());  // runs
  const std::string half = Ask(Capture(capture_limit_ / 2, "k2"));
  const auto refused = manager_->analyses().Create(Ada(), {}, run_, Capture(1, "k3"));
  EXPECT_EQ(ErrorReason(refused.status()), "CAPTURE_TOO_LARGE");
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("wait or run 1000000"));
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), run_, Capture(1, "k3"))), "CAPTURE_TOO_LARGE");
  EXPECT_TRUE(manager_->analyses().Create(Ada(), {}, run_, Capture(1, "k1"))->from_cache);
  ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, half).ok());
  EXPECT_TRUE(manager_->analyses().Create(Ada(), {}, run_, Capture(capture_limit_ / 2, "k3")).ok())
      << "it is free again";
}

TEST_F(Captures_Test, FinishedCaptureTakesWhatItsFileTakes) {
  const std::string id = Ask(Capture(capture_limit_));
  StartAnalysis();
  pool_->Send(kSlot, Begin());
  pool_->Send(kSlot, Chunk("tokens:)act."));
  EndSet();
  EXPECT_EQ(*storage_.captures->UsedBytes(), 12u);
  EXPECT_TRUE(manager_->analyses().Create(Ada(), {}, run_, Capture(capture_limit_ - 12, "k2")).ok());
}

TEST_F(Captures_Test, RoomThatIsGoneMeanwhileFailsTheCapture) {
  const std::string id = Ask(Capture());
  StartAnalysis();
  Message begin = Begin();
  auto* tensor = begin.mutable_tensor_set_begin()->mutable_tensors(1);
  tensor->set_shape(0, capture_limit_ / 4);
  tensor->set_bytes(capture_limit_);
  pool_->Send(kSlot, begin);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_EQ(GetAnalysis(run_, id).state_reason(), "CAPTURE_TOO_LARGE");
}

}  // namespace
}  // namespace sumscope::jobs
