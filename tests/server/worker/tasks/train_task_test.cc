#include "server/worker/tasks/train_task.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "tests/server/worker/recording_sink.h"
#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

const std::vector<uint64_t> kCheckpoints = {0, 1, 2, 5, 10, 20, 50, 60};

TaskInput NewTask(const sumscope::v1::TrainSpec& spec) {
  TaskInput input;
  input.control = std::make_shared<TaskControl>();
  input.task.set_task_id("j1.1");
  input.task.set_threads(1);
  *input.task.mutable_train()->mutable_spec() = spec;
  input.task.mutable_train()->set_resume_interval_seconds(3600);
  return input;
}

TaskInput ResumedTask(const sumscope::v1::TrainSpec& spec, const SentSet& state) {
  TaskInput input = NewTask(spec);
  input.task.mutable_train()->set_first_step(state.begin.step());
  input.task.set_has_tensors(true);
  input.tensors = state.begin;
  input.tensor_data = state.data;
  return input;
}

std::vector<uint64_t> StepsFrom(uint64_t first, uint64_t end) {
  std::vector<uint64_t> steps(end - first);
  std::iota(steps.begin(), steps.end(), first);
  return steps;
}

// Interrupts once the weights after `step` steps have been sent.
void InterruptAt(uint64_t step, Interruption how, const TaskInput& input, RecordingSink* sink) {
  sink->on_message = [step, how, sink, control = input.control](const v1::WorkerMessage& message) {
    if (message.has_tensor_set_end() && sink->sets.back().begin.step() == step) control->Interrupt(how);
  };
}

TEST(TrainTask_Test, WhenTrainedToTheEndThenEveryStepHasOneRowOfEachSeries) {
  RecordingSink sink;
  const v1::Finished finished = Perform(NewTask(TinySpec()), &sink);
  ASSERT_EQ(finished.outcome(), v1::Finished::DONE) << finished.ShortDebugString();
  EXPECT_EQ(sink.steps, StepsFrom(0, 60));
  EXPECT_EQ(sink.timing_steps, StepsFrom(0, 60));
  const std::vector<std::string> columns = {"loss",           "digit_loss.SGN", "digit_loss.A3", "digit_loss.A2",
                                            "digit_loss.A1",  "digit_loss.A0",  "cell_count.BA", "cell_count.UC1",
                                            "cell_count.US9", "cell_loss.BA",   "cell_loss.UC1", "cell_loss.US9"};
  EXPECT_EQ(sink.columns, columns);
  ASSERT_EQ(sink.values.size(), 60 * columns.size());
  for (size_t row = 0; row < 60; ++row) {
    const double* value = &sink.values[row * columns.size()];
    EXPECT_NEAR(value[0], (value[1] + value[2] + value[3] + value[4] + value[5]) / 5, 1e-12);
    EXPECT_EQ(value[6] + value[7] + value[8], 16 * 3) << "the cells partition the columns";
    EXPECT_GT(sink.steps_per_second[row], 0);
  }
  EXPECT_GT(sink.waits, 0) << "done means committed";
  EXPECT_EQ(sink.started->first_step(), 0u);
  EXPECT_EQ(sink.started->provenance().threads(), 1u);
  EXPECT_EQ(sink.started->provenance().device(), "cpu");
}

TEST(TrainTask_Test, WhenTrainedToTheEndThenCheckpointsAndTheLastResumeStateAreSent) {
  RecordingSink sink;
  ASSERT_EQ(Perform(NewTask(TinySpec()), &sink).outcome(), v1::Finished::DONE);
  EXPECT_EQ(sink.Steps(v1::WEIGHTS), kCheckpoints);
  EXPECT_EQ(sink.Steps(v1::RESUME_STATE), std::vector<uint64_t>{60});
  for (const SentSet& set : sink.sets) {
    EXPECT_TRUE(set.complete);
    EXPECT_EQ(set.rows_before, set.begin.step()) << "metrics come before the tensors that imply them";
    EXPECT_EQ(set.heldout_loss.has_value(), set.begin.kind() == v1::WEIGHTS);
  }
  EXPECT_GT(*sink.Find(v1::WEIGHTS, 0)->heldout_loss, *sink.Find(v1::WEIGHTS, 60)->heldout_loss);
}

