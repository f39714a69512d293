#include "server/rpc/serve/transfer/read_turns.h"

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::rpc {

absl::StatusOr<std::string> ReadTurns::Read(absl::FunctionRef<absl::StatusOr<std::string>()> read) {
  SUMSCOPE_RETURN_IF_ERROR(Begin());
  const absl::Cleanup end = [this] { End(); };
  return read();
}

absl::Status ReadTurns::Begin() {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  MutexLock lock(&mutex_);
  while (reading_ >= readers_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                       absl::StrCat("other downloads have read for ", patience_.count(),
                                    " ms before this one had its turn: the disk is slow; try again later"));
    }
    changed_.WaitFor(&mutex_, left);
  }
  ++reading_;
  return absl::OkStatus();
}

void ReadTurns::End() {
  MutexLock lock(&mutex_);
  --reading_;
  changed_.NotifyAll();
}

}  // namespace sumscope::rpc
