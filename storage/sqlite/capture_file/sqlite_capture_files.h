#ifndef SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_SQLITE_CAPTURE_FILES_H_
#define SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_SQLITE_CAPTURE_FILES_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "storage/capture_file.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::storage {

// <directory>/runs/<first two characters>/<run>.<capture>.db. Thread-safe; outlives its writers.
class SqliteCaptureFiles final : public CaptureFiles {
 public:
  // `env` outlives it.
  SqliteCaptureFiles(std::string directory, Env* env) : directory_(std::move(directory)), env_(env) {}

  absl::StatusOr<std::unique_ptr<CaptureWriter>> Create(const std::string& run, const std::string& capture,
                                                        const std::vector<StoredTensor>& tensors) override;
  absl::StatusOr<std::unique_ptr<CaptureFile>> Open(const std::string& run, const std::string& capture) override;
  bool Exists(const std::string& run, const std::string& capture) override;
  absl::Status Remove(const std::string& run, const std::string& capture) override;
  absl::StatusOr<uint64_t> UsedBytes() override;
  // Every capture of `run`, unfinished ones too.
  absl::Status RemoveAll(const std::string& run);
  // Whether an interrupted writer of an earlier process left the file.
  static bool IsUnfinished(const std::string& path);

 private:
  std::string FolderOf(const std::string& run) const;
  std::string PathOf(const std::string& run, const std::string& capture) const;

  const std::string directory_;
  Env* const env_;
  Mutex mutex_;
  std::set<std::string> being_written_ ABSL_GUARDED_BY(mutex_);  // paths
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_SQLITE_CAPTURE_FILES_H_
