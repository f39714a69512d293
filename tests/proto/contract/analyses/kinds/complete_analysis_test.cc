#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/canonical_json.h"
#include "proto/contract/text/sha256.h"
#include "tests/proto/contract/matchers.h"
#include "tests/proto/contract/specs.h"

namespace sumscope {
namespace {

// Completes an Evaluate over these questions.
absl::Status Complete(const v1::TrainSpec& spec, v1::QuestionSet* questions) {
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  return CompleteAnalysis(spec, &request, questions);
}

v1::QuestionSet OfClass(const std::string& name, uint64_t count = 10) {
  v1::QuestionSet questions;
  questions.mutable_of_class()->set_question_class(name);
  questions.mutable_of_class()->set_count(count);
  return questions;
}

v1::QuestionSet List(const std::vector<std::string>& lines) {
  v1::QuestionSet questions;
  for (const std::string& line : lines) questions.mutable_list()->add_questions(line);
  return questions;
}

TEST(CompleteAnalysis_Test, NothingIsAskedThenAnalysisMissing) {
  v1::AnalysisRequest request;
  v1::QuestionSet questions;
  EXPECT_THAT(CompleteAnalysis(SpecOf(v1::ADD), &request, &questions), IsInvalid("ANALYSIS_MISSING"));
}

TEST(CompleteAnalysis_Test, OnlyTheAnalysisIsSetThenDefaults) {
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  v1::QuestionSet questions;
  ASSERT_THAT(CompleteAnalysis(SpecOf(v1::SUB), &request, &questions), IsOk());
  EXPECT_TRUE(request.evaluate().has_generate());
  EXPECT_FALSE(request.evaluate().generate());
  EXPECT_TRUE(request.evaluate().has_loss_in_full());
  EXPECT_FALSE(request.evaluate().loss_in_full());
  EXPECT_EQ(request.evaluate().worst_count(), 20u);
  EXPECT_EQ(questions.uniform().count(), 10'000u);
  EXPECT_TRUE(questions.has_seed());
  EXPECT_EQ(questions.seed(), 0u);
  EXPECT_EQ(questions.operation(), v1::SUB);
  v1::QuestionSet bare = questions;
  bare.clear_sha256();
  EXPECT_EQ(CanonicalJson(bare), R"({"operation":"SUB","seed":"0","uniform":{"count":"10000"}})");
  EXPECT_EQ(questions.sha256(), Sha256Hex(CanonicalJson(bare)));
}

TEST(CompleteAnalysis_Test, CompletedTwiceThenUnchanged) {
  for (v1::QuestionSet questions : {v1::QuestionSet(), OfClass("S2"), List({"1+2"})}) {
    ASSERT_THAT(Complete(SpecOf(v1::ADD), &questions), IsOk());
    const std::string once = questions.SerializeAsString();
    ASSERT_THAT(Complete(SpecOf(v1::ADD), &questions), IsOk());
    EXPECT_EQ(questions.SerializeAsString(), once);
  }
}

TEST(CompleteAnalysis_Test, CallerSendsAHashThenIgnored) {
  v1::QuestionSet plain, forged;
  forged.set_sha256("0123");
  ASSERT_THAT(Complete(SpecOf(v1::ADD), &plain), IsOk());
  ASSERT_THAT(Complete(SpecOf(v1::ADD), &forged), IsOk());
  EXPECT_EQ(forged.sha256(), plain.sha256());
}

TEST(CompleteAnalysis_Test, WorstCountThenAtMostAThousand) {
  v1::AnalysisRequest request;
  v1::QuestionSet questions;
  request.mutable_evaluate()->set_worst_count(1001);
  EXPECT_THAT(CompleteAnalysis(SpecOf(v1::ADD), &request, &questions), IsInvalid("WORST_COUNT_OUT_OF_RANGE"));
  request.mutable_evaluate()->set_worst_count(0);
  EXPECT_THAT(CompleteAnalysis(SpecOf(v1::ADD), &request, &questions), IsOk());
  EXPECT_EQ(request.evaluate().worst_count(), 0u);
}

TEST(CompleteAnalysis_Test, CountsThenOneToABillion) {
  v1::QuestionSet questions;
  questions.mutable_uniform()->set_count(0);
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("EMPTY_QUESTION_SET"));
  questions.mutable_uniform()->set_count(1'000'000'001);
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("QUESTIONS_OUT_OF_RANGE"));
  questions.mutable_uniform()->set_count(1'000'000'000);
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsOk());
  questions.mutable_stratified()->set_count_per_class(0);
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("EMPTY_QUESTION_SET"));
  questions.mutable_stratified()->set_count_per_class(166'666'667);  // times 6 classes
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("QUESTIONS_OUT_OF_RANGE"));
  questions.mutable_stratified()->set_count_per_class(166'666'666);
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsOk());
  questions = OfClass("S3", 0);
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("EMPTY_QUESTION_SET"));
  questions.mutable_list();
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("EMPTY_QUESTION_SET"));
}

