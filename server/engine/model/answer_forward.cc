#include "server/engine/model/answer_forward.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "server/engine/model/block_math.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {

AnswerForward::Pairs::Pairs(const std::vector<std::vector<int64_t>>& tokens_at, int64_t n_ctx, int64_t d_vocab,
                            torch::Device device, torch::ScalarType dtype)
    : id_(static_cast<size_t>(n_ctx * d_vocab), -1), d_vocab_(d_vocab) {
  std::vector<int64_t> positions, tokens;
  for (size_t p = 0; p < tokens_at.size(); ++p) {
    first_.push_back(count_);
    for (const int64_t token : tokens_at[p]) {
      id_[p * static_cast<size_t>(d_vocab) + static_cast<size_t>(token)] = count_++;
      positions.push_back(static_cast<int64_t>(p));
      tokens.push_back(token);
    }
  }
  first_.push_back(count_);
  position_ = torch::tensor(positions, torch::kInt64).to(device);
  position_one_hot_ = torch::one_hot(position_, n_ctx).to(dtype);
  token_one_hot_ = torch::one_hot(torch::tensor(tokens, torch::kInt64).to(device), d_vocab).to(dtype);
}

AnswerForward::Pairs AnswerForward::Pairs::OfLines(const Encoding& encoding, const std::vector<Operation>& operations,
                                                   torch::Device device, torch::ScalarType dtype) {
  const auto has = [&](Operation op) {
    return std::find(operations.begin(), operations.end(), op) != operations.end();
  };
  const std::vector<int64_t> digits = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<std::vector<int64_t>> tokens_at;
  for (int p = 0; p + 1 < encoding.n_ctx(); ++p) tokens_at.push_back(digits);
  std::vector<int64_t>& symbols = tokens_at[static_cast<size_t>(encoding.n_digits())];
  symbols.clear();
  for (const Operation op : operations) symbols.push_back(encoding.TokenOf(OperationSymbol(op)));
  tokens_at[static_cast<size_t>(encoding.n_question() - 1)] = {encoding.TokenOf('=')};
  auto answer = tokens_at.begin() + encoding.n_question();
  if (encoding.format() == Format::kSigned) {
    *answer = {encoding.TokenOf('+')};
    if (has(Operation::kSub)) answer->push_back(encoding.TokenOf('-'));
    ++answer;
  }
  if (!has(Operation::kMul)) *answer = has(Operation::kAdd) ? std::vector<int64_t>{0, 1} : std::vector<int64_t>{0};
  return Pairs(tokens_at, encoding.n_ctx(), encoding.d_vocab(), device, dtype);
}

AnswerForward::Pairs AnswerForward::Pairs::OfLines(const Encoding& encoding, Operation op, torch::Device device,
                                                   torch::ScalarType dtype) {
  return OfLines(encoding, std::vector<Operation>{op}, device, dtype);
}

AnswerForward::Pairs AnswerForward::Pairs::All(const Encoding& encoding, torch::Device device,
                                               torch::ScalarType dtype) {
  std::vector<int64_t> tokens(static_cast<size_t>(encoding.d_vocab()));
  for (size_t t = 0; t < tokens.size(); ++t) tokens[t] = static_cast<int64_t>(t);
  return Pairs(std::vector<std::vector<int64_t>>(static_cast<size_t>(encoding.n_ctx() - 1), tokens), encoding.n_ctx(),
               encoding.d_vocab(), device, dtype);
}

int64_t AnswerForward::Pairs::Find(int64_t position, int64_t token) const {
  const int64_t pair = id_[static_cast<size_t>(position * d_vocab_ + token)];
  if (pair < 0) throw Error(ErrorKind::kInternal, "UNKNOWN_PAIR", "a token where none of its kind can stand");
  return pair;
}

AnswerForward::AnswerForward(const ModelConfig& config, const ModelWeights& weights, Pairs pairs, torch::Device device)
    : config_(config), weights_(weights), pairs_(std::move(pairs)), device_(device) {}

AnswerForward::Table AnswerForward::MakeTable(int64_t first_row, int64_t row_count) const {
  const BlockWeights& block = weights_.blocks.front();
  Table table;
  // With more layers, layer 0's output is wanted at every row.
  const int64_t query_row = config_.n_layers == 1 ? first_row : 0;
  table.first_query = pairs_.first_[static_cast<size_t>(query_row)];
  const int64_t end_query = pairs_.first_[static_cast<size_t>(first_row + row_count)];
  table.embedding =
      torch::mm(pairs_.token_one_hot_, weights_.W_E) + torch::mm(pairs_.position_one_hot_, weights_.W_pos);
  const torch::Tensor normalized = Normalize(table.embedding, block.ln1_w, block.ln1_b).unsqueeze(0);
  const torch::Tensor q =
      ProjectHeads(normalized.slice(1, table.first_query, end_query), block.W_Q, block.b_Q).squeeze(0);
  const torch::Tensor k = ProjectHeads(normalized, block.W_K, block.b_K).squeeze(0);
  table.v = ProjectHeads(normalized, block.W_V, block.b_V).squeeze(0);
  table.scores = (torch::bmm(q, k.transpose(1, 2)) / std::sqrt(static_cast<double>(config_.d_head)))
                     .transpose(0, 1)
                     .reshape({-1, config_.n_heads * pairs_.count_});
  return table;
}

