#include "gtest/gtest.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/questions/listed_questions.h"
#include "proto/contract/text/sha256.h"
#include "tests/proto/contract/matchers.h"
#include "tests/proto/contract/specs.h"

namespace sumscope {
namespace {

// Completes the questions of an analysis; "" or the reason.
std::string Reason(const v1::TrainSpec& spec, v1::AnalysisRequest request, v1::QuestionSet* questions) {
  return ErrorReason(CompleteAnalysis(spec, &request, questions));
}
v1::AnalysisRequest Evaluate() {
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  return request;
}
v1::AnalysisRequest Patch() {
  v1::AnalysisRequest request;
  request.mutable_patch();
  return request;
}
v1::AnalysisRequest Useful() {
  v1::AnalysisRequest request;
  request.mutable_useful_nodes();
  return request;
}

TEST(QuestionSets_Test, EnrichedThenCountAndOperationAreChecked) {
  v1::QuestionSet questions;
  questions.mutable_enriched();
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Evaluate(), &questions), "EMPTY_QUESTION_SET");
  questions.mutable_enriched()->set_count(1000);
  questions.set_operation(v1::MIX);
  EXPECT_EQ(Reason(SpecOf(v1::MAS), Evaluate(), &questions), "");
  EXPECT_EQ(questions.operation(), v1::MIX);
  questions.mutable_enriched()->set_count(1'000'001);
  EXPECT_EQ(Reason(SpecOf(v1::MAS), Useful(), &questions), "QUESTIONS_OUT_OF_RANGE");
  EXPECT_EQ(Reason(SpecOf(v1::MAS), Evaluate(), &questions), "");
}

// "set question_set.uniform.count to 1 or more" was said of a set that had it, in the client as "set --questions to 1".
TEST(QuestionSets_Test, CountIsOutOfRangeThenItIsSaidWithTheRange) {
  for (const uint64_t count : {0, 1'000'000'001}) {
    v1::QuestionSet questions;
    questions.mutable_uniform()->set_count(count);
    v1::AnalysisRequest request = Evaluate();
    EXPECT_THAT(std::string(CompleteAnalysis(SpecOf(v1::ADD), &request, &questions).message()),
                testing::StartsWith(absl::StrCat("question_set.uniform.count is ", count, "; expected 1 to ")));
  }
}

TEST(QuestionSets_Test, TricaseThenDigitCountAndOperationAreChecked) {
  v1::QuestionSet questions;
  questions.mutable_tricase()->set_digit(5);
  questions.mutable_tricase()->set_count_per_case(100);
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Evaluate(), &questions), "DIGIT_OUT_OF_RANGE");
  questions.mutable_tricase()->set_digit(4);
  v1::QuestionSet of_mix = questions;
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Useful(), &of_mix), "");
  EXPECT_EQ(of_mix.operation(), v1::ADD);
  of_mix.set_operation(v1::MIX);
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Useful(), &of_mix), "MIX_NOT_APPLICABLE");
  EXPECT_EQ(Reason(SpecOf(v1::MUL), Evaluate(), &questions), "TASK_NOT_APPLICABLE");
  questions.mutable_tricase()->set_count_per_case(0);
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Evaluate(), &questions), "EMPTY_QUESTION_SET");
  questions.mutable_tricase()->set_count_per_case(333'334);
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Useful(), &questions), "QUESTIONS_OUT_OF_RANGE");
}

TEST(QuestionSets_Test, StratifiedOfBothThenClassesOfBothCount) {
  v1::QuestionSet questions;
  questions.mutable_stratified()->set_count_per_class(1'000'000 / 15);  // 6 + 5 + 4 classes
  questions.set_operation(v1::MIX);
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Useful(), &questions), "");
  questions.mutable_stratified()->set_count_per_class(1'000'000 / 15 + 1);
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Useful(), &questions), "QUESTIONS_OUT_OF_RANGE");
}

