// A run file is damaged in every page: whatever is read is right or DATA_LOSS, and nothing crashes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/contract/errors/errors.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

class Corruption_Test : public testing::Test {
 protected:
  Corruption_Test() {
    Storage storage = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
    const auto file = *storage.run_files->Create(MakeRun("r1"));
    const absl::Status status = file->Write([&](RunFileTransaction& transaction) -> absl::Status {
      v1::MetricBlock block;
      block.set_count(2500);
      block.add_columns("loss");
      for (int i = 0; i < 2500; ++i) block.add_values(1.0 / (i + 1));
      std::optional<uint64_t> diverged;
      EXPECT_TRUE(transaction.AppendMetrics(Series::kDeterministic, block, &diverged).ok());
      EXPECT_TRUE(transaction.AppendLog({0, absl::UnixEpoch(), "INFO", "hello", {}}).ok());
      const auto set =
          transaction.BeginTensorSet(TensorSetKind::kWeights, 3, {{"W", "F32", {5000}, 20000}}, absl::Now());
      EXPECT_TRUE(transaction.AppendTensorBytes(*set, weights_).ok());
      EXPECT_TRUE(transaction.FinishTensorSet(*set, {}).ok());
      return transaction.PutAnalysis(MakeAnalysis("r1", "a1", "key"));
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(file->Seal().ok());
    std::ifstream stream(path_, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    bytes_ = text.str();
  }

  // Reads everything; true when all of it was right, false when some answer was DATA_LOSS (or the file not ours at
  // all).
  bool ReadAll(const std::string& bytes) {
    for (const char* suffix : {"-wal", "-shm", "-journal"}) std::filesystem::remove(path_ + suffix);
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    Storage storage = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
    const auto file = storage.run_files->Open("r1");
    if (!file.ok()) return Lost(file.status());
    bool whole = true;
    const auto run = (*file)->GetRun();
    whole &= run.ok() ? run->name() == "runs/r1" : Lost(run.status());
    const auto metrics = (*file)->ReadMetrics(Series::kDeterministic, 0, 2500);
    if (metrics.ok()) {
      EXPECT_EQ(metrics->count(), 2500u);
      for (int i = 0; i < metrics->values_size(); ++i) EXPECT_EQ(metrics->values(i), 1.0 / (i + 1));
    } else {
      whole &= Lost(metrics.status());
    }
    const auto log = (*file)->ListLog(0, 10);
    if (log.ok()) {
      EXPECT_EQ(log->size(), 1u);
      EXPECT_EQ(log->front().text, "hello");
    } else {
      whole &= Lost(log.status());
    }
    const auto set = (*file)->GetTensorSet(TensorSetKind::kWeights, 3);
    const auto tensor = set.ok() ? (*file)->ReadTensorBytes(set->id, 0, 20000) : set.status();
    whole &= tensor.ok() ? *tensor == weights_ : Lost(tensor.status());
    const auto analysis = (*file)->GetAnalysis("a1");
    whole &= analysis.ok() ? analysis->key() == "key" : Lost(analysis.status());
    return whole;
  }

  static bool Lost(const absl::Status& status) {
    // A row whose index entry is damaged is not found; everything else says that data was lost.
    EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsNotFound(status) || ErrorReason(status) == "SCHEMA_NEWER" ||
                ErrorReason(status) == "DATA_DIRECTORY_NOT_WRITABLE")
        << status;
    return false;
  }

  const TempDirectory folder_;
  const std::string path_ = folder_.path() + "/runs/r1/r1.db";
  const std::string weights_ = std::string(20000, 'w');
  std::string bytes_;
};

TEST_F(Corruption_Test, UndamagedFileIsReadWhole) { EXPECT_TRUE(ReadAll(bytes_)); }

TEST_F(Corruption_Test, FlippedByteIsFoundOrHarmless) {
  int lost = 0;
  for (size_t at = 0; at < bytes_.size(); at += 509) {  // prime: every page, at changing places
    std::string damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    lost += ReadAll(damaged) ? 0 : 1;
  }
  EXPECT_GT(lost, 10);
}

TEST_F(Corruption_Test, TruncatedFileIsFound) {
  for (size_t length = 0; length < bytes_.size(); length += 4096) EXPECT_FALSE(ReadAll(bytes_.substr(0, length)));
}

}  // namespace
}  // namespace sumscope::storage