TEST(CompleteAnalysis_Test, OperationIsOfTheRunThenOk) {
  for (const v1::Operation run : {v1::ADD, v1::SUB, v1::MUL, v1::MIX, v1::MAS}) {
    for (const v1::Operation asked : {v1::OPERATION_UNSPECIFIED, v1::ADD, v1::SUB, v1::MUL, v1::MIX, v1::MAS}) {
      v1::QuestionSet questions;
      questions.set_operation(asked);
      const bool both = run == v1::MIX || run == v1::MAS;
      const bool ok = asked == v1::OPERATION_UNSPECIFIED || (asked == run && run != v1::MAS) ||
                      (both && (asked == v1::ADD || asked == v1::SUB || asked == v1::MIX)) ||
                      (run == v1::MAS && asked == v1::MUL);
      if (ok) {
        EXPECT_THAT(Complete(SpecOf(run), &questions), IsOk()) << run << asked;
        EXPECT_EQ(questions.operation(), asked != 0 ? asked : both ? v1::MIX : run);
      } else {
        EXPECT_THAT(Complete(SpecOf(run), &questions), IsInvalid("OPERATION_NOT_OF_RUN")) << run << asked;
      }
    }
  }
}

TEST(CompleteAnalysis_Test, ClassThenItsOperationAndItsName) {
  v1::QuestionSet questions = OfClass("N4");
  ASSERT_THAT(Complete(SpecOf(v1::MIX), &questions), IsOk());
  EXPECT_EQ(questions.operation(), v1::SUB);
  EXPECT_EQ(questions.of_class().question_class(), "N4+");
  EXPECT_EQ(questions.seed(), 0u);
}

TEST(CompleteAnalysis_Test, ClassCannotBeThenError) {
  v1::QuestionSet questions = OfClass("S9");
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("CLASS_UNKNOWN"));
  questions = OfClass("");
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("CLASS_UNKNOWN"));
  questions = OfClass("S4");
  EXPECT_THAT(Complete(SpecOf(v1::ADD, 3), &questions), IsInvalid("CLASS_IMPOSSIBLE"));
  EXPECT_THAT(Complete(SpecOf(v1::ADD, 4), &questions), IsOk());
  questions = OfClass("M4+");
  EXPECT_THAT(Complete(SpecOf(v1::SUB, 4), &questions), IsInvalid("CLASS_IMPOSSIBLE"));
  EXPECT_THAT(Complete(SpecOf(v1::SUB, 5), &questions), IsOk());
  questions = OfClass("M1");
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("OPERATION_NOT_OF_RUN"));
  questions = OfClass("M1");
  questions.set_operation(v1::ADD);
  EXPECT_THAT(Complete(SpecOf(v1::MIX), &questions), IsInvalid("CLASS_IMPOSSIBLE"));
}

TEST(CompleteAnalysis_Test, ListThenPaddedWithoutSeed) {
  v1::QuestionSet questions = List({"1+2", " 12345+67890 ", "0+00000"});
  questions.set_seed(7);
  ASSERT_THAT(Complete(SpecOf(v1::ADD), &questions), IsOk());
  EXPECT_THAT(questions.list().questions(), testing::ElementsAre("00001+00002", "12345+67890", "00000+00000"));
  EXPECT_FALSE(questions.has_seed());
  EXPECT_EQ(questions.operation(), v1::ADD);
  v1::QuestionSet same = List({"01+0002", "12345+67890", "0+0"});
  ASSERT_THAT(Complete(SpecOf(v1::ADD), &same), IsOk());
  EXPECT_EQ(same.sha256(), questions.sha256());
}

