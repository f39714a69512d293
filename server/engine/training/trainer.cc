#include "server/engine/training/trainer.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "server/engine/data/classes.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/answer_forward.h"
#include "server/engine/runtime/error.h"
#include "server/engine/training/adamw.h"
#include "server/engine/training/step/flat_parameters.h"
#include "server/engine/training/step/training_step.h"

namespace sumscope::engine {
namespace {

constexpr double kGrokFastDecay = 0.98;
constexpr double kGrokFastGain = 2;

// On the CPU, in the order of its elements.
torch::Tensor ContiguousCopy(const torch::Tensor& tensor) {
  const torch::NoGradGuard no_grad;
  return torch::empty(tensor.sizes(), tensor.scalar_type()).copy_(tensor);
}

class TrainerImpl final : public Trainer {
 public:
  TrainerImpl(const TrainSpec& spec, torch::Device device, const SourceModel* source)
      : spec_(spec),
        device_(device),
        dtype_(spec.precision == Precision::kFloat64 ? torch::kFloat64 : torch::kFloat32),
        config_(ConfigOf(spec)),
        encoding_(spec.n_digits, spec.format),
        layout_(config_),
        weights_(CheckedWeights(config_, InitialWeights(config_, spec.seed, dtype_), device, dtype_)) {
    if (device.is_cpu()) MakeFlat();
    if (source != nullptr) insertion_.emplace(spec.insert_mode, config_, *source, &weights_);
    for (const Operation op : OperationsOf(spec.operation)) {
      if (op == Operation::kMul) continue;
      first_cell_[static_cast<size_t>(op)] = cell_names_.size();
      for (const char* cell : CellNames(op)) cell_names_.emplace_back(cell);
    }
    const std::vector<Operation> operations = OperationsOf(spec.operation);
    if (flat_) {
      by_hand_ =
          step::TrainingStep::Create(config_, encoding_, operations, spec.batch_size, parameters_[0], flat_gradients_);
    } else {
      for (auto& [name, tensor] : weights_) parameters_.push_back(tensor.requires_grad_());
      forward_.emplace(config_, BindWeights(config_, weights_),
                       AnswerForward::Pairs::OfLines(encoding_, operations, device, dtype_), device);
    }
    optimizer_.emplace(spec, parameters_);
  }

  StepMetrics Step() override;
  uint64_t step() const override { return step_; }
  NamedTensors Weights() const override;
  Model CurrentModel() const override;
  ResumeState Save() const override;
  void Restore(const ResumeState& state) override;
  std::vector<std::string> metric_columns() const override;

 private:
  void MakeFlat();
  // What lies like parameters_, as one tensor under each name.
  NamedTensors Named(const std::vector<torch::Tensor>& tensors) const;
  StepMetrics StepByHand();
  StepMetrics StepByAutograd();
  StepMetrics Measure(const double* loss) const;  // [batch, n_answer]; throws NON_FINITE_LOSS
  void Update(std::vector<torch::Tensor> gradients);

