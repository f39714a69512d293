#include "server/worker/tasks/analysis_task.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/worker/convert/conversion.h"
#include "server/worker/convert/tensors.h"
#include "tests/server/worker/recording_sink.h"
#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

using sumscope::v1::EvaluateResult;
using sumscope::v1::QuestionSet;

engine::NamedTensors TinyWeights() { return engine::InitialWeights(engine::ConfigOf(*ToEngine(TinySpec())), 1); }

TaskInput NewTask(const QuestionSet& questions, const engine::NamedTensors& weights = TinyWeights()) {
  RecordingSink server;
  EXPECT_TRUE(SendTensorSet(v1::WEIGHTS, 60, weights, {}, &server).ok());
  TaskInput input;
  input.control = std::make_shared<TaskControl>();
  input.task.set_task_id("j2.1");
  input.task.set_has_tensors(true);
  *input.task.mutable_analysis()->mutable_spec() = TinySpec();
  input.task.mutable_analysis()->mutable_request()->mutable_evaluate()->set_worst_count(3);
  *input.task.mutable_analysis()->mutable_question_set() = questions;
  input.tensors = server.sets[0].begin;
  input.tensor_data = server.sets[0].data;
  return input;
}

QuestionSet Uniform(uint64_t count) {
  QuestionSet set;
  set.mutable_uniform()->set_count(count);
  set.set_seed(3);
  return set;
}

TEST(AnalysisTask_Test, GivenUniformQuestionsThenTheResultIsTheEngines) {
  RecordingSink sink;
  const v1::Finished finished = Perform(NewTask(Uniform(500)), &sink);
  ASSERT_EQ(finished.outcome(), v1::Finished::DONE) << finished.ShortDebugString();
  ASSERT_TRUE(sink.started.has_value());
  ASSERT_TRUE(sink.result.has_value());
  EXPECT_GT(sink.waits, 0);

  const engine::TrainSpec spec = *ToEngine(TinySpec());
  const engine::Model model{engine::ConfigOf(spec), spec.n_digits, spec.format, TinyWeights(), torch::kCPU};
  const auto source = engine::UniformSource(engine::Operation::kAdd, 3, 500, 3);
  const EvaluateResult expected =
      FromEngine(engine::Evaluate(model, *source, {false, 3}), {3, engine::Format::kSigned, false});
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(sink.result->evaluate(), expected));
  EXPECT_EQ(sink.result->evaluate().exact().count(), 500u);
  EXPECT_EQ(sink.result->evaluate().worst_size(), 3);
}

// A clock on which a second passes between any two looks: a state is due after every batch.
class TickingClock final : public Clock {
 public:
  absl::Time Now() override { return absl::UnixEpoch() + Monotonic(); }
  absl::Duration Monotonic() override { return absl::Seconds(++looks_); }

 private:
  int64_t looks_ = 0;
};

// The states that a task sends on its way to its end.
std::vector<v1::AnalysisState> StatesOf(const TaskInput& input, RecordingSink* sink) {
  TickingClock clock;
  const v1::Finished finished = RunTask(input, {"cpu", 1, &clock}, sink);
  EXPECT_EQ(finished.outcome(), v1::Finished::DONE) << finished.ShortDebugString();
  std::vector<v1::AnalysisState> states;
  for (const v1::WorkerMessage& message : sink->messages) {
    if (message.has_analysis_state()) states.push_back(message.analysis_state());
  }
  return states;
}

bool SaysItStartsAnew(const RecordingSink& sink) {
  for (const v1::WorkerMessage& message : sink.messages) {
    if (absl::StrContains(message.log().text(), "starts anew")) return true;
  }
  return false;
}