TEST(QuestionSets_Test, ProductsThenClassesAreNotApplicable) {
  v1::QuestionSet stratified, of_class;
  stratified.mutable_stratified()->set_count_per_class(10);
  of_class.mutable_of_class()->set_question_class("S1");
  of_class.mutable_of_class()->set_count(10);
  EXPECT_EQ(Reason(SpecOf(v1::MUL), Evaluate(), &stratified), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(Reason(SpecOf(v1::MUL), Evaluate(), &of_class), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(Reason(SpecOf(v1::MAS), Evaluate(), &of_class), "");
  stratified.set_operation(v1::MUL);
  EXPECT_EQ(Reason(SpecOf(v1::MAS), Evaluate(), &stratified), "TASK_NOT_APPLICABLE");
}

TEST(QuestionSets_Test, UploadedThenHashIsChecked) {
  v1::QuestionSet questions;
  questions.mutable_uploaded()->set_sha256("12");
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Evaluate(), &questions), "QUESTION_SET_HASH_INVALID");
  questions.mutable_uploaded()->set_sha256(std::string(64, 'g'));
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Evaluate(), &questions), "QUESTION_SET_HASH_INVALID");
  questions.mutable_uploaded()->set_sha256(std::string(64, 'A'));
  questions.set_seed(4);
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Evaluate(), &questions), "");
  EXPECT_EQ(questions.uploaded().sha256(), std::string(64, 'a'));
  EXPECT_FALSE(questions.has_seed());
}

TEST(QuestionSets_Test, PairsThenPaddedAndTasksWrittenOut) {
  v1::QuestionSet questions;
  auto* pair = questions.mutable_pairs()->add_pairs();
  pair->set_store("22222+11111");
  pair->set_clean("5+4");
  for (const char* task : {"A2.SA", "SS", "a2.sa"}) questions.mutable_pairs()->add_tasks(task);
  ASSERT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "");
  EXPECT_EQ(questions.pairs().pairs(0).clean(), "00005+00004");
  EXPECT_THAT(questions.pairs().tasks(), testing::ElementsAre("A2.SA", "A1.SS", "A2.SS", "A3.SS", "A4.SS"));
  EXPECT_EQ(questions.operation(), v1::ADD);
  const std::string once = questions.SerializeAsString();
  ASSERT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "");
  EXPECT_EQ(questions.SerializeAsString(), once);
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Evaluate(), &questions), "QUESTION_SET_HAS_PAIRS");
  questions.mutable_pairs()->add_tasks("A1.MD");
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "TASK_NOT_APPLICABLE");
  questions.clear_operation();
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "");
  EXPECT_FALSE(questions.has_operation());
}

TEST(QuestionSets_Test, PairsAreWrongThenTheirReason) {
  v1::QuestionSet questions;
  questions.mutable_pairs();
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "EMPTY_QUESTION_SET");
  auto* pair = questions.mutable_pairs()->add_pairs();
  pair->set_store("1+1");
  pair->set_clean("1-1");
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "PAIR_OPERATIONS_DIFFER");
  pair->set_clean("");
  v1::AnalysisRequest request = Patch();
  EXPECT_EQ(ViolatedField(CompleteAnalysis(SpecOf(v1::MIX), &request, &questions)),
            "question_set.pairs.pairs[0].clean");
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Patch(), &questions), "QUESTION_INVALID");
  pair->set_clean("2+2");
  EXPECT_EQ(Reason(SpecOf(v1::SUB), Patch(), &questions), "OPERATION_NOT_OF_RUN");
  questions.mutable_pairs()->add_tasks("A1.XX");
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Patch(), &questions), "TASK_UNKNOWN");
  questions.mutable_uniform()->set_count(1);
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Patch(), &questions), "PAIRS_WANTED");
  v1::QuestionSet many;
  for (int i = 0; i < 999; ++i) {
    auto* one = many.mutable_pairs()->add_pairs();
    one->set_store("1+1");
    one->set_clean("2+2");
  }
  many.mutable_pairs()->add_tasks("all");
  EXPECT_EQ(Reason(SpecOf(v1::ADD), Patch(), &many), "QUESTIONS_OUT_OF_RANGE");
}

