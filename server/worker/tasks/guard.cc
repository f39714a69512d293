#include "server/worker/tasks/guard.h"

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "server/engine/runtime/error.h"

namespace sumscope::worker {
namespace {

absl::StatusCode CodeOf(engine::ErrorKind kind) {
  switch (kind) {
    case engine::ErrorKind::kInvalidArgument:
      return absl::StatusCode::kInvalidArgument;
    case engine::ErrorKind::kNonFinite:
      return absl::StatusCode::kOutOfRange;
    case engine::ErrorKind::kCancelled:
      return absl::StatusCode::kCancelled;
    case engine::ErrorKind::kCorrupt:
      return absl::StatusCode::kDataLoss;
    case engine::ErrorKind::kInternal:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kInternal;
}

absl::Status OutOfMemory(absl::string_view what) {
  return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                   absl::StrCat("not enough memory for this task: ", what));
}

// LibTorch's allocator of ordinary memory has no exception type of its own.
bool IsOutOfMemory(const c10::Error& error) {
  return absl::StrContains(error.what_without_backtrace(), "DefaultCPUAllocator: ");
}

absl::Status StatusOf(const engine::Error& error) {
  const absl::StatusCode code = CodeOf(error.kind);
  if (absl::StartsWith(error.reason, "WEIGHTS_")) {
    return MakeError(code, "WEIGHTS_INVALID", absl::StrCat(error.what(), " (", error.reason, ")"));
  }
  return MakeError(code, error.reason, error.what());
}

}  // namespace

absl::Status Guarded(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const engine::Error& error) {
    return StatusOf(error);
  } catch (const c10::OutOfMemoryError& error) {
    return OutOfMemory(error.what_without_backtrace());
  } catch (const std::bad_alloc& error) {
    return OutOfMemory(error.what());
  } catch (const std::length_error& error) {  // of a container: more than an address space holds
    return OutOfMemory(error.what());
  } catch (const c10::Error& error) {
    if (IsOutOfMemory(error)) return OutOfMemory(error.what_without_backtrace());
    return MakeError(absl::StatusCode::kUnknown, "LIBTORCH_ERROR", error.what_without_backtrace());
  } catch (const std::exception& error) {
    return MakeError(absl::StatusCode::kUnknown, "UNEXPECTED_EXCEPTION", error.what());
  }
}

v1::Finished FinishedOf(const absl::Status& status, Interruption interruption) {
  v1::Finished finished;
  if (status.ok()) {
    finished.set_outcome(v1::Finished::DONE);
    return finished;
  }
  if (absl::IsCancelled(status) && interruption != Interruption::kNone) {
    finished.set_outcome(interruption == Interruption::kCancel ? v1::Finished::CANCELLED : v1::Finished::STOPPED);
    return finished;
  }
  finished.set_outcome(v1::Finished::FAILED);
  finished.set_reason(ErrorReason(status));
  finished.set_detail(std::string(status.message()));
  finished.set_retryable(absl::IsUnavailable(status) || absl::IsUnknown(status));
  return finished;
}

}  // namespace sumscope::worker
