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

// Work of forward passes (ours): operations of products, 2 a parameter and row, and values that are made one by one: of
// attention patterns, and of logits that are read; in answers and steps also of activations. Small models with long
// questions spend their time on the values of patterns, thin deep ones on activations.
struct Work {
  double flops = 0;
  double values = 0;
};
inline Work operator+(const Work& a, const Work& b) { return {a.flops + b.flops, a.values + b.values}; }
inline Work operator*(double times, const Work& work) { return {times * work.flops, times * work.values}; }

// Logits that are read of one answer.
double AnswerLogits(const v1::TrainSpec& spec);

// One question's forward pass over every row of every layer, its logits read.
Work WorkOfPass(const v1::TrainSpec& spec);

// One question's answer without intervention: of the last layer the answer rows, and keys and values of all; the first
// layer's patterns are over all (position, token) pairs (server/engine/model/answer_forward.h).
Work WorkOfAnswer(const v1::TrainSpec& spec);

// One training step, forward and backward: 6 operations a parameter and row, the last layer at the answer rows alone;
// patterns over the pairs that true lines can hold. What a worker measures at its start is counted by the same
// functions as what is predicted.
Work WorkOfStep(const v1::TrainSpec& spec);

// A checkpoint answers so many held-out questions (a test holds it equal to the engine's).
inline constexpr double kHeldoutQuestions = 10'000;

// Checkpoints of a training of `steps` steps, which are at 0, 1, 2, 5, 10, 20, 50, .. and the last: those that come
// after step `from` up to step `to`, and that of step 0 when `from` is 0.
uint64_t CheckpointsBetween(uint64_t from, uint64_t to, uint64_t steps);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_COST_H_
