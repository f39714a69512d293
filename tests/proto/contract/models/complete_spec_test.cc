#include "proto/contract/models/complete_spec.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gtest/gtest.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

TEST(CompleteSpec_Test, NothingIsSetThenThePapersDefaults) {
  const v1::TrainSpec spec = CompleteSpec({});
  EXPECT_EQ(spec.operation(), v1::ADD);
  EXPECT_EQ(spec.n_digits(), 5u);
  EXPECT_EQ(spec.n_layers(), 1u);
  EXPECT_EQ(spec.n_heads(), 3u);
  EXPECT_EQ(spec.d_model(), 510u);
  EXPECT_EQ(spec.d_head(), 170u);
  EXPECT_EQ(spec.d_mlp(), 2040u);
  EXPECT_EQ(spec.format(), v1::SIGNED);
  EXPECT_EQ(spec.schedule(), v1::SCHEDULE_PAPER2);
  EXPECT_EQ(spec.enrichment(), v1::ENRICHMENT_PAPER2);
  EXPECT_EQ(spec.insert_mode(), v1::INSERT_NONE);
  EXPECT_EQ(spec.steps(), 15000u);
  EXPECT_EQ(spec.batch_size(), 64u);
  EXPECT_EQ(spec.learning_rate(), 8e-5);
  EXPECT_EQ(spec.weight_decay(), 0.1);
  EXPECT_EQ(spec.beta1(), 0.9);
  EXPECT_EQ(spec.beta2(), 0.98);
  EXPECT_EQ(spec.epsilon(), 1e-8);
  EXPECT_EQ(spec.precision(), v1::FLOAT32);
  EXPECT_EQ(spec.seed(), 372001u);
  EXPECT_THAT(ValidateSpec(spec), IsOk());
}

TEST(SaysNothing_Test, AnyFieldIsSetThenFalse) {
  v1::TrainSpec spec;
  EXPECT_TRUE(SaysNothing(spec));
  spec.set_operation(v1::OPERATION_UNSPECIFIED);
  EXPECT_TRUE(SaysNothing(spec));
  spec.set_seed(0);
  EXPECT_FALSE(SaysNothing(spec));
}

TEST(CompleteSpec_Test, CompletedThenEveryFieldIsSet) {
  const v1::TrainSpec spec = CompleteSpec({});
  const auto* descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    EXPECT_TRUE(spec.GetReflection()->HasField(spec, descriptor->field(i))) << descriptor->field(i)->name();
  }
  EXPECT_EQ(CompleteSpec(spec).SerializeAsString(), spec.SerializeAsString());
}

TEST(CompleteSpec_Test, FieldIsSetToZeroThenKept) {
  v1::TrainSpec spec;
  spec.set_n_heads(0);
  spec.set_seed(0);
  spec.set_weight_decay(0);
  spec.set_format(v1::FORMAT_UNSPECIFIED);  // says nothing
  const v1::TrainSpec complete = CompleteSpec(spec);
  EXPECT_EQ(complete.n_heads(), 0u);
  EXPECT_EQ(complete.seed(), 0u);
  EXPECT_EQ(complete.weight_decay(), 0);
  EXPECT_EQ(complete.format(), v1::SIGNED);
}

TEST(CompleteSpec_Test, WidthIsSetThenOtherDimensionsStayDefaults) {
  v1::TrainSpec spec;
  spec.set_d_model(96);
  EXPECT_EQ(CompleteSpec(spec).d_head(), 170u);
  EXPECT_EQ(CompleteSpec(spec).d_mlp(), 2040u);
}

struct Case {
  const char* reason;
  const char* field;
  std::function<void(v1::TrainSpec*)> change;
};

