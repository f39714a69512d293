#include <google/protobuf/util/message_differencer.h>

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/safetensors/safetensors.h"
#include "proto/contract/text/sha256.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

v1::MetricBlock Block(uint64_t first, uint32_t count, double offset = 0) {
  v1::MetricBlock block;
  block.set_first_step(first);
  block.set_count(count);
  block.add_columns("loss");
  block.add_columns("cell_loss.US9");
  for (uint32_t i = 0; i < count; ++i) {
    block.add_values(static_cast<double>(first + i) + offset);
    block.add_values((first + i) % 7 == 0 ? std::numeric_limits<double>::quiet_NaN() : 0.5);
  }
  return block;
}

class RunFile_Test : public BackendTest {
 protected:
  RunFile_Test() { file_ = *files().Create(MakeRun("r1")); }

  void Write(const std::function<absl::Status(RunFileTransaction&)>& body) {
    const absl::Status status = file_->Write(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  absl::Status Append(const v1::MetricBlock& block, std::optional<uint64_t>* diverged = nullptr) {
    std::optional<uint64_t> ignored;
    return file_->Write([&](RunFileTransaction& transaction) {
      return transaction.AppendMetrics(Series::kDeterministic, block, diverged == nullptr ? &ignored : diverged);
    });
  }
  int64_t StoreTensors(TensorSetKind kind, uint64_t step, const std::string& bytes, bool finish = true) {
    int64_t set = 0;
    Write([&](RunFileTransaction& transaction) -> absl::Status {
      const auto begun = transaction.BeginTensorSet(kind, step, {{"W", "F32", {bytes.size() / 4}, bytes.size()}},
                                                    absl::FromUnixSeconds(7));
      EXPECT_TRUE(begun.ok()) << begun.status();
      set = *begun;
      return transaction.AppendTensorBytes(set, absl::string_view(bytes).substr(0, bytes.size() / 2));
    });
    if (!finish) return set;
    Write([&](RunFileTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(transaction.AppendTensorBytes(set, absl::string_view(bytes).substr(bytes.size() / 2)).ok());
      return transaction.FinishTensorSet(set, 0.5);
    });
    return set;
  }
  void ReopenFile() {
    file_.reset();
    Reopen();
    file_ = *files().Open("r1");
  }

  std::shared_ptr<RunFile> file_;
};
SUMSCOPE_ON_EVERY_BACKEND(RunFile_Test);

TEST_P(RunFile_Test, DescriptionComesBack) {
  v1::Run run = MakeRun("r1");
  run.set_state(v1::SUCCEEDED);
  run.add_segments()->set_host("here");
  run.set_visibility(v1::PRIVATE);
  Write([&](RunFileTransaction& transaction) { return transaction.PutRun(run); });
  ReopenFile();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*file_->GetRun(), run));
  EXPECT_EQ(ErrorReason(files().Create(run).status()), "RUN_EXISTS");
  EXPECT_EQ(ErrorReason(files().Open("other").status()), "RUN_FILE_NOT_FOUND");
}

TEST_P(RunFile_Test, EveryStepIsStoredWhateverTheBlocks) {
  uint64_t next = 0;
  for (const uint32_t count : {1u, 999u, 1u, 250u, 3000u, 7u}) {
    ASSERT_TRUE(Append(Block(next, count)).ok());
    next += count;
  }
  ReopenFile();
  EXPECT_EQ(*file_->MetricSteps(Series::kDeterministic), next);
  EXPECT_EQ(*file_->MetricSteps(Series::kTiming), 0u);
  for (const uint64_t first : {uint64_t{0}, uint64_t{998}, uint64_t{2500}, next - 1}) {
    const auto rows = file_->ReadMetrics(Series::kDeterministic, first, 1500);
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ(rows->count(), std::min<uint64_t>(1500, next - first));
    for (uint32_t i = 0; i < rows->count(); ++i) {
      ASSERT_EQ(rows->values(2 * i), static_cast<double>(first + i));
      ASSERT_EQ(std::isnan(rows->values(2 * i + 1)), (first + i) % 7 == 0);
    }
  }
  EXPECT_EQ(file_->ReadMetrics(Series::kDeterministic, next, 10)->count(), 0u);
}

