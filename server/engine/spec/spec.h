#ifndef SUMSCOPE_SERVER_ENGINE_SPEC_SPEC_H_
#define SUMSCOPE_SERVER_ENGINE_SPEC_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/spec/question.h"

namespace sumscope::engine {

enum class TrainOperation { kAdd, kSub, kMul, kMix, kMas };  // kMix: add or sub per batch; kMas: mul, sub or add
enum class ScheduleKind { kPaper1, kPaper2 };
enum class Enrichment { kNone, kPaper1, kPaper2 };
enum class InsertMode { kNone, kInit, kUsefulHeads, kAll, kAllAlways };
enum class Precision { kFloat32, kFloat64 };

// The complete spec of one training: mirrors sumscope.v1.TrainSpec field by field. The values here are only those of a
// struct that nobody filled; defaults for users are made elsewhere.
struct TrainSpec {
  TrainOperation operation = TrainOperation::kAdd;
  int n_digits = 5;
  int n_layers = 1;
  int n_heads = 3;
  int d_model = 510;
  int d_head = 170;
  int d_mlp = 2040;
  Format format = Format::kSigned;
  ScheduleKind schedule = ScheduleKind::kPaper2;
  Enrichment enrichment = Enrichment::kPaper2;
  bool grokfast = false;
  InsertMode insert_mode = InsertMode::kNone;
  std::string init_from;
  uint64_t steps = 15000;
  int batch_size = 64;
  double learning_rate = 8e-5;
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-8;
  Precision precision = Precision::kFloat32;
  uint64_t seed = 372001;
};

// Maxima of a spec. The worker holds them equal to the contract's, which nothing here may include.
inline constexpr int kMaxLayers = 8;
inline constexpr int kMaxHeads = 16;
inline constexpr int kMaxDModel = 1024;
inline constexpr int kMaxDHead = 1024;
inline constexpr int kMaxDMlp = 8192;
inline constexpr uint64_t kMaxSteps = 10'000'000;
inline constexpr int kMaxBatchSize = 4096;
inline constexpr double kMaxLearningRate = 10;
inline constexpr double kMaxWeightDecay = 10;
inline constexpr double kMaxEpsilon = 1;

// Checks ranges and combinations. Throws kInvalidArgument: BAD_DIGITS, BAD_SPEC (the message names the field and its
// range), FORMAT_NEEDS_SIGN.
void ValidateSpec(const TrainSpec& spec);

// The operations that a run trains, in the order add, sub, mul.
std::vector<Operation> OperationsOf(TrainOperation operation);
// The one operation of all questions of a run. Throws kInvalidArgument (OPERATION_NOT_SUPPORTED) for mix and mas.
Operation QuestionOperation(TrainOperation operation);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_SPEC_SPEC_H_
