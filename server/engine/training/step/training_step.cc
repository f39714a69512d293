#include "server/engine/training/step/training_step.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/engine/model/answer_forward.h"
#include "server/engine/training/step/flat_parameters.h"
#include "server/engine/training/step/layer.h"
#include "server/engine/training/step/losses.h"

namespace sumscope::engine::step {
namespace {

template <class T>
class TrainingStepImpl final : public TrainingStep {
 public:
  TrainingStepImpl(const ModelConfig& config, const Encoding& encoding, const std::vector<Operation>& operations,
                   int64_t batch, const torch::Tensor& weights, const torch::Tensor& gradients);

  const std::vector<double>& Forward(const int64_t* tokens) override;
  void Backward() override;
  std::vector<std::array<int64_t, 3>> ProductShapes() const override;

 private:
  void MakeLayers();
  void ReadTokens(const int64_t* tokens);
  void MakeLosses(const int64_t* tokens);

  const ModelConfig config_;
  const int64_t batch_, positions_, first_row_, answer_rows_;
  const AnswerForward::Pairs pairs_;
  const ModelWeights weights_, gradients_;
  std::vector<int64_t> pair_token_, pair_position_;
  std::vector<int32_t> pair_of_key_, pair_of_row_;  // [batch, positions]; [positions - layer 0's first, batch]
  std::vector<int32_t> row_of_key_, row_of_row_;    // the same for later layers
  torch::Tensor embedding_, embedding_gradient_, residual_gradient_, logits_, dlogits_, dnorm_;
  std::vector<Layer<T>> layers_;
  std::optional<Norm<T>> norm_;
  std::vector<Product> products_;  // logits, then the gradients of W_U and of norm_
  std::vector<double> losses_;     // [batch, answer rows]
  std::vector<int64_t> truth_;     // [answer rows, batch], as row_losses_
  std::vector<double> row_losses_;
  ColumnSums<T> sums_;
  std::vector<T> unread_;  // column sums that no bias wants
};

template <class T>
TrainingStepImpl<T>::TrainingStepImpl(const ModelConfig& config, const Encoding& encoding,
                                      const std::vector<Operation>& operations, int64_t batch,
                                      const torch::Tensor& weights, const torch::Tensor& gradients)
    : config_(config),
      batch_(batch),
      positions_(config.n_ctx - 1),
      first_row_(encoding.first_answer_row()),
      answer_rows_(encoding.n_answer()),
      pairs_(AnswerForward::Pairs::OfLines(encoding, operations, torch::kCPU, weights.scalar_type())),
      weights_(BindWeights(config, FlatParameters(config).Views(weights))),
      gradients_(BindWeights(config, FlatParameters(config).Views(gradients))),
      losses_(static_cast<size_t>(batch * answer_rows_)),
      truth_(losses_.size()),
      row_losses_(losses_.size()),
      unread_(static_cast<size_t>(config.d_model)) {
  for (int64_t position = 0; position < positions_; ++position) {
    for (int64_t token = 0; token < config.d_vocab; ++token) {
      if (!pairs_.Has(position, token)) continue;
      pair_position_.push_back(position);
      pair_token_.push_back(token);
    }
  }
  MakeLayers();
  const torch::Tensor& out = layers_.back().out();
  norm_.emplace(out, weights_.ln_final_w, weights_.ln_final_b, gradients_.ln_final_w, gradients_.ln_final_b);
  logits_ = torch::zeros({out.size(0), config.d_vocab}, out.options());
  dlogits_ = torch::zeros_like(logits_);
  dnorm_ = torch::zeros_like(out);
  products_ = {{logits_, norm_->y(), weights_.W_U},
               {gradients_.W_U, norm_->y().t(), dlogits_},
               {dnorm_, dlogits_, weights_.W_U.t()}};
}

template <class T>
void TrainingStepImpl<T>::MakeLayers() {
  const bool deep = config_.n_layers > 1;
  const int64_t first = deep ? 0 : first_row_;  // of layer 0
  const torch::TensorOptions options = weights_.W_E.options();
  embedding_ = torch::zeros({pairs_.count(), config_.d_model}, options);
  embedding_gradient_ = torch::zeros_like(embedding_);
  residual_gradient_ = torch::zeros({(positions_ - first) * batch_, config_.d_model}, options);
  pair_of_key_.resize(static_cast<size_t>(batch_ * positions_));
  pair_of_row_.resize(static_cast<size_t>((positions_ - first) * batch_));
  if (deep) {
    for (int64_t b = 0; b < batch_; ++b) {
      for (int64_t p = 0; p < positions_; ++p) row_of_key_.push_back(static_cast<int32_t>(p * batch_ + b));
    }
    for (int64_t r = 0; r < positions_ * batch_; ++r) row_of_row_.push_back(static_cast<int32_t>(r));
  }
  layers_.reserve(static_cast<size_t>(config_.n_layers));
  for (int64_t i = 0; i < config_.n_layers; ++i) {
    LayerInput input;
    input.batch = batch_;
    input.positions = positions_;
    input.first = i + 1 == config_.n_layers ? first_row_ : 0;
    if (i == 0) {
      input.source = embedding_;
      input.source_gradient = embedding_gradient_;
      input.first_query = pairs_.FirstAt(input.first);
      input.key_row = pair_of_key_.data();
      input.own_row = pair_of_row_.data();
      input.shares_rows = true;
    } else {
      input.source = layers_.back().out();
      input.source_gradient = residual_gradient_;
      input.first_query = input.first * batch_;
      input.key_row = row_of_key_.data();
      input.own_row = row_of_row_.data() + input.first_query;
    }
    const torch::Tensor out_gradient = residual_gradient_.slice(0, (input.first - first) * batch_);
    const auto block = static_cast<size_t>(i);
    layers_.emplace_back(config_, weights_.blocks[block], gradients_.blocks[block], std::move(input), out_gradient);
  }
}

template <class T>
void TrainingStepImpl<T>::ReadTokens(const int64_t* tokens) {
  const int64_t first = positions_ - static_cast<int64_t>(pair_of_row_.size()) / batch_;
  for (int64_t b = 0; b < batch_; ++b) {
    for (int64_t p = 0; p < positions_; ++p) {
      const auto pair = static_cast<int32_t>(pairs_.Find(p, tokens[b * config_.n_ctx + p]));
      pair_of_key_[static_cast<size_t>(b * positions_ + p)] = pair;
      if (p >= first) pair_of_row_[static_cast<size_t>((p - first) * batch_ + b)] = pair;
    }
  }
}

template <class T>
const std::vector<double>& TrainingStepImpl<T>::Forward(const int64_t* tokens) {
  ReadTokens(tokens);
  const T* const W_E = weights_.W_E.data_ptr<T>();
  const T* const W_pos = weights_.W_pos.data_ptr<T>();
  T* row = embedding_.data_ptr<T>();
  for (size_t pair = 0; pair < pair_token_.size(); ++pair, row += config_.d_model) {
    const T* const of_token = W_E + pair_token_[pair] * config_.d_model;
    const T* const of_position = W_pos + pair_position_[pair] * config_.d_model;
    for (int64_t i = 0; i < config_.d_model; ++i) row[i] = of_token[i] + of_position[i];
  }
  for (Layer<T>& layer : layers_) layer.Forward();
  norm_->Forward();
  products_[0].Run();
  MakeLosses(tokens);
  return losses_;
}

// The losses, and dlogits_.
template <class T>
void TrainingStepImpl<T>::MakeLosses(const int64_t* tokens) {
  const int64_t rows = batch_ * answer_rows_;
  for (int64_t r = 0; r < rows; ++r) {
    truth_[static_cast<size_t>(r)] = tokens[r % batch_ * config_.n_ctx + first_row_ + r / batch_ + 1];
  }
  Losses({logits_.data_ptr<T>(), weights_.b_U.data_ptr<T>(), truth_.data(), dlogits_.data_ptr<T>(), row_losses_.data()},
         rows, config_.d_vocab);
  for (int64_t r = 0; r < rows; ++r) {
    losses_[static_cast<size_t>(r % batch_ * answer_rows_ + r / batch_)] = row_losses_[static_cast<size_t>(r)];
  }
}

template <class T>
void TrainingStepImpl<T>::Backward() {
  const int64_t rows = batch_ * answer_rows_;
  sums_.Begin(1, config_.d_vocab);
  ScaleAndSum(dlogits_.data_ptr<T>(), T{1}, sums_.Of(0), rows, config_.d_vocab);
  sums_.Take(0, config_.d_vocab, gradients_.b_U.data_ptr<T>());
  products_[1].Run();
  products_[2].Run();
  const torch::Tensor& last = layers_.back().out_gradient();
  norm_->Backward(dnorm_, /*accumulate=*/false, last, &sums_, gradients_.blocks.back().b_out.data_ptr<T>());
  for (size_t i = layers_.size(); i-- > 0;) {
    layers_[i].Backward(&sums_, i == 0 ? unread_.data() : gradients_.blocks[i - 1].b_out.data_ptr<T>());
  }
  T* const W_E = gradients_.W_E.data_ptr<T>();
  T* const W_pos = gradients_.W_pos.data_ptr<T>();
  std::fill_n(W_E, gradients_.W_E.numel(), T{0});
  std::fill_n(W_pos, gradients_.W_pos.numel(), T{0});
  const T* row = embedding_gradient_.data_ptr<T>();
  for (size_t pair = 0; pair < pair_token_.size(); ++pair, row += config_.d_model) {
    T* const of_token = W_E + pair_token_[pair] * config_.d_model;
    T* const of_position = W_pos + pair_position_[pair] * config_.d_model;
    for (int64_t i = 0; i < config_.d_model; ++i) {
      of_token[i] += row[i];
      of_position[i] += row[i];
    }
  }
}

template <class T>
std::vector<std::array<int64_t, 3>> TrainingStepImpl<T>::ProductShapes() const {
  std::vector<std::array<int64_t, 3>> shapes;
  const auto add = [&](const std::vector<Product>& products) {
    for (const Product& product : products) shapes.push_back(product.shape());
  };
  add(products_);
  for (const Layer<T>& layer : layers_) {
    add(layer.forward_products());
    add(layer.backward_products());
  }
  return shapes;
}

}  // namespace

std::unique_ptr<TrainingStep> TrainingStep::Create(const ModelConfig& config, const Encoding& encoding,
                                                   const std::vector<Operation>& operations, int64_t batch,
                                                   const torch::Tensor& weights, const torch::Tensor& gradients) {
  const torch::NoGradGuard no_grad;
  if (weights.scalar_type() == torch::kFloat64) {
    return std::make_unique<TrainingStepImpl<double>>(config, encoding, operations, batch, weights, gradients);
  }
  return std::make_unique<TrainingStepImpl<float>>(config, encoding, operations, batch, weights, gradients);
}

}  // namespace sumscope::engine::step
