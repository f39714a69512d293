#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_COST_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_COST_H_

#include <cstdint>

#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Sizes of a complete spec's model, for predictions.
struct ModelCost {
  uint64_t parameters;
  uint64_t rows;            // of a forward pass with all answer tokens but the last
  uint64_t row_activation;  // values that one row of one question leaves
  uint64_t element_bytes;
};
ModelCost CostOf(const v1::TrainSpec& spec);

// The part of a forward pass that an answer without intervention needs: of the last layer the answer rows, and keys and
// values of all.
double AnswerShare(const v1::TrainSpec& spec);

// Floating-point operations (ours): forward and backward of one training step, 6 a parameter and row, the last layer at
// the answer rows alone; forward passes of one question over every row, 2 a parameter and row; answers to so many
// questions. What a worker measures at its start is counted by the same functions as what is predicted.
double FlopsOfStep(const v1::TrainSpec& spec);
double FlopsOfPasses(const v1::TrainSpec& spec, double passes);
double FlopsOfAnswers(const v1::TrainSpec& spec, double questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_COST_H_
