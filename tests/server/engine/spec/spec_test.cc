#include "server/engine/spec/spec.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

std::string SpecReason(const std::function<void(TrainSpec*)>& change) {
  TrainSpec spec;
  change(&spec);
  try {
    ValidateSpec(spec);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, ErrorKind::kInvalidArgument);
    return error.reason;
  }
  return "";
}

TEST(Spec_Test, GivenGoodSpecsThenTheyPass) {
  EXPECT_EQ(SpecReason([](TrainSpec*) {}), "");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->operation = TrainOperation::kSub; }), "");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->format = Format::kPlain; }), "");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->n_digits = 20; }), "");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->insert_mode = InsertMode::kAll; }), "");
  for (const TrainOperation operation : {TrainOperation::kMul, TrainOperation::kMix, TrainOperation::kMas}) {
    EXPECT_EQ(SpecReason([&](TrainSpec* spec) { spec->operation = operation; }), "");
  }
}

TEST(Spec_Test, GivenBadSpecsThenEachHasItsReason) {
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->n_digits = 21; }), "BAD_DIGITS");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->n_digits = 1; }), "BAD_DIGITS");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->n_heads = 0; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->n_layers = -1; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->steps = 0; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->steps = 10000001; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->beta2 = 1; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->learning_rate = std::numeric_limits<double>::quiet_NaN(); }),
            "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->learning_rate = 0; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->weight_decay = 10.5; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) { spec->epsilon = 0; }), "BAD_SPEC");
  EXPECT_EQ(SpecReason([](TrainSpec* spec) {
              spec->operation = TrainOperation::kSub;
              spec->format = Format::kPlain;
            }),
            "FORMAT_NEEDS_SIGN");
}

}  // namespace
}  // namespace sumscope::engine
