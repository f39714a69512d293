#include "server/rpc/predict.h"

#include <gtest/gtest.h>

#include "proto/contract/complete_spec.h"

namespace sumscope::rpc {
namespace {

TEST(PredictTraining_Test, PaperShapeHasItsParametersAndOperations) {
  v1::TrainSpec spec;
  spec.set_format(v1::PLAIN);
  const v1::Prediction prediction = PredictTraining(CompleteSpec(spec), 2);
  // By hand: embeddings 12*510 + 18*510; attention 4*510*510 + 3*170*3 + 510; MLP 2*510*2040 + 2040 + 510; three
  // LayerNorms 2*510 each; unembedding 510*12 + 12.
  EXPECT_EQ(prediction.parameters(),
            30u * 510 + 4u * 510 * 510 + 9 * 170 + 510 + 2u * 510 * 2040 + 2550 + 6 * 510 + 510u * 12 + 12);
  EXPECT_GT(prediction.memory_bytes(), prediction.parameters() * 16);
  EXPECT_NEAR(prediction.training_flops() / 15000, 7.2e9, 0.3e9);
  // Checkpoints 0, 1, 2, 5, .., 10,000 and 15,000 are fifteen, and two resume states.
  EXPECT_NEAR(static_cast<double>(prediction.disk_bytes()), (15 + 6) * 4.0 * prediction.parameters() + 15000 * 13 * 8.0,
              1e3);
}

TEST(PredictTraining_Test, MoreThreadsTakeLessTime) {
  const v1::TrainSpec spec = CompleteSpec({});
  EXPECT_LT(PredictTraining(spec, 4).seconds(), PredictTraining(spec, 1).seconds());
}

}  // namespace
}  // namespace sumscope::rpc
