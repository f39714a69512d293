#include "server/rpc/serve/transfer/read_turns.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::rpc {

absl::StatusOr<std::string> ReadTurns::Read(absl::FunctionRef<bool()> gone,
                                            absl::FunctionRef<absl::StatusOr<std::string>()> read) {
  SUMSCOPE_RETURN_IF_ERROR(Begin(gone));
  const absl::Cleanup end = [this] { End(); };
  if (gone()) return absl::CancelledError("the client went away");
  return read();
}

absl::Status ReadTurns::Begin(absl::FunctionRef<bool()> gone) {
  constexpr std::chrono::milliseconds kLook{1'000}, kRetryAfter{10'000};
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  MutexLock lock(&mutex_);
  while (reading_ >= readers_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return WithRetryAfter(
          MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                    absl::StrCat("other downloads have read for ", patience_.count(),
                                 " ms before this one had its turn: the disk is slow; try again later")),
          absl::FromChrono(kRetryAfter));
    }
    if (gone()) return absl::CancelledError("the client went away");
    changed_.WaitFor(&mutex_, std::min(left, kLook));
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