TEST(TrainTask_Test, GivenCheckpointsThatTheServerHasThenTheyAreNotSentAgain) {
  RecordingSink sink;
  TaskInput input = NewTask(TinySpec());
  for (const uint64_t step : {0, 5, 60}) input.task.mutable_train()->add_have_checkpoints(step);
  ASSERT_EQ(Perform(input, &sink).outcome(), v1::Finished::DONE);
  EXPECT_EQ(sink.Steps(v1::WEIGHTS), (std::vector<uint64_t>{1, 2, 10, 20, 50}));
}

TEST(TrainTask_Test, WhenTheIntervalPassesThenTheResumeStateIsSent) {
  RecordingSink sink;
  TaskInput input = NewTask(TinySpec());
  input.task.mutable_train()->set_resume_interval_seconds(1e-9);
  ASSERT_EQ(Perform(input, &sink).outcome(), v1::Finished::DONE);
  EXPECT_EQ(sink.Steps(v1::RESUME_STATE), StepsFrom(1, 61));
}

TEST(TrainTask_Test, WhenStoppedAndResumedThenEveryByteIsThatOfAnUndisturbedRun) {
  RecordingSink whole, first, second;
  ASSERT_EQ(Perform(NewTask(TinySpec()), &whole).outcome(), v1::Finished::DONE);

  const TaskInput interrupted = NewTask(TinySpec());
  InterruptAt(20, Interruption::kStop, interrupted, &first);
  ASSERT_EQ(Perform(interrupted, &first).outcome(), v1::Finished::STOPPED);
  const SentSet* state = first.Find(v1::RESUME_STATE, 20);
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(first.steps, StepsFrom(0, 20));

  TaskInput resumed = ResumedTask(TinySpec(), *state);
  for (const uint64_t step : first.Steps(v1::WEIGHTS)) resumed.task.mutable_train()->add_have_checkpoints(step);
  ASSERT_EQ(Perform(resumed, &second).outcome(), v1::Finished::DONE);
  EXPECT_EQ(second.started->first_step(), 20u);
  EXPECT_EQ(second.steps, StepsFrom(20, 60));
  EXPECT_EQ(second.Steps(v1::WEIGHTS), (std::vector<uint64_t>{50, 60}));

  std::vector<double> values = first.values;
  values.insert(values.end(), second.values.begin(), second.values.end());
  ASSERT_EQ(values.size(), whole.values.size());
  EXPECT_EQ(std::memcmp(values.data(), whole.values.data(), values.size() * sizeof(double)), 0);  // NaN included
  for (const uint64_t step : {50, 60}) {
    EXPECT_EQ(second.Find(v1::WEIGHTS, step)->data, whole.Find(v1::WEIGHTS, step)->data);
    EXPECT_EQ(second.Find(v1::WEIGHTS, step)->heldout_loss, whole.Find(v1::WEIGHTS, step)->heldout_loss);
  }
  EXPECT_EQ(second.Find(v1::RESUME_STATE, 60)->data, whole.Find(v1::RESUME_STATE, 60)->data);
}

TEST(TrainTask_Test, WhenResumedAfterTheLastStepThenOnlyWhatIsMissingIsSent) {
  RecordingSink whole, again;
  ASSERT_EQ(Perform(NewTask(TinySpec()), &whole).outcome(), v1::Finished::DONE);
  ASSERT_EQ(Perform(ResumedTask(TinySpec(), *whole.Find(v1::RESUME_STATE, 60)), &again).outcome(), v1::Finished::DONE);
  EXPECT_TRUE(again.steps.empty());
  ASSERT_EQ(again.sets.size(), 1u);
  EXPECT_EQ(again.Find(v1::WEIGHTS, 60)->data, whole.Find(v1::WEIGHTS, 60)->data);
}