TEST(AnalysisTask_Test, GivenTheStateOfALostAttemptThenItGoesOnToTheSameResult) {
  TaskInput input = NewTask(Uniform(20'000));
  RecordingSink without, whole, rest;
  EXPECT_TRUE(StatesOf(input, &without).empty()) << "of an analysis that is to keep none";
  input.task.mutable_analysis()->set_state_key("key");
  const auto states = StatesOf(input, &whole);
  ASSERT_GT(states.size(), 2u);
  *input.task.mutable_analysis()->mutable_last_state() = states[1];
  const auto later = StatesOf(input, &rest);
  EXPECT_EQ(later.size(), states.size() - 2);
  EXPECT_GT(later.front().done(), states[1].done());
  EXPECT_EQ(rest.result->SerializeAsString(), whole.result->SerializeAsString());
  EXPECT_FALSE(SaysItStartsAnew(rest));
}

TEST(AnalysisTask_Test, GivenAStateThatIsNotItsOwnThenItStartsAnewAndSaysSo) {
  TaskInput input = NewTask(Uniform(20'000));
  v1::AnalysisTask* task = input.task.mutable_analysis();
  task->set_state_key("key");
  RecordingSink whole, of_others, damaged;
  const auto states = StatesOf(input, &whole);
  *task->mutable_last_state() = states[1];
  task->set_state_key("of other weights");
  EXPECT_EQ(StatesOf(input, &of_others).size(), states.size());
  EXPECT_TRUE(SaysItStartsAnew(of_others));
  EXPECT_EQ(of_others.result->SerializeAsString(), whole.result->SerializeAsString());
  task->set_state_key("key");
  task->mutable_last_state()->set_state("half a st");
  EXPECT_EQ(StatesOf(input, &damaged).size(), states.size());
  EXPECT_TRUE(SaysItStartsAnew(damaged));
  EXPECT_EQ(damaged.result->SerializeAsString(), whole.result->SerializeAsString());
}

TEST(AnalysisTask_Test, GivenEachKindOfQuestionSetThenItsQuestionsAreAsked) {
  QuestionSet of_class, stratified, list, subtractions = Uniform(50);
  of_class.mutable_of_class()->set_question_class("S2");
  of_class.mutable_of_class()->set_count(70);
  stratified.mutable_stratified()->set_count_per_class(10);
  list.mutable_list()->add_questions("123+456");
  list.mutable_list()->add_questions("999+001");
  subtractions.set_operation(sumscope::v1::SUB);

  RecordingSink a, b, c, d;
  ASSERT_EQ(Perform(NewTask(of_class), &a).outcome(), v1::Finished::DONE);
  ASSERT_EQ(a.result->evaluate().classes_size(), 1);
  EXPECT_EQ(a.result->evaluate().classes(0).question_class(), "S2");
  EXPECT_EQ(a.result->evaluate().exact().count(), 70u);
  ASSERT_EQ(Perform(NewTask(stratified), &b).outcome(), v1::Finished::DONE);
  EXPECT_FALSE(b.result->evaluate().has_exact());
  for (const auto& per_class : b.result->evaluate().classes()) EXPECT_EQ(per_class.exact().count(), 10u);
  ASSERT_EQ(Perform(NewTask(list), &c).outcome(), v1::Finished::DONE);
  EXPECT_EQ(c.result->evaluate().exact().count(), 2u);
  ASSERT_EQ(Perform(NewTask(subtractions), &d).outcome(), v1::Finished::DONE);
  EXPECT_EQ(d.result->evaluate().cells(0).cell(), "MD");
}

TEST(AnalysisTask_Test, GivenAResultThatNoMessageCanHoldThenItIsRefused) {
  RecordingSink sink;
  TaskInput input = NewTask(Uniform(1));
  v1::AnalysisTask* task = input.task.mutable_analysis();
  task->clear_question_set();
  task->mutable_request()->mutable_phases()->set_window(1);
  task->mutable_request()->mutable_phases()->set_penalty(1e-9);  // every step a phase of its own
  task->mutable_request()->mutable_phases()->set_learnt_below(0.1);
  constexpr int64_t kSteps = 40'000, kColumns = 5;
  for (int64_t column = 0; column < kColumns; ++column) {
    task->add_metric_columns(absl::StrCat("digit_loss.A", column));
  }
  RecordingSink server;
  engine::NamedTensors tensors = TinyWeights();
  tensors.emplace_back("metrics",
                       torch::arange(kSteps * kColumns, torch::kFloat64).remainder(7).add(1).view({kSteps, kColumns}));
  ASSERT_TRUE(SendTensorSet(v1::WEIGHTS, 60, tensors, {}, &server).ok());
  input.tensors = server.sets[0].begin;
  input.tensor_data = server.sets[0].data;
  const v1::Finished finished = Perform(input, &sink);
  EXPECT_EQ(finished.outcome(), v1::Finished::FAILED);
  EXPECT_EQ(finished.reason(), "RESULT_TOO_LARGE") << finished.detail();
  EXPECT_FALSE(finished.retryable());
  EXPECT_FALSE(sink.result.has_value());
}

TEST(AnalysisTask_Test, GivenLogitsThatAreNoNumbersThenNoDigitPairIsNamed) {
  RecordingSink sink;
  engine::NamedTensors weights = TinyWeights();
  for (auto& [name, tensor] : weights) {
    if (absl::EndsWith(name, "W_Q") || absl::EndsWith(name, "W_K")) tensor = tensor * 1e25;  // infinite scores
  }
  TaskInput input = NewTask(Uniform(4), weights);
  input.task.mutable_analysis()->mutable_request()->mutable_attention();
  ASSERT_EQ(Perform(input, &sink).outcome(), v1::Finished::DONE);
  for (const auto& head : sink.result->attention().heads()) {
    for (const auto& row : head.rows()) {
      ASSERT_TRUE(std::isnan(row.weights(0)));
      EXPECT_FALSE(row.has_pair());
    }
  }
}

TEST(AnalysisTask_Test, GivenAnInterventionThatMovesNothingThenItIsWarnedOf) {
  RecordingSink ablate, patch, ask;
  QuestionSet twice, once, pairs;
  twice.mutable_list()->add_questions("123+456");
  twice.mutable_list()->add_questions("123+456");
  TaskInput input = NewTask(twice);  // each is the other's donor
  auto* ablation = input.task.mutable_analysis()->mutable_request()->mutable_ablate();
  ablation->add_node_sets("P8L0H0");
  ablation->set_mode(sumscope::v1::RESAMPLE);
  ASSERT_EQ(Perform(input, &ablate).outcome(), v1::Finished::DONE);
  EXPECT_EQ(ablate.result->ablate().results(0).moved_l2(), 0);
  ASSERT_EQ(ablate.result->ablate().warnings_size(), 1);
  EXPECT_NE(ablate.result->ablate().warnings(0).find("P8L0H0: the ablation moved nothing (L2 0)"), std::string::npos);

  auto* pair = pairs.mutable_pairs()->add_pairs();
  pair->set_store("123+456");
  pair->set_clean("123+456");
  input = NewTask(pairs);
  input.task.mutable_analysis()->mutable_request()->mutable_patch()->add_node_sets("P8L0H0");
  ASSERT_EQ(Perform(input, &patch).outcome(), v1::Finished::DONE);
  EXPECT_EQ(patch.result->patch().pairs(0).results(0).l2(), 0);
  EXPECT_EQ(patch.result->patch().warnings_size(), 1);

  once.mutable_list()->add_questions("123+456");
  input = NewTask(once);
  auto* question = input.task.mutable_analysis()->mutable_request()->mutable_ask();
  question->add_patch_nodes("P8L0H0");
  question->set_patch_from("123+456");
  ASSERT_EQ(Perform(input, &ask).outcome(), v1::Finished::DONE);
  EXPECT_EQ(ask.result->ask().moved_l2(), 0);
  EXPECT_EQ(ask.result->ask().warnings_size(), 1);
}

TEST(AnalysisTask_Test, WhenCancelledThenThereIsNoResult) {
  RecordingSink sink;
  const TaskInput input = NewTask(Uniform(1000000000));
  sink.on_message = [&](const v1::WorkerMessage& message) {
    // None is done while tables are made.
    if (message.analysis_progress().fraction() > 0) input.control->Interrupt(Interruption::kCancel);
  };
  EXPECT_EQ(Perform(input, &sink).outcome(), v1::Finished::CANCELLED);
  EXPECT_FALSE(sink.result.has_value());
  EXPECT_GT(sink.messages.back().analysis_progress().fraction(), 0);
}

TEST(AnalysisTask_Test, GivenWeightsThatAreNotTheSpecsThenTheyAreRefused) {
  engine::NamedTensors missing = TinyWeights(), shape = TinyWeights(), whole = TinyWeights(), nan = TinyWeights();
  missing.pop_back();
  shape[0].second = torch::zeros({2, 2});
  whole[0].second = whole[0].second.to(torch::kInt64);
  nan[0].second.view({-1})[3] = std::numeric_limits<float>::quiet_NaN();
  for (const engine::NamedTensors& weights : {missing, shape, whole, nan}) {
    RecordingSink sink;
    const v1::Finished finished = Perform(NewTask(Uniform(10), weights), &sink);
    EXPECT_EQ(finished.outcome(), v1::Finished::FAILED);
    EXPECT_EQ(finished.reason(), "WEIGHTS_INVALID") << finished.detail();
    EXPECT_FALSE(finished.retryable());
  }
}

TEST(AnalysisTask_Test, GivenQuestionsThatDoNotExistThenTheReasonSaysSo) {
  QuestionSet impossible, unreadable;
  impossible.mutable_of_class()->set_question_class("S5");  // needs more than three digits
  impossible.mutable_of_class()->set_count(5);
  unreadable.mutable_list()->add_questions("12/3");
  RecordingSink sink;
  EXPECT_EQ(Perform(NewTask(impossible), &sink).reason(), "CLASS_IMPOSSIBLE");
  EXPECT_EQ(Perform(NewTask(unreadable), &sink).reason(), "BAD_QUESTION");
  EXPECT_EQ(Perform(NewTask(QuestionSet()), &sink).reason(), "QUESTION_SET_MISSING");
}

}  // namespace
}  // namespace sumscope::worker
