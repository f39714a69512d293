#include "server/engine/probing/forward/restart_forward.h"

#include <algorithm>

#include "server/engine/model/block_math.h"
#include "server/engine/probing/evaluation/answerer.h"

namespace sumscope::engine {
namespace {

// Where `row` stands among the sorted `rows`; -1 when it does not.
int64_t IndexOf(const std::vector<int64_t>& rows, int64_t row) {
  const auto found = std::lower_bound(rows.begin(), rows.end(), row);
  return found != rows.end() && *found == row ? found - rows.begin() : -1;
}

// Writes the replacement into `target` [batch, rows, width], which holds `rows` of the node's activation.
void Write(const RestartForward::Replacement& replacement, const std::vector<int64_t>& rows,
           const torch::Tensor& row_index, torch::Tensor target) {
  if (replacement.node.position < 0) {
    const torch::Tensor& value = replacement.value;
    target.copy_(value.dim() < 2 ? value.expand_as(target) : value.index_select(-2, row_index).expand_as(target));
    return;
  }
  const int64_t index = IndexOf(rows, replacement.node.position);
  if (index < 0) return;
  torch::Tensor row = target.select(1, index);
  row.copy_(replacement.value.expand_as(row));
}

// Whether another of the replacements holds all that replacement i does: of two equal ones the first.
bool IsCovered(const std::vector<RestartForward::Replacement>& replacements, size_t i) {
  const Node& node = replacements[i].node;
  for (size_t j = 0; j < replacements.size(); ++j) {
    Node other = replacements[j].node;
    if (j < i && other == node) return true;
    if (other.position >= 0 || node.position < 0) continue;
    other.position = node.position;
    if (other == node) return true;
  }
  return false;
}

}  // namespace

struct RestartForward::Rows {
  std::vector<int64_t> index;  // sorted
  torch::Tensor value;         // [batch, index, d_model]
};

RestartForward::RestartForward(const Model& model)
    : encoding_(model.n_digits, model.format),
      config_(model.config),
      device_(model.device),
      checked_(CheckedWeights(model.config, model.weights, model.device, DtypeOf(model))),
      weights_(BindWeights(model.config, checked_)) {
  CheckEncoding(config_, encoding_);
}

int64_t RestartBatchSize(const ModelConfig& config) {
  constexpr double kPassBytes = 256 << 20;
  const double per_question = 8.0 * static_cast<double>(config.n_ctx) *
                              (static_cast<double>(config.n_layers) *
                                   (3.0 * config.d_model + config.d_mlp / 4.0 + 3.0 * config.n_heads * config.d_head) +
                               config.d_model);
  return std::clamp<int64_t>(static_cast<int64_t>(kPassBytes / per_question), 1, 512);
}

// z [batch, rows, n_heads, d_head] of the queries at `rows`, whose LayerNorm's output is `normalized`.
torch::Tensor RestartForward::Attend(const BlockWeights& block, const torch::Tensor& normalized, const torch::Tensor& k,
                                     const torch::Tensor& v, const std::vector<int64_t>& rows) const {
  const torch::Tensor q = ProjectHeads(normalized, block.W_Q, block.b_Q);
  const torch::Tensor row = torch::tensor(rows, torch::kInt64).to(device_).unsqueeze(1);
  const torch::Tensor key = torch::arange(config_.n_ctx, torch::dtype(torch::kInt64).device(device_));
  const torch::Tensor pattern = AttentionPattern(q, k, key > row);
  return torch::matmul(pattern, v).transpose(1, 2);
}

// residual [batch, rows, d_model] -> logits [batch, rows, d_vocab].
torch::Tensor RestartForward::Unembed(const torch::Tensor& residual) const {
  const torch::Tensor x = Normalize(residual, weights_.ln_final_w, weights_.ln_final_b).reshape({-1, config_.d_model});
  return torch::addmm(weights_.b_U, x, weights_.W_U).view({residual.size(0), residual.size(1), config_.d_vocab});
}

RestartForward::Pass RestartForward::Run(const torch::Tensor& tokens) const {
  Pass pass;
  std::vector<int64_t> rows(static_cast<size_t>(config_.n_ctx));
  for (size_t p = 0; p < rows.size(); ++p) rows[p] = static_cast<int64_t>(p);
  pass.residual.push_back(torch::embedding(weights_.W_E, tokens.to(device_)) + weights_.W_pos);
  for (const BlockWeights& block : weights_.blocks) {
    const torch::Tensor& residual = pass.residual.back();
    const torch::Tensor normalized = Normalize(residual, block.ln1_w, block.ln1_b);
    pass.k.push_back(ProjectHeads(normalized, block.W_K, block.b_K));
    pass.v.push_back(ProjectHeads(normalized, block.W_V, block.b_V));
    pass.z.push_back(Attend(block, normalized, pass.k.back(), pass.v.back(), rows).contiguous());
    pass.mid.push_back(residual + AttentionOut(block, pass.z.back()).view(residual.sizes()));
    pass.mlp_out.push_back(MlpOut(block, pass.mid.back()));
    pass.residual.push_back(pass.mid.back() + pass.mlp_out.back());
  }
  const int64_t first = encoding_.first_answer_row();
  pass.logits = Unembed(pass.residual.back().slice(1, first, first + encoding_.n_answer()));
  return pass;
}

torch::Tensor RestartForward::ValueOf(const Pass& pass, const Node& node) {
  const auto layer = static_cast<size_t>(node.layer);
  torch::Tensor value;
  switch (node.kind) {
    case Node::Kind::kHead:
      value = pass.z[layer].select(2, node.head);
      break;
    case Node::Kind::kMlp:
      value = pass.mlp_out[layer];
      break;
    case Node::Kind::kResidual:
      value = pass.residual[layer + 1];
      break;
  }
  return node.position < 0 ? value : value.select(1, node.position);
}

torch::Tensor RestartForward::Distance(const Pass& pass, const std::vector<Replacement>& replacements) {
  torch::Tensor squares = torch::zeros({pass.logits.size(0)}, torch::kFloat64);
  for (size_t i = 0; i < replacements.size(); ++i) {
    const Replacement& replacement = replacements[i];
    if (IsCovered(replacements, i)) continue;
    const torch::Tensor moved = ValueOf(pass, replacement.node) - replacement.value;
    squares += moved.to(torch::kCPU, torch::kFloat64).square().flatten(1).sum(1);
  }
  return squares.sqrt();
}

// The rows of a layer's output that differ and that a later layer or the answer needs.
std::vector<int64_t> RestartForward::RowsToCompute(int64_t layer, const Rows& changed,
                                                   const std::vector<const Replacement*>& replacements) const {
  const int64_t first_answer = encoding_.first_answer_row(), end = first_answer + encoding_.n_answer();
  std::vector<bool> wanted(static_cast<size_t>(end), false);
  if (!changed.index.empty()) std::fill(wanted.begin() + changed.index.front(), wanted.end(), true);
  for (const Replacement* replacement : replacements) {
    const int64_t position = replacement->node.position;
    if (position < 0) {
      wanted.assign(wanted.size(), true);
    } else if (position < end) {
      wanted[static_cast<size_t>(position)] = true;
    }
  }
  std::vector<int64_t> rows;
  for (int64_t row = layer + 1 == config_.n_layers ? first_answer : 0; row < end; ++row) {
    if (wanted[static_cast<size_t>(row)]) rows.push_back(row);
  }
  return rows;
}

RestartForward::Rows RestartForward::RunLayer(int64_t layer, const Pass& pass, const Rows& changed,
                                              const std::vector<const Replacement*>& replacements) const {
  const auto l = static_cast<size_t>(layer);
  const BlockWeights& block = weights_.blocks[l];
  Rows out{RowsToCompute(layer, changed, replacements), {}};
  if (out.index.empty()) return out;
  const torch::Tensor index = torch::tensor(out.index, torch::kInt64).to(device_);
  torch::Tensor input = pass.residual[l].index_select(1, index);
  torch::Tensor z = pass.z[l].index_select(1, index);
  bool attention_changed = false;
  if (!changed.index.empty()) {
    // The changed inputs' keys and values, then every query from the first of them on.
    const torch::Tensor changed_index = torch::tensor(changed.index, torch::kInt64).to(device_);
    const torch::Tensor normalized = Normalize(changed.value, block.ln1_w, block.ln1_b);
    const torch::Tensor k = pass.k[l].index_copy(2, changed_index, ProjectHeads(normalized, block.W_K, block.b_K));
    const torch::Tensor v = pass.v[l].index_copy(2, changed_index, ProjectHeads(normalized, block.W_V, block.b_V));
    for (size_t i = 0; i < changed.index.size(); ++i) {
      const int64_t at = IndexOf(out.index, changed.index[i]);
      if (at >= 0) input.select(1, at).copy_(changed.value.select(1, static_cast<int64_t>(i)));
    }
    const auto first = std::lower_bound(out.index.begin(), out.index.end(), changed.index.front());
    const int64_t skipped = first - out.index.begin();
    if (first != out.index.end()) {
      z.slice(1, skipped)
          .copy_(Attend(block, Normalize(input.slice(1, skipped), block.ln1_w, block.ln1_b), k, v,
                        {first, out.index.end()}));
    }
    attention_changed = true;
  }
  for (const Replacement* replacement : replacements) {
    if (replacement->node.kind != Node::Kind::kHead) continue;
    Write(*replacement, out.index, index, z.select(2, replacement->node.head));
    attention_changed = true;
  }
  torch::Tensor mid, mlp_out;
  if (attention_changed) {
    mid = input + AttentionOut(block, z).view(input.sizes());
    mlp_out = MlpOut(block, mid);
  } else {
    mid = pass.mid[l].index_select(1, index);
    mlp_out = pass.mlp_out[l].index_select(1, index);
  }
  for (const Replacement* replacement : replacements) {
    if (replacement->node.kind == Node::Kind::kMlp) Write(*replacement, out.index, index, mlp_out);
  }
  out.value = mid + mlp_out;
  for (const Replacement* replacement : replacements) {
    if (replacement->node.kind == Node::Kind::kResidual) Write(*replacement, out.index, index, out.value);
  }
  return out;
}

torch::Tensor RestartForward::Rerun(const Pass& pass, const std::vector<Replacement>& replacements) const {
  Rows changed;
  for (int64_t layer = 0; layer < config_.n_layers; ++layer) {
    std::vector<const Replacement*> here;
    for (const Replacement& replacement : replacements) {
      if (replacement.node.layer == layer) here.push_back(&replacement);
    }
    if (here.empty() && changed.index.empty()) continue;
    changed = RunLayer(layer, pass, changed, here);
  }
  if (changed.index.empty()) return pass.logits;
  std::vector<int64_t> answer_rows;
  for (const int64_t row : changed.index) answer_rows.push_back(row - encoding_.first_answer_row());
  return pass.logits.index_copy(1, torch::tensor(answer_rows, torch::kInt64).to(device_), Unembed(changed.value));
}

}  // namespace sumscope::engine
