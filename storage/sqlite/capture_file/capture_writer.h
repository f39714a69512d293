#ifndef SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_CAPTURE_WRITER_H_
#define SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_CAPTURE_WRITER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/capture_file.h"
#include "storage/sqlite/base/connection.h"
#include "storage/sqlite/capture_file/tensor_hasher.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::storage {

// Writes <path>.tmp and renames it. Nothing is synced before the end: a file that an interruption left is thrown away.
class SqliteCaptureWriter final : public CaptureWriter {
 public:
  // `on_end` is called once, when the writer is destroyed. `env` outlives it.
  static absl::StatusOr<std::unique_ptr<CaptureWriter>> Begin(const std::string& path, TensorHasher hasher, Env* env,
                                                              std::function<void()> on_end);
  ~SqliteCaptureWriter() override;

  absl::Status Append(absl::string_view bytes) override;
  absl::StatusOr<std::vector<CaptureTensor>> Finish() override;

 private:
  SqliteCaptureWriter(const std::string& path, TensorHasher hasher, Env* env, std::function<void()> on_end);
  absl::Status CreateFile();
  absl::Status WriteChunk(absl::string_view data);
  absl::StatusOr<std::vector<CaptureTensor>> WriteEnd();

  const std::string path_;
  const FileIdentity temporary_;
  TensorHasher hasher_;
  Env* const env_;
  const std::function<void()> on_end_;
  std::unique_ptr<Connection> connection_;  // null once the file is closed
  std::string rest_;                        // of the data, less than a chunk
  uint64_t written_ = 0;
  absl::Status failure_;  // without a journal nothing is written after a failed write
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_CAPTURE_WRITER_H_
