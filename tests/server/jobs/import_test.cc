#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {
namespace {

class Import_Test : public JobsFixture {
 protected:
  void SetUp() override { Boot(); }

  ImportedWeights Weights() {
    ImportedWeights weights;
    weights.tensors = {{"embed.W_E", "F32", {static_cast<uint64_t>(bytes_.size() / 4)}, bytes_.size()}};
    weights.data_bytes = bytes_.size();
    weights.read = [this](uint64_t offset, uint64_t length) -> absl::StatusOr<std::string> {
      return bytes_.substr(offset, length);
    };
    weights.file_name = "model.safetensors";
    return weights;
  }
  absl::StatusOr<v1::Run> Import(const Request& request = {}) {
    return manager_->runs().Import(Ada(), request, "foreign", Spec(), {{"from", "authors"}}, Weights());
  }

  std::string bytes_ = std::string(3'000'000, 'w');
};

TEST_F(Import_Test, ImportedRunHasSucceededWithItsWeights) {
  const auto run = Import({"6f1a", "digest"});
  ASSERT_TRUE(run.ok()) << run.status();
  const v1::Run stored = Get("foreign");
  EXPECT_EQ(stored.state(), v1::SUCCEEDED);
  EXPECT_TRUE(stored.imported());
  EXPECT_TRUE(stored.job().empty());
  EXPECT_EQ(stored.steps_done(), 0u);
  EXPECT_FALSE(stored.has_heldout_loss());
  const auto set = File("foreign")->GetTensorSet(storage::TensorSetKind::kWeights, 0);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->data_bytes, bytes_.size());
  EXPECT_EQ(*File("foreign")->ReadTensorBytes(set->id, 0, bytes_.size()), bytes_);
  EXPECT_EQ(Import({"6f1a", "digest"})->name(), run->name());
  EXPECT_EQ(ErrorReason(Import({"77", "other"}).status()), "RUN_EXISTS");
}

TEST_F(Import_Test, FileIsReadOtherwiseThanWrittenThenRunAndLogSayHow) {
  ImportedWeights weights = Weights();
  weights.notes = {"names without their prefix", "taken as folded"};
  ASSERT_TRUE(manager_->runs().Import(Ada(), {}, "foreign", Spec(), {}, weights).ok());
  EXPECT_THAT(File("foreign")->GetRun()->import_notes(), testing::ElementsAreArray(weights.notes));
  EXPECT_THAT(LogTexts("foreign"),
              testing::ElementsAre("INFO weights imported: names without their prefix; taken as folded"));
}

TEST_F(Import_Test, ImportedRunIsNeitherCancelledNorResumedNorRetried) {
  ASSERT_TRUE(Import().ok());
  EXPECT_EQ(ErrorReason(manager_->runs().Cancel(Ada(), "foreign").status()), "RUN_ENDED");
  EXPECT_EQ(ErrorReason(manager_->runs().Resume(Ada(), {}, "foreign").status()), "RUN_NOT_RESUMABLE");
  EXPECT_EQ(ErrorReason(manager_->runs().Retry(Ada(), {}, "foreign").status()), "RUN_NOT_RETRYABLE");
}

TEST_F(Import_Test, FullDiskLeavesNothing) {
  const auto writes = std::make_shared<std::atomic<int>>(0);
  files_.gate.Set(
      [writes] { return ++*writes < 3 ? absl::OkStatus() : absl::ResourceExhaustedError("no space left"); });
  EXPECT_EQ(Import().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(files_.Exists("foreign"));
  files_.gate.Open();
  EXPECT_TRUE(Import().ok());
}

// An imported file that a crash cut off stayed for ever: nobody asks for a chosen id again.
TEST_F(Import_Test, FileThatACrashCutOffGoesAtTheNextStart) {
  const auto dies = [] { return absl::UnavailableError("the server dies here"); };
  const auto writes = std::make_shared<std::atomic<int>>(0);
  catalog_.gate.Set([dies, writes] { return ++*writes < 2 ? absl::OkStatus() : dies(); });
  files_.remove_gate.Set(dies);
  EXPECT_FALSE(Import().ok());
  EXPECT_TRUE(files_.Exists("foreign"));
  Crash();
  catalog_.gate.Open();
  files_.remove_gate.Open();
  EXPECT_EQ(Boot().size(), 1u);
  EXPECT_FALSE(files_.Exists("foreign"));
}

// A crash between file and catalog leaves a file that no run has: it must not block its id.
TEST_F(Import_Test, OrphanOfACrashIsReplaced) {
  v1::Run orphan;
  orphan.set_name("runs/foreign");
  ASSERT_TRUE(storage_.run_files->Create(orphan).ok());
  EXPECT_TRUE(Import().ok());
}

}  // namespace
}  // namespace sumscope::jobs
