#include "server/engine/training/batched/slots.h"

#include <algorithm>

namespace sumscope::engine::batched {

Slots::Slots(const Encoding& encoding, const std::vector<Operation>& operations)
    : encoding_(encoding),
      pairs_(AnswerForward::Pairs::OfLines(encoding, operations, torch::kCPU, torch::kFloat32)),
      positions_(encoding.n_ctx() - 1) {
  for (int64_t p = 0; p < positions_; ++p) {
    per_position_ = std::max(per_position_, pairs_.FirstAt(p + 1) - pairs_.FirstAt(p));
  }
  tokens_ = torch::zeros({count()}, torch::kInt64);
  one_hot_ = torch::zeros({encoding.d_vocab(), count()});
  for (int64_t p = 0; p < positions_; ++p) {
    for (int64_t token = 0; token < encoding.d_vocab(); ++token) {
      if (!pairs_.Has(p, token)) continue;
      const int64_t slot = p * per_position_ + pairs_.Find(p, token) - pairs_.FirstAt(p);
      tokens_[slot] = token;
      one_hot_[token][slot] = 1;
    }
  }
}

void Slots::Encode(const Questions& batch, int64_t* slots, int64_t* answers) const {
  const auto count = static_cast<int64_t>(batch.size());
  std::vector<int64_t> tokens(static_cast<size_t>(encoding_.n_ctx()));
  for (int64_t b = 0; b < count; ++b) {
    encoding_.EncodeLine(batch[static_cast<size_t>(b)], tokens.data());
    for (int64_t p = 0; p < positions_; ++p) {
      slots[p * count + b] = pairs_.Find(p, tokens[static_cast<size_t>(p)]) - pairs_.FirstAt(p);
    }
    for (int64_t j = 0; j < encoding_.n_answer(); ++j) {
      answers[j * count + b] = tokens[static_cast<size_t>(encoding_.n_question() + j)];
    }
  }
}

Pick::Pick(const torch::Tensor& slots, int64_t per_position, torch::ScalarType dtype)
    : slots_(slots),
      one_hot_(slots.unsqueeze(2).eq(at::arange(per_position, slots.options()).unsqueeze(1)).to(dtype)) {}

torch::Tensor Pick::Gather(const torch::Tensor& x) const {
  const int64_t runs = slots_.size(0), positions = slots_.size(1), batch = slots_.size(2);
  const int64_t copies = x.size(0) / runs, per_position = one_hot_.size(2), width = x.size(2);
  const torch::Tensor first =
      at::arange(0, x.size(0) * x.size(1), per_position, slots_.options()).view({runs, copies, positions, 1});
  return x.view({-1, width})
      .index_select(0, (first + slots_.unsqueeze(1)).reshape({-1}))
      .view({x.size(0), positions * batch, width});
}

torch::Tensor Pick::Scatter(const torch::Tensor& rows) const {
  const int64_t runs = slots_.size(0), positions = slots_.size(1), batch = slots_.size(2);
  const int64_t copies = rows.size(0) / runs, per_position = one_hot_.size(2), width = rows.size(2);
  const torch::Tensor one_hot =
      one_hot_.unsqueeze(1).expand({runs, copies, positions, per_position, batch}).reshape({-1, per_position, batch});
  return at::bmm(one_hot, rows.view({-1, batch, width})).view({rows.size(0), positions * per_position, width});
}

}  // namespace sumscope::engine::batched
