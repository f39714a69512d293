#include "proto/contract/models/sweep_members.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"

namespace sumscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::TrainSpec Base() { return CompleteSpec({}); }

class SweepMembers_Test : public testing::Test {
 protected:
  void Add(const std::string& field, const std::vector<std::string>& values) {
    v1::SweepField* const added = request_.add_fields();
    added->set_field(field);
    for (const std::string& value : values) added->add_values(value);
  }
  absl::StatusOr<std::vector<SweepMember>> Members() { return SweepMembers(Base(), request_.fields()); }
  std::string Refusal() { return ErrorReason(Members().status()); }

  v1::CreateSweepRequest request_;
};

TEST_F(SweepMembers_Test, TwoFieldsThenAllCombinationsSeedsFirst) {
  Add("seed", {"1", "2"});
  Add("d_model", {"96", "128"});
  const auto members = Members();
  ASSERT_TRUE(members.ok()) << members.status();
  std::vector<std::string> texts;
  for (const SweepMember& member : *members) texts.push_back(member.text);
  EXPECT_THAT(texts,
              ElementsAre("d_model=96, seed=1", "d_model=96, seed=2", "d_model=128, seed=1", "d_model=128, seed=2"));
  v1::TrainSpec last = Base();
  last.set_d_model(128);
  last.set_seed(2);
  EXPECT_EQ(members->back().spec.SerializeAsString(), last.SerializeAsString());
}

TEST_F(SweepMembers_Test, NoFieldOrNoValueThenEmpty) {
  EXPECT_EQ(Refusal(), "SWEEP_EMPTY");
  Add("seed", {});
  EXPECT_EQ(Refusal(), "SWEEP_EMPTY");
}

TEST_F(SweepMembers_Test, OneMoreThanTheMostThenTooLarge) {
  std::vector<std::string> seeds;
  for (size_t i = 0; i < limits::kMaxSweepRuns; ++i) seeds.push_back(std::to_string(i));
  Add("seed", seeds);
  ASSERT_TRUE(Members().ok());
  EXPECT_EQ(Members()->size(), limits::kMaxSweepRuns);
  request_.mutable_fields(0)->add_values("10000");
  EXPECT_EQ(Refusal(), "SWEEP_TOO_LARGE");
}

TEST_F(SweepMembers_Test, ProductBeyondAnyNumberThenTooLarge) {
  for (const char* const field : {"seed", "steps", "batch_size", "d_model", "d_head"}) {
    Add(field, std::vector<std::string>(9999, "1"));
  }
  EXPECT_EQ(Refusal(), "SWEEP_TOO_LARGE");
}

TEST_F(SweepMembers_Test, FieldTwiceThenRefused) {
  Add("seed", {"1"});
  Add("seed", {"2"});
  EXPECT_EQ(Refusal(), "FIELD_TWICE");
}

TEST_F(SweepMembers_Test, ValueTwiceInAnySpellingThenRefused) {
  Add("learning_rate", {"0.001", "1e-3"});
  EXPECT_EQ(Refusal(), "VALUE_TWICE");
}

TEST_F(SweepMembers_Test, FieldThatThereIsNotThenRefused) {
  Add("sed", {"1"});
  EXPECT_EQ(Refusal(), "UNKNOWN_FIELD");
}

TEST_F(SweepMembers_Test, ValueOfAnotherTypeThenRefused) {
  Add("seed", {"one"});
  EXPECT_EQ(Refusal(), "FIELD_TYPE");
}

TEST_F(SweepMembers_Test, OneBadMemberThenNoneAndItIsNamed) {
  Add("d_model", {"96", "1025"});
  Add("seed", {"1", "2"});
  const auto members = Members();
  EXPECT_EQ(ErrorReason(members.status()), "D_MODEL_OUT_OF_RANGE");
  EXPECT_THAT(std::string(members.status().message()), HasSubstr("d_model=1025, seed=1"));
}

TEST(ParseSweepValues_Test, RangesAndListsThenTheirValues) {
  EXPECT_THAT(*ParseSweepValues("seed", "1..3,7"), ElementsAre("1", "2", "3", "7"));
  EXPECT_THAT(*ParseSweepValues("schedule", "paper1,paper2"), ElementsAre("paper1", "paper2"));
  EXPECT_THAT(*ParseSweepValues("seed", "18446744073709551615..18446744073709551615"),
              ElementsAre("18446744073709551615"));
}

TEST(ParseSweepValues_Test, NothingOrBackwardsOrTooManyThenRefused) {
  for (const char* const text : {"", "1,", "8..1"}) {
    EXPECT_EQ(ErrorReason(ParseSweepValues("seed", text).status()), "SWEEP_EMPTY") << text;
  }
  for (const char* const text : {"0..10000", "0..18446744073709551615", "0..9999,10000"}) {
    EXPECT_EQ(ErrorReason(ParseSweepValues("seed", text).status()), "SWEEP_TOO_LARGE") << text;
  }
}

}  // namespace
}  // namespace sumscope
