#ifndef SUMSCOPE_CLIENT_FILES_PARTIAL_FILE_H_
#define SUMSCOPE_CLIENT_FILES_PARTIAL_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/files/output_place.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {

// A file that is downloaded over several attempts: its bytes gather in PATH.part-KEY, which outlives a failure, and
// become PATH at Commit, as OutputPlace says. `key` says what is downloaded, so that two things never mix. Confined to
// one thread. INTERNAL OUTPUT_FAILED where it cannot be written.
class PartialFile {
 public:
  // `place` is not plain.
  static absl::StatusOr<std::unique_ptr<PartialFile>> Open(const OutputPlace& place, absl::string_view key);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& partial_path() const { return partial_path_; }
  uint64_t size() const { return size_; }
  // All bytes so far, in order.
  absl::Status Read(const std::function<void(absl::string_view)>& use) const;
  absl::Status Write(absl::string_view bytes);
  absl::Status Commit();
  // Starts anew.
  absl::Status Clear();
  // Takes it away.
  void Remove();

 private:
  PartialFile(OutputPlace place, std::string partial_path, FileDescriptor descriptor, uint64_t size);
  absl::Status Failed() const;  // of errno

  const OutputPlace place_;
  const std::string partial_path_;
  FileDescriptor descriptor_;
  uint64_t size_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_PARTIAL_FILE_H_
