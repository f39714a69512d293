#include "server/engine/spec/spec.h"

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

void CheckRange(const char* field, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return;
  RefuseInput("BAD_SPEC", std::string(field) + " must be " + std::to_string(low) + ".." + std::to_string(high) +
                              ", not " + std::to_string(value));
}

// `valid` of NaN is false.
void CheckReal(const char* field, double value, bool valid, const char* range) {
  if (valid) return;
  RefuseInput("BAD_SPEC", std::string(field) + " must be in " + range + ", not " + std::to_string(value));
}

}  // namespace

std::vector<Operation> OperationsOf(TrainOperation operation) {
  switch (operation) {
    case TrainOperation::kAdd:
      return {Operation::kAdd};
    case TrainOperation::kSub:
      return {Operation::kSub};
    case TrainOperation::kMul:
      return {Operation::kMul};
    case TrainOperation::kMix:
      return {Operation::kAdd, Operation::kSub};
    case TrainOperation::kMas:
      return {Operation::kAdd, Operation::kSub, Operation::kMul};
  }
  throw Error(ErrorKind::kInternal, "BAD_OPERATION", "a spec without an operation");
}

Operation QuestionOperation(TrainOperation operation) {
  const std::vector<Operation> operations = OperationsOf(operation);
  if (operations.size() > 1) RefuseInput("OPERATION_NOT_SUPPORTED", "choose one operation of a mixed run");
  return operations.front();
}

void ValidateSpec(const TrainSpec& spec) {
  if (spec.n_digits < kMinDigits || spec.n_digits > kMaxDigits) {
    RefuseInput("BAD_DIGITS", "n_digits must be 2..20, not " + std::to_string(spec.n_digits));
  }
  if (spec.operation != TrainOperation::kAdd && spec.format == Format::kPlain) {
    RefuseInput("FORMAT_NEEDS_SIGN", "the plain format can only write additions");
  }
  // Negative numbers become huge and fall out of the range as well.
  CheckRange("n_layers", static_cast<uint64_t>(spec.n_layers), 1, kMaxLayers);
  CheckRange("n_heads", static_cast<uint64_t>(spec.n_heads), 1, kMaxHeads);
  CheckRange("d_model", static_cast<uint64_t>(spec.d_model), 1, kMaxDModel);
  CheckRange("d_head", static_cast<uint64_t>(spec.d_head), 1, kMaxDHead);
  CheckRange("d_mlp", static_cast<uint64_t>(spec.d_mlp), 1, kMaxDMlp);
  CheckRange("steps", spec.steps, 1, kMaxSteps);
  CheckRange("batch_size", static_cast<uint64_t>(spec.batch_size), 1, kMaxBatchSize);
  const double rate = spec.learning_rate, decay = spec.weight_decay, epsilon = spec.epsilon;
  CheckReal("learning_rate", rate, rate > 0 && rate <= kMaxLearningRate, "(0, 10]");
  CheckReal("weight_decay", decay, decay >= 0 && decay <= kMaxWeightDecay, "[0, 10]");
  CheckReal("beta1", spec.beta1, spec.beta1 >= 0 && spec.beta1 < 1, "[0, 1)");
  CheckReal("beta2", spec.beta2, spec.beta2 >= 0 && spec.beta2 < 1, "[0, 1)");
  CheckReal("epsilon", epsilon, epsilon > 0 && epsilon <= kMaxEpsilon, "(0, 1]");
}

}  // namespace sumscope::engine