// z of layer 0 [batch * rows, n_heads * d_head] at rows first_row .. positions-1, of pair ids [batch, positions].
torch::Tensor AnswerForward::FirstAttention(const Table& table, const torch::Tensor& ids, int64_t first_row) const {
  const int64_t batch = ids.size(0), positions = ids.size(1), rows = positions - first_row;
  const torch::Tensor row =
      torch::arange(first_row, positions, torch::dtype(torch::kInt64).device(device_)).unsqueeze(1);
  torch::Tensor hidden = torch::ones({batch, pairs_.count_}, torch::dtype(torch::kBool).device(device_));
  hidden.scatter_(1, ids, torch::zeros_like(ids, torch::kBool));
  hidden = hidden.unsqueeze(1).logical_or(pairs_.position_ > row).view({batch * rows, 1, pairs_.count_});
  const torch::Tensor query = (ids.slice(1, first_row) - table.first_query).reshape({-1});
  const torch::Tensor pattern = torch::embedding(table.scores, query)
                                    .view({batch * rows, config_.n_heads, pairs_.count_})
                                    .masked_fill(hidden, -std::numeric_limits<double>::infinity())
                                    .softmax(-1);
  return torch::bmm(pattern.transpose(0, 1), table.v).transpose(0, 1).reshape({batch * rows, -1});
}

// The same for a later layer, of its normalised residual stream [batch, positions, d_model].
torch::Tensor AnswerForward::LaterAttention(const BlockWeights& block, const torch::Tensor& normalized,
                                            int64_t first_row) const {
  const int64_t batch = normalized.size(0), positions = normalized.size(1), rows = positions - first_row;
  const torch::Tensor q = ProjectHeads(normalized.slice(1, first_row), block.W_Q, block.b_Q);
  const torch::Tensor k = ProjectHeads(normalized, block.W_K, block.b_K);
  const torch::Tensor v = ProjectHeads(normalized, block.W_V, block.b_V);
  const torch::Tensor hidden =
      torch::ones({rows, positions}, torch::dtype(torch::kBool).device(device_)).triu(first_row + 1);
  const torch::Tensor pattern = AttentionPattern(q, k, hidden);
  return torch::matmul(pattern, v).transpose(1, 2).reshape({batch * rows, -1});
}

torch::Tensor AnswerForward::Forward(const torch::Tensor& tokens, const Table& table, int64_t first_row,
                                     int64_t row_count) const {
  const int64_t batch = tokens.size(0), positions = first_row + row_count;
  torch::Tensor ids = torch::empty({batch, positions}, torch::kInt64);
  const int64_t* token = tokens.data_ptr<int64_t>();
  int64_t* id = ids.data_ptr<int64_t>();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t p = 0; p < positions; ++p) {
      id[b * positions + p] = pairs_.Find(p, token[b * tokens.size(1) + p]);
    }
  }
  ids = ids.to(device_);

  torch::Tensor residual;  // [batch * rows of the layer, d_model]
  for (int64_t layer = 0; layer < config_.n_layers; ++layer) {
    const BlockWeights& block = weights_.blocks[static_cast<size_t>(layer)];
    const int64_t from = layer + 1 == config_.n_layers ? first_row : 0;
    torch::Tensor z;
    if (layer == 0) {
      z = FirstAttention(table, ids, from);
      residual = torch::embedding(table.embedding, ids.slice(1, from).reshape({-1}));
    } else {
      residual = residual.view({batch, positions, config_.d_model});
      z = LaterAttention(block, Normalize(residual, block.ln1_w, block.ln1_b), from);
      residual = residual.slice(1, from).reshape({-1, config_.d_model});
    }
    residual = residual + AttentionOut(block, z);
    residual = residual + MlpOut(block, residual);
  }
  const torch::Tensor normalized = Normalize(residual, weights_.ln_final_w, weights_.ln_final_b);
  return torch::addmm(weights_.b_U, normalized, weights_.W_U).view({batch, row_count, config_.d_vocab});
}

}  // namespace sumscope::engine
