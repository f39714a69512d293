#include "proto/contract/models/model_names.h"

#include "gtest/gtest.h"
#include "proto/contract/models/complete_spec.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

TEST(ModelNames_Test, FullNameThenEightFieldsAndNoOthers) {
  const auto spec = ParseModelName("ins2_mix_d6_l2_h4_t40K_gf_s173289");
  ASSERT_THAT(spec, IsOk());
  v1::TrainSpec expected;
  expected.set_insert_mode(v1::INSERT_USEFUL_HEADS);
  expected.set_operation(v1::MIX);
  expected.set_n_digits(6);
  expected.set_n_layers(2);
  expected.set_n_heads(4);
  expected.set_steps(40000);
  expected.set_grokfast(true);
  expected.set_seed(173289);
  EXPECT_EQ(spec->ShortDebugString(), expected.ShortDebugString());
}

TEST(ModelNames_Test, StepsAndSeedAreAbsentThenUnset) {
  const auto spec = ParseModelName("sub_d10_l1_h3");
  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->operation(), v1::SUB);
  EXPECT_EQ(spec->n_digits(), 10u);
  EXPECT_FALSE(spec->has_steps());
  EXPECT_FALSE(spec->has_seed());
  EXPECT_FALSE(spec->has_grokfast());
  EXPECT_FALSE(spec->has_insert_mode());
}

TEST(ModelNames_Test, FractionOfThousandThenWholeSteps) {
  EXPECT_EQ(ParseModelName("add_d5_l1_h3_t0.5K")->steps(), 500u);
  EXPECT_EQ(ParseModelName("add_d5_l1_h3_t1.234K_s1")->steps(), 1234u);
  EXPECT_EQ(ParseModelName("add_d5_l1_h3_t0.001K")->steps(), 1u);
  EXPECT_EQ(ParseModelName("add_d5_l1_h3_t2.5000K")->steps(), 2500u);
}

TEST(ModelNames_Test, PartIsWrongThenErrorNamesIt) {
  for (const auto& [name, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "ends"},
           {"div_d5_l1_h3", "\"div\""},
           {"ADD_d5_l1_h3", "\"ADD\""},
           {"ins5_add_d5_l1_h3", "\"ins5\""},
           {"ins_add_d5_l1_h3", "\"ins\""},
           {"ins1", "ends"},
           {"add", "ends"},
           {"add_5_l1_h3", "\"5\""},
           {"add_d_l1_h3", "\"d\""},
           {"add_d-5_l1_h3", "\"d-5\""},
           {"add_d99999999999_l1_h3", "\"d99999999999\""},
           {"add_d5_h3_l1", "\"h3\""},
           {"add_d5_l1_hx", "\"hx\""},
           {"add_d5_l1_h3_t15", "\"t15\""},
           {"add_d5_l1_h3_t0K", "\"t0K\""},
           {"add_d5_l1_h3_t0.0K", "\"t0.0K\""},
           {"add_d5_l1_h3_tK", "\"tK\""},
           {"add_d5_l1_h3_t.5K", "\"t.5K\""},
           {"add_d5_l1_h3_t1.K", "\"t1.K\""},
           {"add_d5_l1_h3_t1.2.3K", "\"t1.2.3K\""},
           {"add_d5_l1_h3_t0.0005K", "\"t0.0005K\""},
           {"add_d5_l1_h3_t99999999999999999999K", "\"t99999999999999999999K\""},
           {"add_d5_l1_h3_s", "\"s\""},
           {"add_d5_l1_h3_s18446744073709551616", "\"s18446744073709551616\""},
           {"add_d5_l1_h3_s1_gf", "\"gf\""},
           {"add_d5_l1_h3_t15K_s1_x", "\"x\""},
           {"add_d5_l1_h3_t15K_s1_", "ends"},
           {"add_d5_l1_h3*", "\"h3*\""},
           {"add_d5_l1_h3 ", "\"h3 \""}}) {
    const auto spec = ParseModelName(name);
    EXPECT_THAT(spec, IsInvalid("MODEL_NAME_INVALID")) << name;
    EXPECT_THAT(std::string(spec.status().message()), testing::HasSubstr(part)) << name;
  }
}