TEST_P(RunFile_Test, RepeatedStepsAreComparedAndGapsRefused) {
  ASSERT_TRUE(Append(Block(0, 1500)).ok());
  std::optional<uint64_t> diverged;
  ASSERT_TRUE(Append(Block(900, 700), &diverged).ok());
  EXPECT_FALSE(diverged.has_value()) << "equal bytes, NaN included";
  EXPECT_EQ(*file_->MetricSteps(Series::kDeterministic), 1600u);

  v1::MetricBlock other = Block(990, 20);
  other.set_values(2 * 12, -1);  // step 1002
  ASSERT_TRUE(Append(other, &diverged).ok());
  EXPECT_EQ(diverged, std::make_optional<uint64_t>(1002));
  EXPECT_EQ(file_->ReadMetrics(Series::kDeterministic, 1002, 1)->values(0), -1);
  EXPECT_EQ(file_->ReadMetrics(Series::kDeterministic, 1003, 1)->values(0), 1003);
  EXPECT_EQ(*file_->MetricSteps(Series::kDeterministic), 1600u) << "later steps stay";

  EXPECT_EQ(ErrorReason(Append(Block(1601, 5))), "METRICS_GAP");
  v1::MetricBlock misshapen = Block(1600, 5);
  misshapen.add_values(1);
  EXPECT_EQ(ErrorReason(Append(misshapen)), "METRICS_MISSHAPEN");
  // A block of five million columns was stored, and who read it got UNKNOWN: 1,000 steps of it take 40 GB.
  v1::MetricBlock wide = misshapen;
  wide.set_count(1);
  wide.clear_values();
  wide.clear_columns();
  for (int i = 0; i < 100; ++i) {
    wide.add_columns(absl::StrCat("c", i));
    wide.add_values(1);
  }
  EXPECT_EQ(ErrorReason(Append(wide)), "METRICS_MISSHAPEN");
}

TEST_P(RunFile_Test, TensorsComeBackInAnyPieceUnderTheFilesHash) {
  std::string bytes(3'000'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  StoreTensors(TensorSetKind::kWeights, 20, bytes);
  StoreTensors(TensorSetKind::kWeights, 10, "12345678");
  ReopenFile();
  const auto sets = file_->ListTensorSets(TensorSetKind::kWeights);
  ASSERT_TRUE(sets.ok()) << sets.status();
  ASSERT_EQ(sets->size(), 2u);
  EXPECT_EQ((*sets)[0].step, 10u);
  const TensorSet set = *file_->GetTensorSet(TensorSetKind::kWeights, 20);
  EXPECT_EQ(set.heldout_loss, 0.5);
  EXPECT_EQ(set.create_time, absl::FromUnixSeconds(7));
  const std::string prefix = MakeSafetensorsPrefix({{"W", "F32", {bytes.size() / 4}}}, {});
  EXPECT_EQ(set.sha256, Sha256Hex(prefix + bytes));
  EXPECT_EQ(set.file_bytes, prefix.size() + bytes.size());
  for (const auto& [offset, length] : {std::pair<uint64_t, uint64_t>{0, bytes.size()},
                                       {1, 10},
                                       {1'499'990, 20},
                                       {2'500'000, 500'000},
                                       {bytes.size(), 0}}) {
    EXPECT_EQ(*file_->ReadTensorBytes(set.id, offset, length), bytes.substr(offset, length)) << offset;
  }
  EXPECT_EQ(ErrorReason(file_->ReadTensorBytes(set.id, bytes.size() - 1, 2).status()), "CHUNK_CORRUPT");
  EXPECT_EQ(ErrorReason(file_->GetTensorSet(TensorSetKind::kWeights, 21).status()), "CHECKPOINT_NOT_FOUND");
}

TEST_P(RunFile_Test, UnfinishedSetsAreInvisibleAndDiscarded) {
  StoreTensors(TensorSetKind::kWeights, 1, "12345678", /*finish=*/false);
  EXPECT_TRUE(file_->ListTensorSets(TensorSetKind::kWeights)->empty());
  const int64_t set = StoreTensors(TensorSetKind::kResumeState, 2, "12345678", /*finish=*/false);
  EXPECT_EQ(ErrorReason(file_->Write([&](auto& transaction) { return transaction.FinishTensorSet(set, {}); })),
            "TENSOR_SET_INCOMPLETE");
  ReopenFile();
  EXPECT_EQ(*file_->DiscardUnfinishedTensorSets(), 2);
  EXPECT_EQ(*file_->DiscardUnfinishedTensorSets(), 0);
}

TEST_P(RunFile_Test, ResumeStateIsReplacedAndEqualWeightsAreKept) {
  StoreTensors(TensorSetKind::kResumeState, 5, "aaaabbbb");
  StoreTensors(TensorSetKind::kResumeState, 9, "ccccdddd");
  const auto states = file_->ListTensorSets(TensorSetKind::kResumeState);
  ASSERT_EQ(states->size(), 1u);
  EXPECT_EQ(states->front().step, 9u);
  EXPECT_EQ(*file_->ReadTensorBytes(states->front().id, 0, 8), "ccccdddd");

  const int64_t first = StoreTensors(TensorSetKind::kWeights, 5, "aaaabbbb");
  StoreTensors(TensorSetKind::kWeights, 5, "aaaabbbb");
  EXPECT_EQ(file_->GetTensorSet(TensorSetKind::kWeights, 5)->id, first);
  StoreTensors(TensorSetKind::kWeights, 5, "aaaaXXXX");
  EXPECT_EQ(file_->ListTensorSets(TensorSetKind::kWeights)->size(), 1u);
  EXPECT_NE(file_->GetTensorSet(TensorSetKind::kWeights, 5)->id, first);
}

TEST_P(RunFile_Test, LogIsDenseAndAnalysesAreWhole) {
  v1::Analysis analysis = MakeAnalysis("r1", "a1", "key");
  analysis.mutable_result()->mutable_evaluate()->set_loss(0.125);
  analysis.mutable_provenance()->set_host("here");
  Write([&](RunFileTransaction& transaction) -> absl::Status {
    for (int i = 1; i <= 5; ++i) {
      LogEntry entry;
      entry.time = absl::FromUnixSeconds(i);
      entry.severity = "INFO";
      entry.text = "line " + std::to_string(i);
      if (i == 3) entry.checkpoint_step = 20;
      EXPECT_EQ(*transaction.AppendLog(entry), static_cast<uint64_t>(i));
    }
    return transaction.PutAnalysis(analysis);
  });
  ReopenFile();
  const auto log = file_->ListLog(2, 2);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->size(), 2u);
  EXPECT_EQ((*log)[0].text, "line 3");
  EXPECT_EQ((*log)[0].checkpoint_step, 20u);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*file_->GetAnalysis("a1"), analysis));
  EXPECT_EQ(ErrorReason(file_->GetAnalysis("a2").status()), "ANALYSIS_NOT_FOUND");
  EXPECT_EQ(file_->ListAnalyses()->size(), 1u);
}

