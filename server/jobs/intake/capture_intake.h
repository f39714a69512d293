#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_CAPTURE_INTAKE_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_CAPTURE_INTAKE_H_

#include <memory>
#include <string>
#include <vector>

#include "server/jobs/state/context.h"
#include "storage/capture_file.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::jobs {

// Takes the activations that a capture's worker sends into a file of their own. Destroyed before the set's end came, it
// leaves nothing behind; a finished file is removed by whoever records another end than success (RecordEnd).
// Thread-compatible.
class CaptureIntake {
 public:
  CaptureIntake(Context* context, std::string run, std::string analysis)
      : context_(context), run_(std::move(run)), analysis_(std::move(analysis)) {}

  // A tensor set's begin, chunk or end, as MessageCheck lets them through. RESOURCE_EXHAUSTED CAPTURE_TOO_LARGE,
  // DISK_FULL; errors of the capture file.
  absl::Status Take(const worker::v1::WorkerMessage& message);
  // Fills what only the file knows of the tensors that the worker's result names: types, sizes, places, checksums.
  // INVALID_ARGUMENT WORKER_PROTOCOL when it names others than came.
  absl::Status Complete(v1::CaptureResult* result) const;

 private:
  absl::Status Begin(const worker::v1::TensorSetBegin& begin);

  Context* const context_;
  const std::string run_, analysis_;
  std::unique_ptr<storage::CaptureWriter> writer_;
  std::vector<storage::CaptureTensor> tensors_;  // once finished
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_CAPTURE_INTAKE_H_