TEST(CompleteAnalysis_Test, ListOfBothOperationsThenNoneIsNamed) {
  v1::QuestionSet questions = List({"1+2", "1-2"});
  ASSERT_THAT(Complete(SpecOf(v1::MIX), &questions), IsOk());
  EXPECT_FALSE(questions.has_operation());
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("OPERATION_NOT_OF_RUN"));
  questions.set_operation(v1::ADD);
  EXPECT_THAT(Complete(SpecOf(v1::MIX), &questions), IsInvalid("QUESTION_INVALID"));
}

TEST(CompleteAnalysis_Test, QuestionIsWrongThenErrorNamesItsIndex) {
  for (const char* question :
       {"", "+", "1+", "+1", "12", "1/2", "1+2=3", "1 + 2", "1+2+3", "-1+2", "123456+1", "1+123456",
        "1\xe2\x88\x92"
        "2",
        "a+b", "1.5+2"}) {
    v1::QuestionSet questions = List({"1+1", question});
    const absl::Status status = Complete(SpecOf(v1::ADD), &questions);
    EXPECT_THAT(status, IsInvalid("QUESTION_INVALID")) << question;
    EXPECT_EQ(ViolatedField(status), "question_set.list.questions[1]");
  }
}

TEST(CompleteAnalysis_Test, ListIsTooLongThenOutOfRange) {
  v1::QuestionSet questions;
  for (uint64_t i = 0; i < limits::kMaxInlineQuestions; ++i) questions.mutable_list()->add_questions("1+2");
  v1::QuestionSet wide = questions;
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsOk());
  EXPECT_THAT(Complete(SpecOf(v1::ADD, 20), &wide), IsInvalid("QUESTIONS_OUT_OF_RANGE"));  // 4.3 MB when padded
  questions.mutable_list()->add_questions("1+2");
  EXPECT_THAT(Complete(SpecOf(v1::ADD), &questions), IsInvalid("QUESTIONS_OUT_OF_RANGE"));
}

TEST(AnalysisKey_Test, AnyPartDiffersThenAnotherKey) {
  v1::AnalysisRequest request;
  request.mutable_evaluate()->set_generate(false);
  request.mutable_evaluate()->set_worst_count(20);
  const std::string key = AnalysisKey("c", request, "q", v1::FLOAT32);
  EXPECT_EQ(key, Sha256Hex(R"({"algorithm_version":3,"analysis":"evaluate","checkpoint":"c","precision":"FLOAT32",)"
                           R"("question_set":"q","request":{"evaluate":{"generate":false,"worst_count":20}}})"));
  EXPECT_NE(key, AnalysisKey("d", request, "q", v1::FLOAT32));
  EXPECT_NE(key, AnalysisKey("c", request, "r", v1::FLOAT32));
  EXPECT_NE(key, AnalysisKey("c", request, "q", v1::FLOAT64));
  request.mutable_evaluate()->set_worst_count(21);
  EXPECT_NE(key, AnalysisKey("c", request, "q", v1::FLOAT32));
}

TEST(CanonicalJson_Test, MessageThenSortedKeysAndProtoNames) {
  v1::TrainSpec spec;
  spec.set_seed(1);
  spec.set_batch_size(2);
  spec.set_learning_rate(8e-5);
  spec.set_init_from("a\"b\xff");
  EXPECT_EQ(CanonicalJson(v1::TrainSpec()), "{}");
  const std::string json = CanonicalJson(spec);
  EXPECT_EQ(json.substr(0, 31), R"({"batch_size":2,"init_from":"a\)");
  EXPECT_NE(json.find(R"("learning_rate":8e-05,"seed":"1"})"), std::string::npos) << json;
}

}  // namespace
}  // namespace sumscope
