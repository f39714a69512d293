#ifndef SUMSCOPE_CLIENT_FILES_CHECKPOINT_FILE_H_
#define SUMSCOPE_CLIENT_FILES_CHECKPOINT_FILE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

// What an exported file says about itself: run, step, model_name, spec (JSON), code_version of the training (or
// "imported"), and the SHA-256 of the server's file.
std::map<std::string, std::string> CheckpointMetadata(const v1::Run& run, const v1::Checkpoint& checkpoint);

// Puts `__metadata__` into a safetensors file that arrives in pieces; the tensors' bytes pass through unchanged.
// Thread-compatible.
class CheckpointFile {
 public:
  // `total_bytes` of the file that arrives; `write` takes the new file's bytes in order.
  CheckpointFile(std::map<std::string, std::string> metadata, uint64_t total_bytes,
                 std::function<absl::Status(absl::string_view)> write);

  // DATA_LOSS CHECKPOINT_CORRUPT for a header that is none; errors of `write`.
  absl::Status Add(absl::string_view bytes);
  // The same when the header never came in full.
  absl::Status Finish();

 private:
  const std::map<std::string, std::string> metadata_;
  const uint64_t total_bytes_;
  const std::function<absl::Status(absl::string_view)> write_;
  std::string prefix_;  // of the old file, until its header is complete
  bool header_written_ = false;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_CHECKPOINT_FILE_H_
