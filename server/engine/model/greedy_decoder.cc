#include "server/engine/model/greedy_decoder.h"

#include <vector>

#include "server/engine/model/block_math.h"

namespace sumscope::engine {

struct GreedyDecoder::Memory {
  std::vector<torch::Tensor> k, v;  // [batch, n_heads, n_ctx, d_head], filled up to the rows read
};

torch::Tensor GreedyDecoder::Next(const torch::Tensor& tokens, int64_t first, int64_t count, Memory* memory) const {
  const int64_t end = first + count;
  torch::Tensor residual =
      torch::embedding(weights_.W_E, tokens.slice(1, first, end).to(device_)) + weights_.W_pos.slice(0, first, end);
  for (size_t layer = 0; layer < weights_.blocks.size(); ++layer) {
    const BlockWeights& block = weights_.blocks[layer];
    torch::Tensor normalized = Normalize(residual, block.ln1_w, block.ln1_b);
    memory->k[layer].slice(2, first, end).copy_(ProjectHeads(normalized, block.W_K, block.b_K));
    memory->v[layer].slice(2, first, end).copy_(ProjectHeads(normalized, block.W_V, block.b_V));
    if (layer + 1 == weights_.blocks.size()) {  // nothing reads the last layer's other rows
      residual = residual.slice(1, count - 1);
      normalized = normalized.slice(1, count - 1);
    }
    const int64_t rows = residual.size(1);
    const torch::Tensor hidden =
        torch::ones({rows, end}, torch::dtype(torch::kBool).device(device_)).triu(end - rows + 1);
    const torch::Tensor pattern =
        AttentionPattern(ProjectHeads(normalized, block.W_Q, block.b_Q), memory->k[layer].slice(2, 0, end), hidden);
    const torch::Tensor z = torch::matmul(pattern, memory->v[layer].slice(2, 0, end)).transpose(1, 2);
    residual = residual + AttentionOut(block, z).view(residual.sizes());
    residual = residual + MlpOut(block, residual);
  }
  const torch::Tensor last = Normalize(residual.squeeze(1), weights_.ln_final_w, weights_.ln_final_b);
  return torch::addmm(weights_.b_U, last, weights_.W_U).argmax(-1).to(torch::kCPU);
}

torch::Tensor GreedyDecoder::Write(const torch::Tensor& tokens) const {
  const torch::NoGradGuard no_grad;
  torch::Tensor lines = tokens.clone();
  Memory memory;
  const auto options = weights_.W_E.options();
  for (size_t layer = 0; layer < weights_.blocks.size(); ++layer) {
    for (auto* part : {&memory.k, &memory.v}) {
      part->push_back(torch::empty({tokens.size(0), config_.n_heads, config_.n_ctx, config_.d_head}, options));
    }
  }
  int64_t read = 0;
  for (int64_t position = encoding_.n_question(); position < encoding_.n_ctx(); ++position) {
    lines.select(1, position).copy_(Next(lines, read, position - read, &memory));
    read = position;
  }
  return lines;
}

}  // namespace sumscope::engine
