#include "tests/fuzz/targets/support/stored_model.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"
#include "proto/contract/text/sha256.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/worker_script.h"

namespace sumscope::fuzz {
namespace {

using storage::Series;
using storage::TensorSetKind;
using worker::v1::WorkerMessage;
using Kind = ProtocolModel::Kind;
using Rows = std::vector<std::vector<double>>;

constexpr char kSpeed[] = "steps_per_second";
constexpr uint64_t kMaxCaptureBytes = uint64_t{20} << 30;  // of JobsOptions

Rows RowsOf(const v1::MetricBlock& block) {
  Rows rows;
  const int columns = block.columns_size();
  for (uint32_t i = 0; i < block.count(); ++i) {
    const auto first = block.values().begin() + static_cast<int>(i) * columns;
    rows.emplace_back(first, first + columns);
  }
  return rows;
}

v1::MetricBlock BlockOf(const std::vector<std::string>& columns, const Rows& rows) {
  v1::MetricBlock block;
  block.set_count(static_cast<uint32_t>(rows.size()));
  *block.mutable_columns() = {columns.begin(), columns.end()};
  for (const std::vector<double>& row : rows) block.mutable_values()->Add(row.begin(), row.end());
  return block;
}

// To the bit: a NaN is one.
bool SameRow(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

StoredModel::Set PastSet(worker::v1::TensorSetKind kind, uint64_t step) {
  StoredModel::Set set;
  set.bytes = absl::StrCat("of step ", step);
  set.begin.set_kind(kind);
  set.begin.set_step(step);
  worker::v1::TensorInfo* tensor = set.begin.add_tensors();
  tensor->set_name("w");
  tensor->set_dtype("U8");
  tensor->add_shape(set.bytes.size());
  tensor->set_bytes(set.bytes.size());
  return set;
}

void WriteSet(const StoredModel::Set& set, storage::RunFileTransaction& transaction) {
  std::vector<storage::StoredTensor> tensors;
  for (const worker::v1::TensorInfo& tensor : set.begin.tensors()) {
    tensors.push_back({tensor.name(), tensor.dtype(), {tensor.shape().begin(), tensor.shape().end()}, tensor.bytes()});
  }
  const TensorSetKind kind =
      set.begin.kind() == worker::v1::WEIGHTS ? TensorSetKind::kWeights : TensorSetKind::kResumeState;
  const auto id = transaction.BeginTensorSet(kind, set.begin.step(), tensors, absl::UnixEpoch());
  RequireOk(id.status(), "a set of the past");
  RequireOk(transaction.AppendTensorBytes(*id, set.bytes), "bytes of the past");
  RequireOk(transaction.FinishTensorSet(*id, set.heldout_loss), "the end of a set of the past");
}

void RequireSet(storage::RunFile* file, const storage::TensorSet& found, const StoredModel::Set& sent) {
  RequireEqual(absl::StrCat(found.step), absl::StrCat(sent.begin.step()), "a set's step");
  RequireSameTensors(found.tensors, sent.begin);
  const auto bytes = file->ReadTensorBytes(found.id, 0, found.data_bytes);
  RequireOk(bytes.status(), "a set that is stored can be read");
  RequireEqual(*bytes, sent.bytes, "a set holds the bytes that were sent");
  Require(found.heldout_loss == sent.heldout_loss, "a checkpoint has the held-out loss that was sent");
  std::vector<SafetensorsTensor> tensors;
  for (const storage::StoredTensor& tensor : found.tensors)
    tensors.push_back({tensor.name, tensor.dtype, tensor.shape});
  RequireEqual(found.sha256, Sha256Hex(absl::StrCat(MakeSafetensorsPrefix(tensors, {}), sent.bytes)), "a set's hash");
}

void RequireRows(storage::RunFile* file, Series series, const std::vector<std::string>& columns, const Rows& rows) {
  const auto steps = file->MetricSteps(series);
  RequireOk(steps.status(), "the steps can be counted");
  RequireEqual(absl::StrCat(*steps), absl::StrCat(rows.size()), "as many steps are stored as were believed");
  const auto block = file->ReadMetrics(series, 0, limits::kMetricBlockSteps);
  RequireOk(block.status(), "the metrics can be read");
  const Rows found = RowsOf(*block);
  Require(std::equal(found.begin(), found.end(), rows.begin(), rows.end(), SameRow),
          absl::StrCat("the metrics are those that were sent\n", block->DebugString()));
  if (rows.empty()) return;
  Require(std::equal(block->columns().begin(), block->columns().end(), columns.begin(), columns.end()),
          "the columns are those that were sent");
}

}  // namespace

void RequireSameTensors(const std::vector<storage::StoredTensor>& found, const worker::v1::TensorSetBegin& sent) {
  const auto same = [](const storage::StoredTensor& a, const worker::v1::TensorInfo& b) {
    return a.name == b.name() && a.dtype == b.dtype() && a.bytes == b.bytes() &&
           std::equal(a.shape.begin(), a.shape.end(), b.shape().begin(), b.shape().end());
  };
  Require(std::equal(found.begin(), found.end(), sent.tensors().begin(), sent.tensors().end(), same),
          "a set holds the tensors that were sent");
}

StoredModel::StoredModel(const ProtocolModel::Task& task) {
  if (task.kind != Kind::kTraining) {
    weights_[task.checkpoint_step] = PastSet(worker::v1::WEIGHTS, task.checkpoint_step);
    return;
  }
  if (task.first_step == 0) return;
  for (const uint64_t step : task.have_checkpoints) weights_[step] = PastSet(worker::v1::WEIGHTS, step);
  weights_.rbegin()->second.heldout_loss = 0.75;
  resume_state_ = PastSet(worker::v1::RESUME_STATE, task.first_step);
  // The attempt was lost two steps after its resume state, and sent its last timing long before it.
  columns_.assign(std::begin(kMetricColumns), std::end(kMetricColumns));
  for (uint64_t step = 0; step < std::min(task.steps, task.first_step + 2); ++step) {
    metrics_.push_back({HonestMetric(step, 0), HonestMetric(step, 1)});
  }
  timing_.assign(task.first_step / 2, {100});
}

void StoredModel::WriteInto(storage::RunFile* file) const {
  const absl::Status written = file->Write([this](storage::RunFileTransaction& transaction) -> absl::Status {
    const auto append = [&](Series series, const std::vector<std::string>& columns, const Rows& rows) {
      std::optional<uint64_t> diverged;
      if (!rows.empty()) RequireOk(transaction.AppendMetrics(series, BlockOf(columns, rows), &diverged), "past steps");
    };
    append(Series::kDeterministic, columns_, metrics_);
    append(Series::kTiming, {kSpeed}, timing_);
    for (const auto& [step, set] : weights_) WriteSet(set, transaction);
    if (resume_state_.has_value()) WriteSet(*resume_state_, transaction);
    return absl::OkStatus();
  });
  RequireOk(written, "the past can be written");
}

std::string StoredModel::Refusal(const WorkerMessage& message) const {
  if (message.has_metrics()) {
    const auto& columns = message.metrics().columns();
    const bool same = std::equal(columns_.begin(), columns_.end(), columns.begin(), columns.end());
    return same || columns_.empty() ? "" : "METRICS_COLUMNS";
  }
  if (message.tensor_set_begin().kind() == worker::v1::CAPTURE) {
    uint64_t bytes = 0;
    for (const worker::v1::TensorInfo& tensor : message.tensor_set_begin().tensors()) bytes += tensor.bytes();
    return bytes <= kMaxCaptureBytes ? "" : "CAPTURE_TOO_LARGE";
  }
  if (message.analysis_result().has_capture()) {
    const auto& named = message.analysis_result().capture().tensors();
    const auto& came = capture_->begin.tensors();
    const bool same = std::equal(named.begin(), named.end(), came.begin(), came.end(),
                                 [](const auto& a, const auto& b) { return a.name() == b.name(); });
    return same ? "" : "WORKER_PROTOCOL";
  }
  return "";
}

void StoredModel::Store(const WorkerMessage& message) {
  if (message.has_metrics()) StoreMetrics(message.metrics());
  if (message.has_timing()) StoreTiming(message.timing());
  if (message.has_tensor_set_begin()) open_ = Set{message.tensor_set_begin(), "", std::nullopt};
  if (message.has_tensor_chunk()) open_->bytes += message.tensor_chunk().data();
  if (message.has_tensor_set_end()) StoreSet(message.tensor_set_end());
  if (message.has_log()) {
    const std::string& severity = message.log().severity();
    log_.push_back({severity == "WARNING" || severity == "ERROR" ? severity : "INFO",
                    message.log().text().substr(0, limits::kMaxLogTextBytes), std::nullopt});
  }
  if (message.has_analysis_result()) answer_ = message.analysis_result();
}

void StoredModel::StoreMetrics(const v1::MetricBlock& block) {
  columns_.assign(block.columns().begin(), block.columns().end());
  bool diverged = false;
  uint64_t step = block.first_step();
  for (std::vector<double>& row : RowsOf(block)) {
    if (step == metrics_.size()) {
      metrics_.push_back(std::move(row));
    } else {
      diverged |= !SameRow(metrics_[step], row);
      metrics_[step] = std::move(row);
    }
    ++step;
  }
  if (diverged) log_.push_back({"WARNING", std::nullopt, std::nullopt});
}

void StoredModel::StoreTiming(const v1::MetricBlock& block) {
  while (timing_.size() < block.first_step()) timing_.push_back({std::numeric_limits<double>::quiet_NaN()});
  timing_.resize(std::max<size_t>(timing_.size(), block.first_step() + block.count()));
  const Rows rows = RowsOf(block);
  std::copy(rows.begin(), rows.end(), timing_.begin() + static_cast<int64_t>(block.first_step()));
}

void StoredModel::StoreSet(const worker::v1::TensorSetEnd& end) {
  if (end.has_heldout_loss()) open_->heldout_loss = end.heldout_loss();
  const uint64_t step = open_->begin.step();
  if (open_->begin.kind() == worker::v1::CAPTURE) capture_ = open_;
  if (open_->begin.kind() == worker::v1::RESUME_STATE) resume_state_ = open_;
  if (open_->begin.kind() == worker::v1::WEIGHTS) {
    weights_[step] = *open_;
    log_.push_back({"INFO", std::nullopt, step});
  }
  open_.reset();
}

void StoredModel::End(v1::State state) {
  open_.reset();
  log_.push_back({state == v1::FAILED   ? "ERROR"
                  : state == v1::QUEUED ? "WARNING"
                                        : "INFO",
                  std::nullopt, std::nullopt});
}

bool StoredModel::IsWhole(const ProtocolModel::Task& task) const {
  if (task.kind != Kind::kTraining) return answer_.kind_case() != v1::AnalysisResult::KIND_NOT_SET;
  return metrics_.size() == task.steps && weights_.count(task.steps) > 0 && !open_.has_value();
}

void StoredModel::RequireHeldBy(storage::RunFile* file) const {
  RequireRows(file, Series::kDeterministic, columns_, metrics_);
  RequireRows(file, Series::kTiming, {kSpeed}, timing_);
  RequireSets(file);
  RequireLog(file);
}

void StoredModel::RequireSets(storage::RunFile* file) const {
  const auto checkpoints = file->ListTensorSets(TensorSetKind::kWeights);
  RequireOk(checkpoints.status(), "the checkpoints can be listed");
  RequireEqual(absl::StrCat(checkpoints->size()), absl::StrCat(weights_.size()), "the checkpoints that were finished");
  auto expected = weights_.begin();
  for (const storage::TensorSet& found : *checkpoints) RequireSet(file, found, (expected++)->second);
  const auto resume_states = file->ListTensorSets(TensorSetKind::kResumeState);
  RequireOk(resume_states.status(), "the resume state can be listed");
  RequireEqual(absl::StrCat(resume_states->size()), absl::StrCat(resume_state_.has_value() ? 1 : 0), "resume states");
  if (resume_state_.has_value()) RequireSet(file, resume_states->front(), *resume_state_);
  const auto unfinished = file->DiscardUnfinishedTensorSets();
  RequireOk(unfinished.status(), "unfinished sets can be discarded");
  Require(*unfinished == (open_.has_value() && open_->begin.kind() != worker::v1::CAPTURE ? 1 : 0),
          "no half of a set stays");
}

void StoredModel::RequireLog(storage::RunFile* file) const {
  const auto entries = file->ListLog(0, static_cast<int>(log_.size()) + 1);
  RequireOk(entries.status(), "the log can be read");
  RequireEqual(absl::StrCat(entries->size()), absl::StrCat(log_.size()), "lines of the log");
  for (size_t i = 0; i < log_.size(); ++i) {
    const storage::LogEntry& found = (*entries)[i];
    RequireEqual(found.severity, log_[i].severity, "a line's severity");
    Require(found.checkpoint_step == log_[i].checkpoint_step, "a line's checkpoint");
    if (log_[i].text.has_value()) RequireEqual(found.text, *log_[i].text, "a line's text");
    Require(log_[i].text.has_value() || !found.text.empty(), "a line of the server's has words");
  }
}

void StoredModel::RequireShownBy(const v1::Run& run) const {
  RequireEqual(absl::StrCat(run.steps_done()), absl::StrCat(metrics_.size()), "a run shows the steps that are stored");
  if (!metrics_.empty()) {
    const size_t loss = std::find(columns_.begin(), columns_.end(), "loss") - columns_.begin();
    Require(run.loss() == metrics_.back()[loss], "a run shows the loss of its last step");
  }
  if (weights_.empty()) return;
  const std::optional<double> heldout = weights_.rbegin()->second.heldout_loss;
  Require(run.has_heldout_loss() == heldout.has_value() && run.heldout_loss() == heldout.value_or(0),
          "a run shows the held-out loss of its last checkpoint");
}

}  // namespace sumscope::fuzz
