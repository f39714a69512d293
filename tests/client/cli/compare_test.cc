#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Compare_Test : public CommandFixture {
 protected:
  Compare_Test() {
    server_.others.push_back("runs/r8");
    server_.on_get_run = [](const std::string& name, v1::Run* run) { run->set_name(name); };
  }

  // Puts an answer of `run` at `step` in front of those that are older.
  void Store(const std::string& run, const std::string& id, uint64_t step, uint64_t count, uint32_t correct) {
    v1::Analysis analysis = server_.analysis;
    analysis.set_name("runs/" + run + "/analyses/" + id);
    analysis.set_checkpoint("runs/" + run + "/checkpoints/" + std::to_string(step));
    analysis.mutable_question_set()->mutable_uniform()->set_count(count);
    v1::Rate* const exact = analysis.mutable_result()->mutable_evaluate()->mutable_exact();
    exact->set_correct(correct);
    exact->set_rate(correct / 1000.0);
    server_.stored.insert(server_.stored.begin(), analysis);
  }
};

TEST_F(Compare_Test, WhenRunsAreComparedThenWhatDiffersIsThere) {
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8"}), 0);
  EXPECT_THAT(Out(), HasSubstr("exact match    95.70 % of 1,000"));
  EXPECT_THAT(Out(), HasSubstr("\nasked of the last checkpoints\nexact match: uniform:1000, seed 0, add\n"));
  EXPECT_THAT(Out(), Not(HasSubstr("spec.")));  // the same run twice
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["runs"].size(), 2u);
  EXPECT_EQ(Run({"runs", "compare", "r7"}), 2);
}

// The newest answer of each run stood side by side: other questions, other checkpoints.
TEST_F(Compare_Test, WhenTheNewestAnswersAreToOtherQuestionsThenThoseToTheSameAreTaken) {
  Store("r7", "a1", 15000, 1000, 900);
  Store("r8", "b1", 15000, 1000, 800);
  Store("r7", "a2", 15000, 50, 10);
  Store("r8", "b2", 0, 1000, 1);
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8"}), 0);
  EXPECT_THAT(Out(), HasSubstr("90.00 % of 1,000"));
  EXPECT_THAT(Out(), HasSubstr("80.00 % of 1,000"));
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("what,asked,r7,r8\n"));
  EXPECT_THAT(Out(), HasSubstr("exact match,\"uniform:1000, seed 0, add\",0.9,0.8\n"));
  EXPECT_THAT(Out(), HasSubstr("steps,,15000,15000\n"));
}

TEST_F(Compare_Test, WhenARunWasNotAskedThenItIsSaid) {
  Store("r7", "a1", 15000, 1000, 900);
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8"}), 0);
  EXPECT_THAT(Out(), HasSubstr("90.00 % of 1,000"));
  EXPECT_THAT(Out(), HasSubstr("exact match: uniform:1000, seed 0, add; not asked: r8\n"));
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8", "-o", "json"}), 0);
  const auto json = nlohmann::json::parse(Out());
  EXPECT_EQ(json["evaluate_questions"]["uniform"]["count"], "1000");
  EXPECT_TRUE(json["runs"][1]["evaluate"].is_null());
}

TEST_F(Compare_Test, WhenVerdictsAreOfOtherSizesThenThoseOfTheSameAreTaken) {
  const auto store = [this](const std::string& name, uint32_t per_cell, uint32_t k) {
    v1::Analysis analysis = server_.analysis;
    analysis.set_name(name);
    analysis.set_analysis("cascades");
    analysis.mutable_request()->mutable_cascades()->set_per_cell(per_cell);
    v1::LookBackDigit* const digit = analysis.mutable_result()->mutable_cascades()->add_additions();
    digit->set_digit("A3");
    for (uint32_t m = 0; m < 3; ++m) digit->add_kappa_lower(m < k ? 0.7 : 0.1);
    server_.stored.push_back(analysis);
  };
  store("runs/r7/analyses/c2", 1, 0);
  store("runs/r7/analyses/c1", 1000, 2);
  store("runs/r8/analyses/c1", 1000, 1);
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8"}), 0);
  EXPECT_THAT(Out(), ::testing::ContainsRegex("look-back A3 +reads 2 of 3, sure of 0 +reads 1 of 3, sure of 0\n"));
  EXPECT_THAT(Out(), HasSubstr("look-back: 1,000 questions per cell, seed 0\n"));
}

// An import claimed the schedule, seed and learning rate of the defaults.
TEST_F(Compare_Test, WhenARunWasImportedThenNothingIsSaidOfItsTraining) {
  server_.on_get_run = [](const std::string& name, v1::Run* run) {
    run->set_name(name);
    run->set_imported(name == "runs/r8");
  };
  EXPECT_EQ(Run({"runs", "compare", "r7", "r8"}), 0);
  EXPECT_THAT(Out(), ::testing::ContainsRegex("spec.learning_rate +8e-05 +-\n"));
  EXPECT_THAT(Out(), ::testing::ContainsRegex("steps +15,000 +imported\n"));
  EXPECT_EQ(Run({"runs", "show", "r8"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("learning_rate")));
  EXPECT_THAT(Out(), HasSubstr("training   unknown: imported\n"));
  EXPECT_THAT(Out(), HasSubstr("n_digits   5\n"));
}

}  // namespace
}  // namespace sumscope::client