// Of "add" it was said that "the name ends there" and, wrongly, that steps and seed were needed.
TEST(ModelNames_Test, NameIsUnfinishedThenItIsNamedWithWhatIsLeftToSay) {
  const auto message = [](const char* name) { return std::string(ParseModelName(name).status().message()); };
  EXPECT_THAT(message("add"), testing::StartsWith("\"add\" is no model name: expected d{digits}, 2 to 20, "));
  EXPECT_THAT(message("add_d5_l1"), testing::HasSubstr("expected h{heads}, 1 to 16, "));
  EXPECT_THAT(message("add"), testing::HasSubstr("[_t{K}K][_gf][_s{seed}], for example add_d5_l1_h3 or "));
}

TEST(ModelNames_Test, NumberIsOutOfRangeThenLeftToValidation) {
  EXPECT_THAT(ValidateSpec(CompleteSpec(ParseModelName("add_d1_l1_h3").value())), IsInvalid("DIGITS_OUT_OF_RANGE"));
  EXPECT_THAT(ValidateSpec(CompleteSpec(ParseModelName("add_d21_l1_h3").value())), IsInvalid("DIGITS_OUT_OF_RANGE"));
  EXPECT_THAT(ValidateSpec(CompleteSpec(ParseModelName("add_d5_l1_h0").value())), IsInvalid("HEADS_OUT_OF_RANGE"));
  EXPECT_THAT(ValidateSpec(CompleteSpec(ParseModelName("add_d5_l0_h3").value())), IsInvalid("LAYERS_OUT_OF_RANGE"));
  EXPECT_THAT(ValidateSpec(CompleteSpec(ParseModelName("add_d5_l1_h3_t10000.001K").value())),
              IsInvalid("STEPS_OUT_OF_RANGE"));
}

TEST(ModelNames_Test, CompleteSpecThenNameParsesBack) {
  for (const char* name : {"add_d5_l1_h3_t15K_s372001", "sub_d10_l2_h3_t0.5K_s0", "mul_d20_l8_h16_t1.234K_s1",
                           "ins4_mas_d6_l3_h4_t10000K_gf_s18446744073709551615", "ins1_mix_d6_l3_h4_t80K_s1"}) {
    EXPECT_EQ(ModelName(CompleteSpec(ParseModelName(name).value())), name);
  }
}

TEST(ModelNames_Test, FieldOutsideTheNameDiffersThenStar) {
  const std::string name = "add_d3_l1_h3_t6K_s372001";
  const v1::TrainSpec base = ParseModelName(name).value();
  for (const auto& [field, value] : std::vector<std::pair<std::string, std::string>>{{"d_model", "96"},
                                                                                     {"d_head", "32"},
                                                                                     {"d_mlp", "384"},
                                                                                     {"format", "plain"},
                                                                                     {"schedule", "paper1"},
                                                                                     {"enrichment", "none"},
                                                                                     {"batch_size", "65"},
                                                                                     {"learning_rate", "1e-3"},
                                                                                     {"weight_decay", "0"},
                                                                                     {"beta1", "0.8"},
                                                                                     {"beta2", "0.99"},
                                                                                     {"epsilon", "1e-7"},
                                                                                     {"precision", "float64"}}) {
    v1::TrainSpec spec = base;
    ASSERT_THAT(SetSpecField(field, value, &spec), IsOk());
    EXPECT_EQ(ModelName(CompleteSpec(spec)), name + "*") << field;
  }
  v1::TrainSpec same = base;
  ASSERT_THAT(SetSpecField("d_model", "510", &same), IsOk());
  EXPECT_EQ(ModelName(CompleteSpec(same)), name);
}

TEST(ModelNames_Test, ImportedThenStepsAndSeedAreLeftOut) {
  v1::TrainSpec spec = CompleteSpec(ParseModelName("add_d5_l1_h3").value());
  spec.set_steps(0);
  EXPECT_EQ(ModelName(spec), "add_d5_l1_h3");
  spec.set_format(v1::PLAIN);
  EXPECT_EQ(ModelName(spec), "add_d5_l1_h3*");
}

TEST(ModelNames_Test, OperationIsFromTheFutureThenNamedUnknown) {
  v1::TrainSpec spec = CompleteSpec({});
  spec.set_operation(static_cast<v1::Operation>(77));
  EXPECT_EQ(ModelName(spec), "unknown_d5_l1_h3_t15K_s372001");
}

}  // namespace
}  // namespace sumscope