  const TrainSpec spec_;
  const torch::Device device_;
  const torch::ScalarType dtype_;
  const ModelConfig config_;
  const Encoding encoding_;
  const step::FlatParameters layout_;
  NamedTensors weights_;                   // in the fixed order
  std::vector<torch::Tensor> parameters_;  // what the optimiser sees: the same tensors, or the buffer that holds them
  bool flat_ = false;                      // they are one buffer, on the CPU
  torch::Tensor flat_gradients_;
  std::unique_ptr<step::TrainingStep> by_hand_;  // on the CPU
  std::optional<AdamW> optimizer_;
  std::optional<Insertion> insertion_;
  std::vector<std::string> cell_names_;
  std::array<size_t, 2> first_cell_{};    // of additions and subtractions in cell_names_
  std::vector<torch::Tensor> slow_;       // GrokFast's e; empty before the first step
  std::optional<AnswerForward> forward_;  // elsewhere, with autograd
  uint64_t step_ = 0;
  Questions batch_;
  std::vector<int64_t> tokens_;
};

void TrainerImpl::MakeFlat() {
  flat_ = true;
  const torch::Tensor flat = torch::zeros({layout_.size()}, dtype_);
  const NamedTensors views = layout_.Views(flat);
  for (size_t i = 0; i < views.size(); ++i) views[i].second.copy_(weights_[i].second);
  weights_ = views;
  parameters_ = {flat};
  flat_gradients_ = torch::zeros_like(flat);
}

NamedTensors TrainerImpl::Named(const std::vector<torch::Tensor>& tensors) const {
  if (flat_) return layout_.Views(tensors.front());
  NamedTensors named;
  for (size_t i = 0; i < tensors.size(); ++i) named.emplace_back(weights_[i].first, tensors[i]);
  return named;
}

StepMetrics TrainerImpl::Step() {
  FillTrainingBatch(spec_, step_, &batch_);
  StepMetrics metrics = flat_ ? StepByHand() : StepByAutograd();
  if (insertion_.has_value()) insertion_->WriteBack(step_);
  ++step_;
  return metrics;
}

StepMetrics TrainerImpl::StepByHand() {
  const auto n_ctx = static_cast<size_t>(encoding_.n_ctx());
  tokens_.resize(batch_.size() * n_ctx);
  for (size_t q = 0; q < batch_.size(); ++q) encoding_.EncodeLine(batch_[q], &tokens_[q * n_ctx]);
  StepMetrics metrics = Measure(by_hand_->Forward(tokens_.data()).data());
  by_hand_->Backward();
  Update({flat_gradients_});
  return metrics;
}

StepMetrics TrainerImpl::StepByAutograd() {
  const torch::Tensor tokens = encoding_.Encode(batch_);
  const int64_t first_row = encoding_.first_answer_row(), rows = encoding_.n_answer();
  const AnswerForward::Table table = forward_->MakeTable(first_row, rows);
  const torch::Tensor logits = forward_->Forward(tokens, table, first_row, rows);
  const torch::Tensor losses = AnswerLosses(logits, tokens.slice(1, encoding_.n_question()).to(device_));
  StepMetrics metrics = Measure(losses.detach().to(torch::kCPU).contiguous().data_ptr<double>());
  Update(torch::autograd::grad({losses.mean()}, parameters_));
  return metrics;
}

StepMetrics TrainerImpl::Measure(const double* loss) const {
  const int rows = encoding_.n_answer();
  StepMetrics metrics;
  metrics.digit_loss.assign(static_cast<size_t>(rows), 0);
  metrics.cell_count.assign(cell_names_.size(), 0);
  metrics.cell_loss.assign(cell_names_.size(), 0);
  for (size_t q = 0; q < batch_.size(); ++q) {
    const double* own = loss + q * static_cast<size_t>(rows);
    for (int j = 0; j < rows; ++j) metrics.digit_loss[static_cast<size_t>(j)] += own[j];
    if (batch_[q].op == Operation::kMul) continue;
    const Columns columns = ColumnsOf(batch_[q]);
    const size_t first_cell = first_cell_[static_cast<size_t>(batch_[q].op)];
    for (int i = 0; i < spec_.n_digits; ++i) {
      const size_t cell = first_cell + columns.cell[i];
      ++metrics.cell_count[cell];
      metrics.cell_loss[cell] += own[encoding_.answer_index(i)];
    }
  }
  for (double& digit_loss : metrics.digit_loss) {
    digit_loss /= static_cast<double>(batch_.size());
    metrics.loss += digit_loss / rows;
  }
  for (size_t c = 0; c < cell_names_.size(); ++c) {
    metrics.cell_loss[c] = metrics.cell_count[c] == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                      : metrics.cell_loss[c] / metrics.cell_count[c];
  }
  if (!std::isfinite(metrics.loss)) {
    throw Error(ErrorKind::kNonFinite, "NON_FINITE_LOSS",
                "the loss of step " + std::to_string(step_) + " is not finite");
  }
  return metrics;
}

void TrainerImpl::Update(std::vector<torch::Tensor> gradients) {
  const torch::NoGradGuard no_grad;
  if (spec_.grokfast) {
    if (slow_.empty()) {
      for (const torch::Tensor& gradient : gradients) {
        slow_.push_back(gradient.clone(torch::MemoryFormat::Contiguous));
      }
    } else {
      for (size_t i = 0; i < slow_.size(); ++i) slow_[i].mul_(kGrokFastDecay).add_(gradients[i], 1 - kGrokFastDecay);
    }
    for (size_t i = 0; i < slow_.size(); ++i) gradients[i] = gradients[i].add(slow_[i], kGrokFastGain);
  }
  optimizer_->Update(std::move(gradients), spec_.learning_rate * ScheduleFactor(spec_.schedule, step_, spec_.steps),
                     step_ + 1);
}

NamedTensors TrainerImpl::Weights() const {
  NamedTensors copies;
  for (const auto& [name, tensor] : weights_) copies.emplace_back(name, ContiguousCopy(tensor));
  return copies;
}

Model TrainerImpl::CurrentModel() const {
  Model model{config_, spec_.n_digits, spec_.format, {}, device_};
  for (const auto& [name, tensor] : weights_) model.weights.emplace_back(name, tensor.detach());
  return model;
}

ResumeState TrainerImpl::Save() const {
  ResumeState state{step_, Weights()};
  const auto add = [&](const std::string& prefix, const std::vector<torch::Tensor>& tensors) {
    if (tensors.empty()) return;
    for (const auto& [name, tensor] : Named(tensors)) state.tensors.emplace_back(prefix + name, ContiguousCopy(tensor));
  };
  add("adam.m.", optimizer_->m());
  add("adam.v.", optimizer_->v());
  add("grokfast.", slow_);
  return state;
}

void TrainerImpl::Restore(const ResumeState& state) {
  std::unordered_map<std::string, torch::Tensor> given(state.tensors.begin(), state.tensors.end());
  const auto fail = [](const std::string& message) {
    throw Error(ErrorKind::kCorrupt, "BAD_RESUME_STATE", "resume state: " + message);
  };
  // Everything is checked before anything is changed.
  const auto check = [&](const std::string& prefix) {
    for (const auto& [name, tensor] : weights_) {
      const auto found = given.find(prefix + name);
      if (found == given.end()) fail("tensor " + prefix + name + " is missing");
      if (found->second.sizes() != tensor.sizes() || found->second.scalar_type() != dtype_) {
        fail("tensor " + prefix + name + " has another shape or type than the spec says");
      }
    }
  };
  std::vector<std::string> prefixes = {"", "adam.m.", "adam.v."};
  const bool has_slow = spec_.grokfast && state.step > 0;
  if (has_slow) prefixes.push_back("grokfast.");
  for (const std::string& prefix : prefixes) check(prefix);
  if (state.tensors.size() != prefixes.size() * weights_.size()) fail("it holds tensors that the spec does not have");
  if (state.step > spec_.steps) fail("its step lies behind the last");

  const torch::NoGradGuard no_grad;
  slow_.clear();
  if (has_slow) {
    for (const torch::Tensor& m : optimizer_->m()) slow_.push_back(torch::zeros_like(m));
  }
  const auto take = [&](const std::string& prefix, const NamedTensors& tensors) {
    for (const auto& [name, tensor] : tensors) tensor.copy_(given.at(prefix + name));
  };
  take("", weights_);
  take("adam.m.", Named(optimizer_->m()));
  take("adam.v.", Named(optimizer_->v()));
  if (has_slow) take("grokfast.", Named(slow_));
  step_ = state.step;
}

std::vector<std::string> TrainerImpl::metric_columns() const {
  std::vector<std::string> columns = {"loss"};
  for (const std::string& digit : encoding_.digit_names()) columns.push_back("digit_loss." + digit);
  for (const std::string& cell : cell_names_) columns.push_back("cell_count." + cell);
  for (const std::string& cell : cell_names_) columns.push_back("cell_loss." + cell);
  return columns;
}

}  // namespace

std::vector<double> Trainer::Row(const StepMetrics& metrics) const {
  std::vector<double> row = {metrics.loss};
  row.insert(row.end(), metrics.digit_loss.begin(), metrics.digit_loss.end());
  row.insert(row.end(), metrics.cell_count.begin(), metrics.cell_count.end());
  row.insert(row.end(), metrics.cell_loss.begin(), metrics.cell_loss.end());
  return row;
}

void Trainer::Advance(uint64_t steps, StepBlock* block) {
  block->first_step = step();
  block->count = 0;
  block->values.clear();
  while (block->count < steps) {
    const std::vector<double> row = Row(Step());
    block->values.insert(block->values.end(), row.begin(), row.end());
    ++block->count;
  }
}

std::unique_ptr<Trainer> Trainer::Create(const TrainSpec& spec, torch::Device device, const SourceModel* source) {
  ValidateSpec(spec);
  const bool inserts = spec.insert_mode != InsertMode::kNone;
  if (inserts && source == nullptr) {
    throw Error(ErrorKind::kInvalidArgument, "INIT_FROM_MISSING", "an insert mode needs the weights of a source run");
  }
  return std::make_unique<TrainerImpl>(spec, device, inserts ? source : nullptr);
}

}  // namespace sumscope::engine
