#ifndef SUMSCOPE_SERVER_WORKER_CONVERT_CONVERSION_H_
#define SUMSCOPE_SERVER_WORKER_CONVERT_CONVERSION_H_

#include "absl/status/statusor.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/spec/spec.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

// The only place where messages become the engine's structs and back. Tests hold it complete.
namespace sumscope::worker {

// INVALID_ARGUMENT SPEC_INCOMPLETE naming the first field that is unset or that this worker does not know: the server
// sends complete specs only.
absl::StatusOr<engine::TrainSpec> ToEngine(const sumscope::v1::TrainSpec& spec);

engine::EvaluateRequest ToEngine(const sumscope::v1::EvaluateRequest& request);

// What a result's text and totals depend on beside its numbers.
struct EvaluateContext {
  int n_digits = 0;
  engine::Format format = engine::Format::kSigned;
  bool stratified = false;  // classes in equal numbers: no overall rate
};
sumscope::v1::EvaluateResult FromEngine(const engine::EvaluateResult& result, const EvaluateContext& context);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_CONVERT_CONVERSION_H_