TEST(TrainTask_Test, WhenCancelledThenItEndsAtThatStepWithItsMetricsAndResumeState) {
  RecordingSink sink;
  const TaskInput input = NewTask(TinySpec());
  InterruptAt(10, Interruption::kCancel, input, &sink);
  const v1::Finished finished = Perform(input, &sink);
  EXPECT_EQ(finished.outcome(), v1::Finished::CANCELLED);
  EXPECT_EQ(sink.steps, StepsFrom(0, 10));
  EXPECT_EQ(sink.Steps(v1::RESUME_STATE), std::vector<uint64_t>{10});
}

TEST(TrainTask_Test, WhenInterruptedBeforeTheFirstStepThenNothingNeedsToBeResumed) {
  RecordingSink sink;
  const TaskInput input = NewTask(TinySpec());
  input.control->Interrupt(Interruption::kStop);
  EXPECT_EQ(Perform(input, &sink).outcome(), v1::Finished::STOPPED);
  EXPECT_TRUE(sink.steps.empty());
  EXPECT_TRUE(sink.sets.empty());
}

TEST(TrainTask_Test, WhenTheLossIsNotFiniteThenTheRunFailsAtThatStepAndKeepsItsMetrics) {
  sumscope::v1::TrainSpec spec = TinySpec();
  spec.set_schedule(sumscope::v1::SCHEDULE_PAPER1);
  spec.set_learning_rate(10);
  spec.set_weight_decay(10);
  RecordingSink sink;
  const v1::Finished finished = Perform(NewTask(spec), &sink);
  EXPECT_EQ(finished.outcome(), v1::Finished::FAILED);
  EXPECT_EQ(finished.reason(), "NON_FINITE_LOSS");
  EXPECT_FALSE(finished.retryable());
  ASSERT_FALSE(sink.steps.empty());
  ASSERT_LT(sink.steps.size(), 60u);
  EXPECT_NE(finished.detail().find("step " + std::to_string(sink.steps.size())), std::string::npos)
      << finished.detail();
}

TEST(TrainTask_Test, GivenAResumeStateThatDoesNotFitThenTheTaskFails) {
  RecordingSink whole, sink;
  TaskInput missing = NewTask(TinySpec());
  missing.task.mutable_train()->set_first_step(5);
  EXPECT_EQ(Perform(missing, &sink).reason(), "BAD_RESUME_STATE");

  ASSERT_EQ(Perform(NewTask(TinySpec()), &whole).outcome(), v1::Finished::DONE);
  sumscope::v1::TrainSpec wider = TinySpec();
  wider.set_d_mlp(48);
  EXPECT_EQ(Perform(ResumedTask(wider, *whole.Find(v1::RESUME_STATE, 60)), &sink).reason(), "BAD_RESUME_STATE");
  TaskInput truncated = ResumedTask(TinySpec(), *whole.Find(v1::RESUME_STATE, 60));
  truncated.tensor_data.pop_back();
  const v1::Finished finished = Perform(truncated, &sink);
  EXPECT_EQ(finished.reason(), "BAD_RESUME_STATE");
  EXPECT_FALSE(finished.retryable());
  TaskInput other_step = ResumedTask(TinySpec(), *whole.Find(v1::RESUME_STATE, 60));
  other_step.task.mutable_train()->set_first_step(59);
  EXPECT_EQ(Perform(other_step, &sink).reason(), "BAD_RESUME_STATE");
}

TEST(TrainTask_Test, GivenASpecThatCannotBeTrainedThenTheReasonIsTheEngines) {
  RecordingSink sink;
  sumscope::v1::TrainSpec product = TinySpec();
  product.set_operation(sumscope::v1::MUL);
  product.set_format(sumscope::v1::PLAIN);
  EXPECT_EQ(Perform(NewTask(product), &sink).reason(), "FORMAT_NEEDS_SIGN");
  sumscope::v1::TrainSpec incomplete = TinySpec();
  incomplete.clear_seed();
  EXPECT_EQ(Perform(NewTask(incomplete), &sink).reason(), "SPEC_INCOMPLETE");
}

