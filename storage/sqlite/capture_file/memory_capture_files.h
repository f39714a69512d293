#ifndef SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_MEMORY_CAPTURE_FILES_H_
#define SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_MEMORY_CAPTURE_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "storage/capture_file.h"

namespace sumscope::storage {

// The test double. Thread-safe; outlives its writers.
class MemoryCaptureFiles final : public CaptureFiles {
 public:
  struct Data {
    std::vector<CaptureTensor> tensors;
    std::string bytes;
  };

  absl::StatusOr<std::unique_ptr<CaptureWriter>> Create(const std::string& run, const std::string& capture,
                                                        const std::vector<StoredTensor>& tensors) override;
  absl::StatusOr<std::unique_ptr<CaptureFile>> Open(const std::string& run, const std::string& capture) override;
  bool Exists(const std::string& run, const std::string& capture) override;
  absl::Status Remove(const std::string& run, const std::string& capture) override;
  absl::StatusOr<uint64_t> UsedBytes() override;
  // Every capture of `run`.
  absl::Status RemoveAll(const std::string& run);

 private:
  friend class MemoryCaptureWriter;
  using Key = std::pair<std::string, std::string>;  // run, capture
  // null ends the writing without a capture.
  void End(const Key& key, std::shared_ptr<const Data> data);

  Mutex mutex_;
  std::map<Key, std::shared_ptr<const Data>> captures_ ABSL_GUARDED_BY(mutex_);  // null while it is written
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_MEMORY_CAPTURE_FILES_H_
