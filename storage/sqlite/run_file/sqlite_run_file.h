#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILE_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/run_file.h"
#include "storage/sqlite/base/database.h"

namespace sumscope::storage {

// One run's database. Thread-safe.
class SqliteRunFile final : public RunFile {
 public:
  // A file at `path` must exist; an empty path is a run in memory. `env` outlives it.
  SqliteRunFile(const std::string& run, const std::string& path, Env* env);

  // Makes a new file that holds nothing but the description: whole or not at all. RUN_EXISTS, DISK_FULL, ..
  static absl::Status CreateFile(const std::string& path, const v1::Run& run, Env* env);
  // Writes the description of a run in memory.
  absl::Status Initialise(const v1::Run& run);
  // RUN_FILE_CORRUPT, RUN_FILE_MISPLACED, SCHEMA_NEWER: what is wrong with the file, before anybody uses it.
  absl::Status Check();
  // RUN_FILE_NOT_FOUND; FileError when nobody can tell.
  absl::Status CheckPresent() { return database_.CheckPresent(); }
  // Lets go of the file when nobody uses it at the moment; it is opened again at the next use.
  bool TryClose() { return database_.TryClose(); }
  absl::Status CloseForEver(absl::Status status) { return database_.CloseForEver(std::move(status)); }

  absl::Status Write(const std::function<absl::Status(RunFileTransaction&)>& body) override;
  absl::StatusOr<v1::Run> GetRun() override;
  absl::StatusOr<uint64_t> MetricSteps(Series series) override;
  absl::StatusOr<v1::MetricBlock> ReadMetrics(Series series, uint64_t first_step, uint32_t max_rows) override;
  absl::StatusOr<std::vector<TensorSet>> ListTensorSets(TensorSetKind kind) override;
  absl::StatusOr<TensorSet> GetTensorSet(TensorSetKind kind, uint64_t step) override;
  absl::StatusOr<std::string> ReadTensorBytes(int64_t set, uint64_t offset, uint64_t length) override;
  absl::StatusOr<uint64_t> LogEntries() override;
  absl::StatusOr<std::vector<LogEntry>> ListLog(uint64_t after_sequence, int limit) override;
  absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& analysis) override;
  absl::StatusOr<std::vector<v1::Analysis>> ListAnalyses() override;
  absl::StatusOr<int> DiscardUnfinishedTensorSets() override;
  uint64_t Incarnation() override { return database_.Incarnation(); }
  absl::Status Seal() override { return database_.Seal(); }

 private:
  const std::string run_;
  Database database_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILE_H_