TEST(ValidateSpec_Test, FieldIsOutOfRangeThenItsReasonAndField) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {"DIGITS_OUT_OF_RANGE", "spec.n_digits", [](auto* s) { s->set_n_digits(1); }},
      {"DIGITS_OUT_OF_RANGE", "spec.n_digits", [](auto* s) { s->set_n_digits(21); }},
      {"LAYERS_OUT_OF_RANGE", "spec.n_layers", [](auto* s) { s->set_n_layers(0); }},
      {"LAYERS_OUT_OF_RANGE", "spec.n_layers", [](auto* s) { s->set_n_layers(9); }},
      {"HEADS_OUT_OF_RANGE", "spec.n_heads", [](auto* s) { s->set_n_heads(0); }},
      {"HEADS_OUT_OF_RANGE", "spec.n_heads", [](auto* s) { s->set_n_heads(17); }},
      {"D_MODEL_OUT_OF_RANGE", "spec.d_model", [](auto* s) { s->set_d_model(0); }},
      {"D_MODEL_OUT_OF_RANGE", "spec.d_model", [](auto* s) { s->set_d_model(1025); }},
      {"D_HEAD_OUT_OF_RANGE", "spec.d_head", [](auto* s) { s->set_d_head(UINT32_MAX); }},
      {"D_MLP_OUT_OF_RANGE", "spec.d_mlp", [](auto* s) { s->set_d_mlp(8193); }},
      {"STEPS_OUT_OF_RANGE", "spec.steps", [](auto* s) { s->set_steps(0); }},
      {"STEPS_OUT_OF_RANGE", "spec.steps", [](auto* s) { s->set_steps(10'000'001); }},
      {"BATCH_SIZE_OUT_OF_RANGE", "spec.batch_size", [](auto* s) { s->set_batch_size(0); }},
      {"BATCH_SIZE_OUT_OF_RANGE", "spec.batch_size", [](auto* s) { s->set_batch_size(4097); }},
      {"LEARNING_RATE_INVALID", "spec.learning_rate", [](auto* s) { s->set_learning_rate(0); }},
      {"LEARNING_RATE_INVALID", "spec.learning_rate", [](auto* s) { s->set_learning_rate(10.5); }},
      {"LEARNING_RATE_INVALID", "spec.learning_rate", [=](auto* s) { s->set_learning_rate(nan); }},
      {"LEARNING_RATE_INVALID", "spec.learning_rate", [=](auto* s) { s->set_learning_rate(infinity); }},
      {"WEIGHT_DECAY_INVALID", "spec.weight_decay", [](auto* s) { s->set_weight_decay(-0.1); }},
      {"WEIGHT_DECAY_INVALID", "spec.weight_decay", [=](auto* s) { s->set_weight_decay(nan); }},
      {"BETA1_INVALID", "spec.beta1", [](auto* s) { s->set_beta1(1); }},
      {"BETA2_INVALID", "spec.beta2", [](auto* s) { s->set_beta2(-1e-9); }},
      {"BETA2_INVALID", "spec.beta2", [=](auto* s) { s->set_beta2(nan); }},
      {"EPSILON_INVALID", "spec.epsilon", [](auto* s) { s->set_epsilon(0); }},
      {"EPSILON_INVALID", "spec.epsilon", [=](auto* s) { s->set_epsilon(-infinity); }},
      {"OPERATION_UNKNOWN", "spec.operation", [](auto* s) { s->set_operation(static_cast<v1::Operation>(9)); }},
      {"FORMAT_UNKNOWN", "spec.format", [](auto* s) { s->set_format(static_cast<v1::Format>(9)); }},
      {"SCHEDULE_UNKNOWN", "spec.schedule", [](auto* s) { s->set_schedule(static_cast<v1::Schedule>(-1)); }},
      {"ENRICHMENT_UNKNOWN", "spec.enrichment", [](auto* s) { s->set_enrichment(static_cast<v1::Enrichment>(9)); }},
      {"INSERT_MODE_UNKNOWN", "spec.insert_mode", [](auto* s) { s->set_insert_mode(static_cast<v1::InsertMode>(9)); }},
      {"PRECISION_UNKNOWN", "spec.precision", [](auto* s) { s->set_precision(static_cast<v1::Precision>(9)); }},
      {"INIT_FROM_UNUSED", "spec.init_from", [](auto* s) { s->set_init_from("runs/r1"); }},
      {"INIT_FROM_MISSING", "spec.init_from", [](auto* s) { s->set_insert_mode(v1::INSERT_ALL); }},
      {"FORMAT_NEEDS_SIGN", "spec.format",
       [](auto* s) {
         s->set_operation(v1::SUB);
         s->set_format(v1::PLAIN);
       }},
  };
  for (const Case& one : cases) {
    v1::TrainSpec spec = CompleteSpec({});
    one.change(&spec);
    const absl::Status status = ValidateSpec(spec);
    EXPECT_THAT(status, IsInvalid(one.reason));
    EXPECT_EQ(ViolatedField(status), one.field);
  }
}

