#include "server/jobs/state/context.h"

#include "proto/contract/base/back_off.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/utf8.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {

bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

absl::Status WithReserve(Context* context, const std::function<absl::Status()>& body) {
  const absl::Status status = body();
  if (status.ok() || StorageReason(status) != reasons::kDiskFull) return status;
  // Also where somebody else has just released it: that room may still be there.
  if (context->reserve != nullptr) context->reserve->Release();
  return body();
}

absl::Status Retry(Context* context, int tries, const std::function<absl::Status()>& body) {
  for (int i = 1;; ++i) {
    const absl::Status status = body();
    if (status.ok() || !MayPass(status) || i >= tries) return status;
    if (context->interrupt.WaitFor(BackOffDelay(i, absl::Milliseconds(50), absl::Seconds(5)))) return status;
  }
}

std::string StorageReason(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  if (reason == "CHUNK_CORRUPT") return reasons::kRunFileCorrupt;
  if (!reason.empty()) return reason;
  if (absl::IsResourceExhausted(status)) return reasons::kDiskFull;
  if (absl::IsDataLoss(status)) return reasons::kRunFileCorrupt;
  return reasons::kStorageError;
}

std::string AnalysisOrRunName(const std::string& run, const std::string& analysis) {
  return analysis.empty() ? RunName(run) : AnalysisName(run, analysis);
}

std::string Bounded(absl::string_view text) {
  if (text.size() <= limits::kMaxLogTextBytes) return ReplaceInvalidUtf8(text);
  size_t end = limits::kMaxLogTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return ReplaceInvalidUtf8(text.substr(0, end));
}

}  // namespace sumscope::jobs