TEST_P(RunFile_Test, SealedFileIsOnePlainFileAndCanStillBeWritten) {
  ASSERT_TRUE(Append(Block(0, 10)).ok());
  ASSERT_TRUE(file_->Seal().ok());
  EXPECT_EQ(*file_->MetricSteps(Series::kDeterministic), 10u);
  if (GetParam() == Backend::kDisk) {
    const std::string path = directory() + "/runs/r1/r1.db";
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(path + "-shm"));
  }
  ASSERT_TRUE(Append(Block(10, 10)).ok());
  ASSERT_TRUE(file_->Seal().ok());
  EXPECT_EQ(*file_->MetricSteps(Series::kDeterministic), 20u);
}

TEST_P(RunFile_Test, RemovedFileIsGone) {
  ASSERT_TRUE(files().Remove("r1").ok());
  EXPECT_FALSE(files().Exists("r1"));
  EXPECT_FALSE(file_->GetRun().ok()) << "who still holds it is told";
}

TEST_P(RunFile_Test, ManyFilesAreServedThroughFewHandles) {
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(files().Create(MakeRun("many" + std::to_string(i))).ok());
  for (int i = 0; i < 150; i += 7) {
    EXPECT_EQ((*files().Open("many" + std::to_string(i)))->GetRun()->name(), "runs/many" + std::to_string(i));
  }
}

TEST_P(RunFile_Test, RemovedAnalysisIsForgotten) {
  Write([](RunFileTransaction& transaction) { return transaction.PutAnalysis(MakeAnalysis("r1", "a1", "k1")); });
  Write([](RunFileTransaction& transaction) { return transaction.PutAnalysis(MakeAnalysis("r1", "a2", "k2")); });
  Write([](RunFileTransaction& transaction) { return transaction.RemoveAnalysis("a1"); });
  Write([](RunFileTransaction& transaction) { return transaction.RemoveAnalysis("a1"); });
  ReopenFile();
  EXPECT_EQ(ErrorReason(file_->GetAnalysis("a1").status()), "ANALYSIS_NOT_FOUND");
  const auto analyses = file_->ListAnalyses();
  ASSERT_TRUE(analyses.ok()) << analyses.status();
  EXPECT_EQ(analyses->size(), 1u);
}

}  // namespace
}  // namespace sumscope::storage
