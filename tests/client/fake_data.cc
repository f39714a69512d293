// What the fake server holds.
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/safetensors/safetensors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {

std::vector<double> MetricRow(uint64_t step) {
  const double loss = 2.5 / (1.0 + static_cast<double>(step));
  const bool no_cell = step % 3 == 0;
  return {loss, loss / 3, loss / 7, no_cell ? 0.0 : 12.0 + static_cast<double>(step),
          no_cell ? std::numeric_limits<double>::quiet_NaN() : loss * 1e-9};
}

v1::MetricBlock MetricBlockOf(uint64_t first_step, uint32_t count) {
  v1::MetricBlock block;
  block.set_first_step(first_step);
  block.set_count(count);
  for (const char* column : {"loss", "digit_loss.A1", "digit_loss.A0", "cell_count.BA", "cell_loss.BA"}) {
    block.add_columns(column);
  }
  for (uint64_t step = first_step; step < first_step + count; ++step) {
    for (const double value : MetricRow(step)) block.add_values(value);
  }
  return block;
}

std::string SmallSafetensors() {
  std::string data;
  for (int i = 0; i < 6 * 4; ++i) data += static_cast<char>(i);
  return MakeSafetensorsPrefix({{"embed.W_E", "F32", {2, 2}, 0, 0}, {"unembed.b_U", "F32", {2}, 0, 0}}, {}) + data;
}

v1::Run EndedRun() {
  v1::Run run;
  run.set_name("runs/r7k2m9qa");
  run.set_model_name("add_d5_l1_h3_t15K_s372001");
  run.mutable_spec()->set_operation(v1::ADD);
  run.mutable_spec()->set_n_digits(5);
  run.mutable_spec()->set_format(v1::SIGNED);
  run.mutable_spec()->set_steps(15000);
  run.mutable_spec()->set_learning_rate(8e-5);
  (*run.mutable_labels())["purpose"] = "test";
  run.set_owner("ada");
  run.set_visibility(v1::LAB);
  run.set_state(v1::SUCCEEDED);
  run.mutable_create_time()->set_seconds(1'700'000'000);
  run.mutable_start_time()->set_seconds(1'700'000'010);
  run.mutable_end_time()->set_seconds(1'700'003'600);
  run.set_steps_done(15000);
  run.set_loss(0.0167);
  run.set_heldout_loss(0.0171);
  run.set_attempt(1);
  run.set_segment(1);
  run.set_job("jobs/jabcdefg");
  v1::Attempt* const segment = run.add_segments();
  segment->set_segment(1);
  segment->set_attempt(1);
  segment->set_host("box");
  segment->set_device("cpu");
  segment->set_threads(2);
  segment->set_sumscope_version("0.1.0");
  segment->set_git_hash("abcdef");
  return run;
}

std::vector<v1::WatchRunResponse> EventsOf(const v1::Run& run) {
  std::vector<v1::WatchRunResponse> events;
  const auto add = [&events]() -> v1::WatchRunResponse& {
    v1::WatchRunResponse& event = events.emplace_back();
    event.set_resume_token(absl::StrCat(events.size()));
    event.mutable_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(events.size()));
    return event;
  };
  add().mutable_state()->set_state(v1::QUEUED);
  events.back().mutable_state()->set_reason("RESOURCES");
  add().mutable_state()->set_state(v1::RUNNING);
  add().mutable_log()->set_severity("WARNING");
  events.back().mutable_log()->set_sequence(6);
  events.back().mutable_log()->set_text("a warning\x1b[31m");
  add().mutable_checkpoint()->set_step(1000);
  events.back().mutable_checkpoint()->set_heldout_loss(0.5);
  v1::WatchRunResponse& progress = events.emplace_back();
  progress.mutable_progress()->set_step(7500);
  progress.mutable_progress()->set_steps(15000);
  progress.mutable_progress()->set_loss(0.25);
  progress.mutable_progress()->set_steps_per_second(150);
  progress.mutable_progress()->set_eta_seconds(50);
  *events.emplace_back().mutable_end() = run;
  return events;
}

namespace {

void SetRate(uint32_t count, uint32_t correct, double lower, double upper, v1::Rate* rate) {
  rate->set_count(count);
  rate->set_correct(correct);
  rate->set_rate(static_cast<double>(correct) / count);
  rate->set_lower(lower);
  rate->set_upper(upper);
}

}  // namespace

v1::Analysis EndedAnalysis() {
  v1::Analysis analysis;
  analysis.set_name("runs/r7k2m9qa/analyses/a1b2c3d4");
  analysis.set_analysis("evaluate");
  analysis.set_checkpoint("runs/r7k2m9qa/checkpoints/15000");
  analysis.set_state(v1::SUCCEEDED);
  analysis.set_progress(1);
  analysis.set_owner("ada");
  analysis.mutable_create_time()->set_seconds(1'700'004'000);
  analysis.mutable_request()->mutable_evaluate()->set_generate(true);
  analysis.mutable_request()->mutable_evaluate()->set_worst_count(1);
  analysis.mutable_question_set()->mutable_uniform()->set_count(1000);
  analysis.mutable_question_set()->set_seed(0);
  analysis.mutable_question_set()->set_operation(v1::ADD);
  analysis.mutable_provenance()->set_host("box");
  analysis.mutable_provenance()->set_threads(2);
  analysis.mutable_provenance()->set_seconds(1.5);
  v1::EvaluateResult* const result = analysis.mutable_result()->mutable_evaluate();
  result->set_mode("forced");
  SetRate(1000, 957, 0.9425, 0.9687, result->mutable_exact());
  result->set_loss(0.0167);
  result->set_nines(1);
  v1::DigitResult* const digit = result->add_digits();
  digit->set_digit("A5");
  SetRate(1000, 999, 0.9944, 0.99997, digit->mutable_accuracy());
  digit->set_loss(0.001);
  v1::ClassResult* const one = result->add_classes();
  one->set_question_class("S3");
  SetRate(50, 40, 0.66, 0.9, one->mutable_exact());
  one->set_loss(0.5);
  one->set_share_expected(0.04);
  v1::CellResult* const cell = result->add_cells();
  cell->set_cell("US9");
  SetRate(200, 190, 0.91, 0.98, cell->mutable_accuracy());
  cell->set_loss(std::numeric_limits<double>::quiet_NaN());
  v1::ColumnCell* const column = cell->add_by_column();
  SetRate(200, 190, 0.91, 0.98, column->mutable_accuracy());
  column->set_loss(0);
  v1::CascadeResult* const cascade = result->add_cascades();
  cascade->set_length(2);
  cascade->set_digit("A3");
  SetRate(10, 4, 0.12, 0.74, cascade->mutable_accuracy());
  cascade->set_loss(1.25);
  v1::WorstQuestion* const worst = result->add_worst();
  worst->set_question("44444+55556=100000");
  worst->set_predicted("000000");
  worst->set_question_class("S5");
  worst->set_loss(9.5);
  v1::GeneratedResult* const generated = result->mutable_generated_sample();
  generated->set_questions(1000);
  SetRate(1000, 956, 0.9414, 0.9678, generated->mutable_exact());
  generated->set_agrees_with_forced(999);
  return analysis;
}

}  // namespace sumscope::client