TEST(ValidateSpec_Test, ValueIsAtItsBoundThenOk) {
  const std::function<void(v1::TrainSpec*)> changes[] = {[](auto* s) { s->set_n_digits(2); },
                                                         [](auto* s) { s->set_n_digits(20); },
                                                         [](auto* s) { s->set_n_layers(8); },
                                                         [](auto* s) { s->set_n_heads(16); },
                                                         [](auto* s) { s->set_d_model(1024); },
                                                         [](auto* s) { s->set_d_head(1); },
                                                         [](auto* s) { s->set_d_mlp(8192); },
                                                         [](auto* s) { s->set_steps(1); },
                                                         [](auto* s) { s->set_steps(10'000'000); },
                                                         [](auto* s) { s->set_batch_size(4096); },
                                                         [](auto* s) { s->set_learning_rate(10); },
                                                         [](auto* s) { s->set_weight_decay(0); },
                                                         [](auto* s) { s->set_beta1(0); },
                                                         [](auto* s) { s->set_epsilon(1); },
                                                         [](auto* s) { s->set_precision(v1::FLOAT64); },
                                                         [](auto* s) { s->set_format(v1::PLAIN); },
                                                         [](auto* s) { s->set_operation(v1::SUB); },
                                                         [](auto* s) { s->set_seed(UINT64_MAX); }};
  for (const auto& change : changes) {
    v1::TrainSpec spec = CompleteSpec({});
    change(&spec);
    EXPECT_THAT(ValidateSpec(spec), IsOk());
  }
}

TEST(ValidateSpec_Test, AnyOperationAndInsertModeThenOk) {
  for (const v1::Operation operation : {v1::ADD, v1::SUB, v1::MUL, v1::MIX, v1::MAS}) {
    for (const v1::InsertMode mode :
         {v1::INSERT_NONE, v1::INSERT_INIT, v1::INSERT_USEFUL_HEADS, v1::INSERT_ALL, v1::INSERT_ALL_ALWAYS}) {
      v1::TrainSpec spec = CompleteSpec({});
      spec.set_operation(operation);
      spec.set_grokfast(true);
      spec.set_insert_mode(mode);
      if (mode != v1::INSERT_NONE) spec.set_init_from("runs/r1");
      EXPECT_THAT(ValidateSpec(spec), IsOk());
    }
  }
}

TEST(ValidateSpec_Test, NothingIsSetThenErrorAndNoCrash) { EXPECT_FALSE(ValidateSpec({}).ok()); }

TEST(AnswerTokenNames_Test, FormatThenSignFirstOrNone) {
  v1::TrainSpec spec = CompleteSpec({});
  spec.set_n_digits(2);
  EXPECT_EQ(AnswerTokenNames(spec), (std::vector<std::string>{"SGN", "A2", "A1", "A0"}));
  spec.set_format(v1::PLAIN);
  EXPECT_EQ(AnswerTokenNames(spec), (std::vector<std::string>{"A2", "A1", "A0"}));
}

}  // namespace
}  // namespace sumscope
