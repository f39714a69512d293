#include "proto/contract/names/resource_names.h"

#include "gtest/gtest.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

TEST(ResourceNames_Test, NameIsMadeThenParsesBack) {
  EXPECT_EQ(ParseRunName(RunName("r7k2m9qa")).value(), "r7k2m9qa");
  const auto checkpoint = ParseCheckpointName(CheckpointName("r1", 15000));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->run, "r1");
  EXPECT_EQ(checkpoint->step, 15000u);
  const auto analysis = ParseAnalysisName(AnalysisName("r1", "a9"));
  ASSERT_THAT(analysis, IsOk());
  EXPECT_EQ(analysis->run, "r1");
  EXPECT_EQ(analysis->analysis, "a9");
  EXPECT_EQ(JobName("j1"), "jobs/j1");
}

TEST(ResourceNames_Test, PrefixOrLastThenTaken) {
  EXPECT_EQ(ParseRunName("runs/r").value(), "r");
  EXPECT_EQ(ParseRunName("runs/@last").value(), "@last");
  EXPECT_EQ(ParseAnalysisName("runs/@last/analyses/a").value().run, "@last");
}

TEST(ResourceNames_Test, CheckpointWithoutStepThenLast) {
  EXPECT_FALSE(ParseCheckpointName("runs/r1").value().step.has_value());
  EXPECT_FALSE(ParseCheckpointName("runs/r1/checkpoints/last").value().step.has_value());
  EXPECT_EQ(ParseCheckpointName("runs/r1/checkpoints/0").value().step, 0u);
}

TEST(ResourceNames_Test, NotARunNameThenError) {
  for (const std::string& name :
       {std::string(), std::string("runs"), std::string("runs/"), std::string("r1"), std::string("jobs/r1"),
        std::string("runs/r1/"), std::string("runs/R1"), std::string("runs/../x"), std::string("runs/-"),
        std::string("runs/@first"), std::string("runs/1a"), "runs/" + std::string(41, 'a'), std::string(1 << 20, '/'),
        std::string("runs/r\0", 7)}) {
    EXPECT_THAT(ParseRunName(name), IsInvalid("RESOURCE_NAME_INVALID"));
  }
}

TEST(ResourceNames_Test, StepIsNoNumberThenError) {
  for (const char* step : {"", "-1", "+1", " 1", "01", "1.5", "18446744073709551616", "x", "1/2"}) {
    EXPECT_THAT(ParseCheckpointName(std::string("runs/r1/checkpoints/") + step), IsInvalid("RESOURCE_NAME_INVALID"))
        << step;
  }
  EXPECT_EQ(ParseCheckpointName("runs/r1/checkpoints/18446744073709551615").value().step, UINT64_MAX);
  EXPECT_THAT(ParseCheckpointName("runs/r1/analyses/1"), IsInvalid("RESOURCE_NAME_INVALID"));
  EXPECT_THAT(ParseCheckpointName("runs/r1/checkpoints"), IsInvalid("RESOURCE_NAME_INVALID"));
}

TEST(ResourceNames_Test, NotAnAnalysisNameThenError) {
  for (const char* name : {"runs/r1", "runs/r1/analyses", "runs/r1/analyses/", "runs/r1/checkpoints/1",
                           "runs/r1/analyses/a/b", "jobs/r1/analyses/a"}) {
    EXPECT_THAT(ParseAnalysisName(name), IsInvalid("RESOURCE_NAME_INVALID")) << name;
  }
}

TEST(ResourceNames_Test, ChosenRunIdThenCheckedByLengthAndCharacters) {
  EXPECT_THAT(ValidateRunId("ab"), IsOk());
  EXPECT_THAT(ValidateRunId("paper1-seed-3"), IsOk());
  EXPECT_THAT(ValidateRunId(std::string(40, 'a')), IsOk());
  for (const std::string& id : {std::string(), std::string("a"), std::string(41, 'a'), std::string("1a"),
                                std::string("-a"), std::string("aB"), std::string("a_b"), std::string("@last")}) {
    EXPECT_THAT(ValidateRunId(id), IsInvalid("RUN_ID_INVALID")) << id;
  }
}