TEST(QuestionSets_Test, PairsOfProductsThenPatchTakesThemWithoutTasks) {
  v1::QuestionSet questions, standard;
  auto* pair = questions.mutable_pairs()->add_pairs();
  pair->set_store("12*11");
  pair->set_clean("3*4");
  EXPECT_EQ(Reason(SpecOf(v1::MUL), Patch(), &questions), "");
  EXPECT_EQ(questions.operation(), v1::MUL);
  EXPECT_EQ(Reason(SpecOf(v1::MUL), Patch(), &standard), "TASK_NOT_APPLICABLE");
}

TEST(QuestionSets_Test, NoQuestionsAreTakenThenOnlyTheHashOfTheEmptySet) {
  v1::AnalysisRequest request;
  request.mutable_phases();
  v1::QuestionSet questions;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Reason(SpecOf(v1::MUL), request, &questions), "");
    EXPECT_EQ(questions.sha256(), Sha256Hex("{}"));
    EXPECT_EQ(questions.kind_case(), v1::QuestionSet::KIND_NOT_SET);
  }
  v1::QuestionSet seeded = questions, asked = questions, uniform = questions;
  seeded.set_seed(0);
  asked.set_operation(v1::ADD);
  uniform.mutable_uniform()->set_count(1);
  for (v1::QuestionSet* set : {&seeded, &asked, &uniform}) {
    EXPECT_EQ(Reason(SpecOf(v1::ADD), request, set), "QUESTION_SET_NOT_TAKEN");
  }
}

TEST(NormaliseQuestion_Test, ProductThenItMustFitTheAnswer) {
  const auto normalised = [](uint32_t n_digits, std::string question) {
    v1::Operation operation = v1::OPERATION_UNSPECIFIED;
    const absl::Status status = NormaliseQuestion(n_digits, "f", "question 1", &question, &operation);
    if (status.ok()) {
      EXPECT_EQ(operation, v1::MUL);
    }
    return status.ok() ? question : ErrorReason(status);
  };
  EXPECT_EQ(normalised(3, "99*99"), "099*099");   // 9,801
  EXPECT_EQ(normalised(3, "101*99"), "101*099");  // 9,999
  EXPECT_EQ(normalised(3, "100*100"), "PRODUCT_TOO_LONG");
  EXPECT_EQ(normalised(3, "102*99"), "PRODUCT_TOO_LONG");
  EXPECT_EQ(normalised(3, "0*999"), "000*999");
  EXPECT_EQ(normalised(3, "000*000"), "000*000");
  EXPECT_EQ(normalised(3, "999*999"), "PRODUCT_TOO_LONG");
  EXPECT_EQ(normalised(20, "99999999999*9999999999"), std::string("00000000099999999999*00000000009999999999"));
  EXPECT_EQ(normalised(20, "99999999999*99999999999"), "PRODUCT_TOO_LONG");  // 22 digits
  EXPECT_EQ(normalised(20, "30000000000*30000000000"), std::string("00000000030000000000*00000000030000000000"));
  EXPECT_EQ(normalised(20, "1*99999999999999999999"), std::string("00000000000000000001*99999999999999999999"));
}

TEST(QuestionSets_Test, ListOfProductsThenOnlyOfRunsThatKnowThem) {
  v1::QuestionSet questions;
  questions.mutable_list()->add_questions("12*3");
  EXPECT_EQ(Reason(SpecOf(v1::MIX), Evaluate(), &questions), "OPERATION_NOT_OF_RUN");
  EXPECT_EQ(Reason(SpecOf(v1::MAS), Evaluate(), &questions), "");
  EXPECT_EQ(questions.operation(), v1::MUL);
  v1::AnalysisRequest cascades;
  cascades.mutable_cascades();
  EXPECT_EQ(Reason(SpecOf(v1::MAS), cascades, &questions), "TASK_NOT_APPLICABLE");
  questions.mutable_list()->set_questions(0, "12345*12345");
  questions.clear_operation();
  v1::AnalysisRequest request = Evaluate();
  const absl::Status status = CompleteAnalysis(SpecOf(v1::MAS), &request, &questions);
  EXPECT_THAT(status, IsInvalid("PRODUCT_TOO_LONG"));
  EXPECT_EQ(ViolatedField(status), "question_set.list.questions[0]");
}

}  // namespace
}  // namespace sumscope
