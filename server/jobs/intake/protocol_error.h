#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_PROTOCOL_ERROR_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_PROTOCOL_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {

// A worker sent what no worker sends.
inline absl::Status ProtocolError(absl::string_view text) {
  return MakeError(absl::StatusCode::kInvalidArgument, reasons::kWorkerProtocol, text);
}

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_PROTOCOL_ERROR_H_
