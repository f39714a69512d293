#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_BLOCK_MATH_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_BLOCK_MATH_H_

#include "server/engine/model/config.h"
#include "server/engine/model/transformer.h"

namespace sumscope::engine {

// The parts of a block that every fast forward pass shares, as the fewest kernels; Transformer is their reference.

// LayerNorm over the last dimension.
torch::Tensor Normalize(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& b);

// Queries, keys or values of every head: x [batch, rows, d_model], W [n_heads, d_model, d_head], b [n_heads, d_head]
// -> [batch, n_heads, rows, d_head].
torch::Tensor ProjectHeads(const torch::Tensor& x, const torch::Tensor& W, const torch::Tensor& b);

// What the heads write together: z of any shape with n_heads * d_head numbers a row -> [rows in all, d_model].
torch::Tensor AttentionOut(const BlockWeights& block, const torch::Tensor& z);

// hook_mlp_out of hook_resid_mid, [.., d_model] both.
torch::Tensor MlpOut(const BlockWeights& block, const torch::Tensor& mid);

// Patterns [batch, n_heads, rows, keys] of q and k [batch, n_heads, rows or keys, d_head]; `hidden` bool [rows, keys]
// marks keys that come after the row.
torch::Tensor AttentionPattern(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& hidden);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_BLOCK_MATH_H_
