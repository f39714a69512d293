#ifndef SUMSCOPE_STORAGE_CAPTURE_FILE_H_
#define SUMSCOPE_STORAGE_CAPTURE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/run_file.h"

namespace sumscope::storage {

// A tensor of a capture: where its bytes lie in the capture's data, and their SHA-256.
struct CaptureTensor {
  StoredTensor tensor;
  uint64_t offset = 0;
  std::string sha256;
};

// runs/<first two characters>/<run>.<capture>.db under a temporary name, written once from front to end with the
// journal off. Thread-compatible. Destroyed before Finish, it leaves nothing behind.
class CaptureWriter {
 public:
  virtual ~CaptureWriter() = default;
  // Bytes of the tensors in order, cut anywhere. INVALID_ARGUMENT TENSOR_SET_TOO_LONG; RESOURCE_EXHAUSTED DISK_FULL.
  virtual absl::Status Append(absl::string_view bytes) = 0;
  // fsync, rename, fsync of the folder. DATA_LOSS TENSOR_SET_INCOMPLETE when bytes are missing.
  virtual absl::StatusOr<std::vector<CaptureTensor>> Finish() = 0;
};

// A finished capture. Thread-safe.
class CaptureFile {
 public:
  virtual ~CaptureFile() = default;
  virtual const std::vector<CaptureTensor>& tensors() const = 0;
  virtual uint64_t data_bytes() const = 0;
  // Bytes [offset, offset+length) of the data, each chunk verified. DATA_LOSS CHUNK_CORRUPT; OUT_OF_RANGE
  // OFFSET_OUT_OF_RANGE.
  virtual absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length) = 0;
};

// The captures beside the run files. Thread-safe.
class CaptureFiles {
 public:
  virtual ~CaptureFiles() = default;
  // Replaces what an interrupted writer left. ALREADY_EXISTS CAPTURE_EXISTS.
  virtual absl::StatusOr<std::unique_ptr<CaptureWriter>> Create(const std::string& run, const std::string& capture,
                                                                const std::vector<StoredTensor>& tensors) = 0;
  // NOT_FOUND CAPTURE_FILE_NOT_FOUND; DATA_LOSS CAPTURE_FILE_CORRUPT.
  virtual absl::StatusOr<std::unique_ptr<CaptureFile>> Open(const std::string& run, const std::string& capture) = 0;
  // Also when nobody can tell: Open says what is wrong.
  virtual bool Exists(const std::string& run, const std::string& capture) = 0;
  // OK also when there is none.
  virtual absl::Status Remove(const std::string& run, const std::string& capture) = 0;
  // Bytes that finished captures take on disk, and what interrupted writers left; not what is being written.
  virtual absl::StatusOr<uint64_t> UsedBytes() = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CAPTURE_FILE_H_
