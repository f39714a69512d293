#include "server/engine/probing/interventions/intervener/row_forward.h"

#include <algorithm>

#include "server/engine/model/block_math.h"

namespace sumscope::engine {
namespace {

torch::Tensor Borrowed(const float* values, int64_t count) {
  return torch::from_blob(const_cast<float*>(values), {count}, torch::kFloat32);
}

}  // namespace

RowForward::RowForward(const ModelConfig& config, const ModelWeights& weights) : config_(config), weights_(weights) {
  const BlockWeights& block = weights.blocks.front();
  embedding_ =
      (weights.W_pos.unsqueeze(1) + weights.W_E.unsqueeze(0)).reshape({config.n_ctx * config.d_vocab, config.d_model});
  const torch::Tensor normalized = Normalize(embedding_, block.ln1_w, block.ln1_b).unsqueeze(0);
  q_ = ProjectHeads(normalized, block.W_Q, block.b_Q).squeeze(0).contiguous();
  k_ = ProjectHeads(normalized, block.W_K, block.b_K).squeeze(0).contiguous();
  v_ = ProjectHeads(normalized, block.W_V, block.b_V).squeeze(0).contiguous();
}

RowForward::Parts RowForward::PartsOf(const std::vector<Row>& rows, bool of_donors) const {
  int64_t keys = 0;
  for (const Row& row : rows) keys = std::max(keys, row.position + 1);
  const auto count = static_cast<int64_t>(rows.size());
  const torch::Tensor query = torch::empty({count}, torch::kInt64), key = torch::empty({count, keys}, torch::kInt64);
  const torch::Tensor position = torch::empty({count}, torch::kInt64);
  for (int64_t r = 0; r < count; ++r) {
    const Row& row = rows[static_cast<size_t>(r)];
    const int64_t* const tokens = of_donors ? row.donor : row.tokens;
    const auto pair = [&](int64_t p) { return p * config_.d_vocab + tokens[p]; };
    query.data_ptr<int64_t>()[r] = pair(row.position);
    position.data_ptr<int64_t>()[r] = row.position;
    for (int64_t k = 0; k < keys; ++k) key.data_ptr<int64_t>()[r * keys + k] = pair(k);
  }
  const auto of_keys = [&](const torch::Tensor& pairs) {  // [rows, n_heads, keys, d_head]
    return pairs.index_select(1, key.flatten()).view({config_.n_heads, count, keys, config_.d_head}).transpose(0, 1);
  };
  const torch::Tensor q = q_.index_select(1, query).transpose(0, 1).unsqueeze(2);
  const torch::Tensor later = (torch::arange(keys) > position.unsqueeze(1)).view({count, 1, 1, keys});
  const torch::Tensor pattern = AttentionPattern(q, of_keys(k_), later);
  return {embedding_.index_select(0, query), torch::matmul(pattern, of_keys(v_)).squeeze(2)};
}

torch::Tensor RowForward::Mid(const torch::Tensor& input, const torch::Tensor& z) const {
  return input + AttentionOut(weights_.blocks.front(), z);
}

torch::Tensor RowForward::LogitsOfSome(const std::vector<Row>& rows, const RowValues& values) const {
  const BlockWeights& block = weights_.blocks.front();
  const bool donors = values.kind() == NodeValue::kDonor;
  const Parts own = PartsOf(rows, /*of_donors=*/false), donor = donors ? PartsOf(rows, /*of_donors=*/true) : own;
  torch::Tensor donor_mid, donor_mlp;
  if (donors) {
    donor_mid = Mid(donor.input, donor.z);
    donor_mlp = MlpOut(block, donor_mid);
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    for (int64_t head = 0; head < config_.n_heads; ++head) {
      if ((rows[r].change.heads >> head & 1) == 0) continue;
      const auto row = static_cast<int64_t>(r);
      own.z[row][head].copy_(donors ? donor.z[row][head]
                                    : Borrowed(values.z(rows[r].place, static_cast<size_t>(head)), config_.d_head));
    }
  }
  const torch::Tensor mid = Mid(own.input, own.z), mlp = MlpOut(block, mid);
  torch::Tensor residual = mid + mlp;
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto row = static_cast<int64_t>(r);
    if (rows[r].change.residual) {
      residual[row].copy_(donors ? donor_mid[row] + donor_mlp[row]
                                 : Borrowed(values.residual(rows[r].place), config_.d_model));
    } else if (rows[r].change.mlp) {
      residual[row].copy_(mid[row] + (donors ? donor_mlp[row] : Borrowed(values.mlp(rows[r].place), config_.d_model)));
    }
  }
  return torch::addmm(weights_.b_U, Normalize(residual, weights_.ln_final_w, weights_.ln_final_b), weights_.W_U);
}

torch::Tensor RowForward::Logits(const std::vector<Row>& rows, const RowValues& values) const {
  constexpr size_t kAtOnce = 256;
  std::vector<torch::Tensor> logits;
  for (size_t first = 0; first < rows.size(); first += kAtOnce) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(first + kAtOnce, rows.size()));
    logits.push_back(LogitsOfSome({begin, end}, values));
  }
  return torch::cat(logits);
}

}  // namespace sumscope::engine