// A source run's weights under their names in a task, alone or beside a resume state.
TaskInput InsertingTask(const SentSet& source, const SentSet* state = nullptr) {
  sumscope::v1::TrainSpec spec = TinySpec();
  spec.set_operation(sumscope::v1::MIX);
  spec.set_n_layers(2);
  spec.set_n_heads(3);
  spec.set_steps(5);
  spec.set_insert_mode(sumscope::v1::INSERT_USEFUL_HEADS);
  spec.set_init_from("runs/r1");
  TaskInput input = NewTask(spec);
  *input.task.mutable_train()->mutable_source_spec() = TinySpec();
  input.task.mutable_train()->add_source_nodes("L0H1");
  input.task.set_has_tensors(true);
  input.tensors.set_kind(v1::INPUTS);
  if (state != nullptr) {
    input.tensors = state->begin;
    input.tensor_data = state->data;
    input.task.mutable_train()->set_first_step(state->begin.step());
  }
  for (const v1::TensorInfo& tensor : source.begin.tensors()) {
    v1::TensorInfo* info = input.tensors.add_tensors();
    *info = tensor;
    info->set_name("source." + tensor.name());
  }
  input.tensor_data += source.data;
  return input;
}

TEST(TrainTask_Test, GivenASourceRunThenItsWeightsAreInTheFirstCheckpointAndResumingNeedsThemAgain) {
  RecordingSink source, whole, first, second;
  ASSERT_EQ(Perform(NewTask(TinySpec()), &source).outcome(), v1::Finished::DONE);
  const SentSet& weights = *source.Find(v1::WEIGHTS, 60);
  const v1::Finished finished = Perform(InsertingTask(weights), &whole);
  ASSERT_EQ(finished.outcome(), v1::Finished::DONE) << finished.ShortDebugString();
  const SentSet& fresh = *whole.Find(v1::WEIGHTS, 0);
  ASSERT_EQ(fresh.begin.tensors(0).name(), "embed.W_E");
  EXPECT_EQ(fresh.data.compare(0, fresh.begin.tensors(0).bytes(), weights.data, 0, fresh.begin.tensors(0).bytes()), 0);
  EXPECT_EQ(whole.columns.size(), 6u + 12u) << "six cells of a mixed run";

  const TaskInput interrupted = InsertingTask(weights);
  InterruptAt(2, Interruption::kStop, interrupted, &first);
  ASSERT_EQ(Perform(interrupted, &first).outcome(), v1::Finished::STOPPED);
  const SentSet* state = first.Find(v1::RESUME_STATE, 2);
  ASSERT_NE(state, nullptr);
  ASSERT_EQ(Perform(InsertingTask(weights, state), &second).outcome(), v1::Finished::DONE);
  EXPECT_EQ(second.Find(v1::WEIGHTS, 5)->data, whole.Find(v1::WEIGHTS, 5)->data);
  TaskInput without = ResumedTask(InsertingTask(weights).task.train().spec(), *state);
  EXPECT_EQ(Perform(without, &second).reason(), "INIT_FROM_MISSING");
  TaskInput no_head = InsertingTask(weights);
  no_head.task.mutable_train()->add_source_nodes("L0MLP");
  EXPECT_EQ(Perform(no_head, &second).reason(), "INIT_FROM_MISMATCH");
}

TEST(TrainTask_Test, GivenProductsAndMixedRunsThenCheckpointsHaveAHeldoutLoss) {
  for (const auto operation : {sumscope::v1::MUL, sumscope::v1::MAS}) {
    sumscope::v1::TrainSpec spec = TinySpec();
    spec.set_operation(operation);
    spec.set_steps(2);
    RecordingSink sink;
    ASSERT_EQ(Perform(NewTask(spec), &sink).outcome(), v1::Finished::DONE);
    EXPECT_TRUE(sink.Find(v1::WEIGHTS, 2)->heldout_loss.has_value());
  }
}

TEST(TrainTask_Test, WhenTheDeviceIsNotThereThenTheTaskSaysSo) {
  RecordingSink sink;
  const v1::Finished finished = RunTask(NewTask(TinySpec()), {"cuda:99", 1}, &sink);
  EXPECT_EQ(finished.outcome(), v1::Finished::FAILED);
  EXPECT_EQ(finished.reason(), "DEVICE_UNAVAILABLE");
  EXPECT_EQ(RunTask(NewTask(TinySpec()), {"tpu", 1}, &sink).reason(), "DEVICE_UNKNOWN");
}

}  // namespace
}  // namespace sumscope::worker