TEST(ResourceNames_Test, UsersAndTheirTokensThenReadBack) {
  EXPECT_EQ(ParseUserName(UserName("ada.l_2-x")).value(), "ada.l_2-x");
  EXPECT_EQ(ParseUserName("users/Ada@LAB").value(), "Ada@LAB");  // an account of the machine
  const TokenRef ref = ParseTokenName(TokenName("ada", "t1234567")).value();
  EXPECT_EQ(ref.user, "ada");
  EXPECT_EQ(ref.token, "t1234567");
}

TEST(ResourceNames_Test, NotAUserOrTokenNameThenError) {
  for (const std::string& name :
       {std::string(), std::string("users"), std::string("users/"), std::string("ada"), std::string("runs/ada"),
        std::string("users/ada/"), std::string("users/a\nb"), std::string("users/\xff"),
        "users/" + std::string(65, 'a'), std::string("users/ada\0", 10)}) {
    EXPECT_THAT(ParseUserName(name), IsInvalid("RESOURCE_NAME_INVALID"));
    EXPECT_THAT(ParseTokenName(name + "/tokens/t1"), IsInvalid("RESOURCE_NAME_INVALID"));
  }
  for (const char* name : {"users/ada/tokens", "users/ada/tokens/", "users/ada/tokens/T1", "users/ada/tokens/t1/x",
                           "users/ada/captures/t1"}) {
    EXPECT_THAT(ParseTokenName(name), IsInvalid("RESOURCE_NAME_INVALID")) << name;
  }
}

TEST(ResourceNames_Test, ChosenUserNameThenCheckedByLengthAndCharacters) {
  for (const std::string& user : {std::string("a"), std::string("ada.lovelace-1_x"), std::string(32, 'a')}) {
    EXPECT_THAT(ValidateUserName(user), IsOk()) << user;
  }
  for (const std::string& user : {std::string(), std::string(33, 'a'), std::string(10'000, 'a'), std::string("1a"),
                                  std::string("-a"), std::string("Ada"), std::string("a b"), std::string("a/b"),
                                  std::string("a\nb"), std::string("a\0", 2), std::string("\xc3\xa4")}) {
    EXPECT_THAT(ValidateUserName(user), IsInvalid("USER_NAME_INVALID"));
  }
}

TEST(ValidateFileName_Test, TooLongOrControlCharactersThenError) {
  EXPECT_TRUE(ValidateFileName("header.file_name", "").ok());
  EXPECT_TRUE(ValidateFileName("header.file_name", "my model (2).safetensors").ok());
  for (const std::string& name : {std::string(256, 'x'), std::string("a\nb"), std::string("a\x1b[31m")}) {
    EXPECT_EQ(ErrorReason(ValidateFileName("header.file_name", name)), "FILE_NAME_INVALID") << name;
  }
}

TEST(ParseSweepName_Test, SweepAndJobThenTheirIds) {
  EXPECT_EQ(*ParseSweepName(SweepName("s7k2m9qa")), "s7k2m9qa");
  EXPECT_EQ(*ParseSweepName("sweeps/@last"), "@last");
  EXPECT_EQ(*ParseJobName(JobName("j7k2m9qa")), "j7k2m9qa");
  for (const char* const name : {"", "sweeps/", "sweeps/A", "runs/s7", "jobs/s7", "sweeps/s7/runs"}) {
    EXPECT_EQ(ErrorReason(ParseSweepName(name).status()), "RESOURCE_NAME_INVALID") << name;
  }
  EXPECT_EQ(ErrorReason(ParseJobName("jobs/@last").status()), "RESOURCE_NAME_INVALID");
}

}  // namespace
}  // namespace sumscope
