#include "proto/contract/models/spec_fields.h"

#include <set>

#include "gtest/gtest.h"
#include "proto/contract/models/complete_spec.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

TEST(SetSpecField_Test, TextOfEachTypeThenSet) {
  v1::TrainSpec spec;
  for (const auto& [field, value] : std::vector<std::pair<std::string, std::string>>{{"operation", "sub"},
                                                                                     {"n_digits", "7"},
                                                                                     {"format", "plain"},
                                                                                     {"schedule", "paper1"},
                                                                                     {"enrichment", "none"},
                                                                                     {"grokfast", "true"},
                                                                                     {"insert_mode", "useful_heads"},
                                                                                     {"init_from", "runs/r1"},
                                                                                     {"steps", "18446744073709551615"},
                                                                                     {"learning_rate", "1e-3"},
                                                                                     {"precision", "FLOAT64"}}) {
    EXPECT_THAT(SetSpecField(field, value, &spec), IsOk()) << field;
  }
  EXPECT_EQ(spec.operation(), v1::SUB);
  EXPECT_EQ(spec.n_digits(), 7u);
  EXPECT_EQ(spec.format(), v1::PLAIN);
  EXPECT_EQ(spec.schedule(), v1::SCHEDULE_PAPER1);
  EXPECT_EQ(spec.enrichment(), v1::ENRICHMENT_NONE);
  EXPECT_TRUE(spec.grokfast());
  EXPECT_EQ(spec.insert_mode(), v1::INSERT_USEFUL_HEADS);
  EXPECT_EQ(spec.init_from(), "runs/r1");
  EXPECT_EQ(spec.steps(), UINT64_MAX);
  EXPECT_EQ(spec.learning_rate(), 1e-3);
  EXPECT_EQ(spec.precision(), v1::FLOAT64);
}

TEST(SetSpecField_Test, FieldIsUnknownThenNearestIsNamed) {
  v1::TrainSpec spec;
  const auto nearest = [&](const std::string& field) {
    const absl::Status status = SetSpecField(field, "1", &spec);
    EXPECT_THAT(status, IsInvalid("UNKNOWN_FIELD"));
    google::rpc::ErrorInfo info;
    info.ParseFromString(std::string(*status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo")));
    return info.metadata().at("nearest");
  };
  EXPECT_EQ(nearest("d_modle"), "d_model");
  EXPECT_EQ(nearest("training_steps"), "steps");
  EXPECT_EQ(nearest("training_step"), "steps");
  EXPECT_EQ(nearest("colour"), "");
  EXPECT_EQ(nearest("learningrate"), "learning_rate");
  EXPECT_EQ(nearest("digits"), "n_digits");
  EXPECT_EQ(nearest("batch"), "batch_size");
  EXPECT_EQ(nearest(""), "");
  EXPECT_EQ(nearest(std::string(1 << 20, 'x')), "");
}

// What there is, not a guess that helps nobody.
TEST(SetSpecField_Test, NoFieldIsLikeItThenAllAreListed) {
  v1::TrainSpec spec;
  const std::string message(SetSpecField("training_rhythm", "1", &spec).message());
  for (const std::string& name : SpecFieldNames()) EXPECT_NE(message.find(name), std::string::npos) << name;
}

TEST(SetSpecField_Test, ValueIsOfWrongTypeThenFieldTypeAndNothingChanges) {
  v1::TrainSpec spec;
  for (const auto& [field, value] :
       std::vector<std::pair<std::string, std::string>>{{"n_digits", "five"},
                                                        {"n_digits", ""},
                                                        {"n_digits", "-5"},
                                                        {"n_digits", "5.0"},
                                                        {"n_digits", " 5"},
                                                        {"n_digits", "4294967296"},
                                                        {"steps", "15K"},
                                                        {"steps", "18446744073709551616"},
                                                        {"learning_rate", "x"},
                                                        {"learning_rate", ""},
                                                        {"learning_rate", "1e-3,"},
                                                        {"grokfast", "maybe"},
                                                        {"format", "fancy"},
                                                        {"operation", ""},
                                                        {"operation", "unspecified"},
                                                        {"schedule", "schedule_unspecified"},
                                                        {"init_from", "\xff"}}) {
    const absl::Status status = SetSpecField(field, value, &spec);
    EXPECT_THAT(status, IsInvalid("FIELD_TYPE")) << field << "=" << value;
    EXPECT_EQ(ViolatedField(status), field);
  }
  EXPECT_EQ(spec.ByteSizeLong(), 0u);
}

TEST(SpecFieldNames_Test, AskedThenEveryFieldCanBeSet) {
  const std::vector<std::string> names = SpecFieldNames();
  EXPECT_EQ(names.size(), 22u);
  EXPECT_EQ(names.front(), "operation");
  EXPECT_EQ(names.back(), "seed");
}

TEST(ShortEnumName_Test, ValuesOfOneEnumThenDifferentNamesThatSet) {
  const auto* descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* type = descriptor->field(i)->enum_type();
    if (type == nullptr) continue;
    std::set<std::string> names;
    for (int j = 1; j < type->value_count(); ++j) {
      const std::string name = ShortEnumName(type->value(j));
      EXPECT_TRUE(names.insert(name).second) << name;
      v1::TrainSpec spec;
      EXPECT_THAT(SetSpecField(descriptor->field(i)->name(), name, &spec), IsOk());
      EXPECT_EQ(spec.GetReflection()->GetEnumValue(spec, descriptor->field(i)), type->value(j)->number());
    }
  }
  EXPECT_EQ(ShortEnumName(v1::InsertMode_descriptor()->FindValueByNumber(v1::INSERT_NONE)), "none");
}

}  // namespace
}  // namespace sumscope
