#include "server/rpc/predictions/predict.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/table_cost.h"
#include "proto/contract/names/tasks.h"

namespace sumscope::rpc {
namespace {

// All but the time.
v1::Prediction NeedsOf(const v1::TrainSpec& spec) {
  const ModelCost cost = CostOf(spec);
  const uint64_t parameters = cost.parameters, element_bytes = cost.element_bytes, rows = cost.rows;
  const uint64_t answer_rows = AnswerTokenNames(spec).size();
  const uint64_t cells = 3 * (RunHasOperation(spec, v1::ADD) + RunHasOperation(spec, v1::SUB));
  const uint64_t metric_columns = 1 + answer_rows + 2 * cells;  // the loss, each digit's, each cell's count and loss

  v1::Prediction prediction;
  prediction.set_parameters(parameters);
  // A checkpoint's losses are read by tables beside what a step keeps.
  prediction.set_memory_bytes(kLibraryBytes + parameters * element_bytes * 4 +
                              cost.row_activation * rows * spec.batch_size() * element_bytes * 2 +
                              (AnswersByTables(spec) ? static_cast<uint64_t>(TableBytes(spec)) : 0));
  prediction.set_disk_bytes((CheckpointsBetween(0, spec.steps(), spec.steps()) + 2 * 3) * parameters * element_bytes +
                            spec.steps() * metric_columns * sizeof(double));
  prediction.set_training_flops(WorkOfStep(spec).flops * static_cast<double>(spec.steps()));
  return prediction;
}

}  // namespace

v1::Prediction PredictTraining(const v1::TrainSpec& spec, const jobs::Predictor& predictor) {
  v1::Prediction prediction = NeedsOf(spec);
  const jobs::PredictedTime time = predictor.Training(spec);
  prediction.set_seconds(time.seconds);
  prediction.set_measured(time.basis != jobs::Basis::kAssumed);
  prediction.set_basis(time.Text());
  return prediction;
}

v1::Prediction PredictTraining(const v1::TrainSpec& spec, const Speed& speed) {
  return PredictTraining(spec, jobs::Predictor(speed));
}

absl::Status CheckMemory(uint64_t predicted_bytes, uint64_t memory_bytes) {
  if (memory_bytes == 0 || predicted_bytes <= memory_bytes) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted, "NOT_ENOUGH_MEMORY",
      absl::StrCat("this needs about ", predicted_bytes, " bytes of memory; the machine has ", memory_bytes,
                   ": make the model, the batch or the questions smaller, or use a larger machine"),
      {{"predicted_bytes", absl::StrCat(predicted_bytes)}, {"memory_bytes", absl::StrCat(memory_bytes)}});
}

}  // namespace sumscope::rpc
