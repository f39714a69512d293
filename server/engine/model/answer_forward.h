#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_ANSWER_FORWARD_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_ANSWER_FORWARD_H_

#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// The forward pass of training and evaluation: the logits of some rows, and nothing that they do not need.
//
// Goals: equal to Transformer in value and gradient (by test) at a fraction of its work.
//  - Below layer 0 everything depends on (position, token) alone: embedding, LayerNorm, Q, K, V and even the scores of
//    layer 0 are computed once per distinct pair (about 150 of them at n=5) instead of once per position of each
//    question. A question's attention is then a softmax over all pairs with those that it does not hold masked out, so
//    that nothing is gathered or scattered but whole rows.
//  - In the last layer, queries, output projection, MLP and unembedding run on the wanted rows only.
// Non-goals: hooks, of which Transformer has all.
class AnswerForward {
 public:
  // Which (position, token) pairs may occur; position n_ctx-1 is never read. Thread-safe once made.
  class Pairs {
   public:
    // Pairs that true lines of the operations can hold.
    static Pairs OfLines(const Encoding& encoding, const std::vector<Operation>& operations, torch::Device device,
                         torch::ScalarType dtype);
    static Pairs OfLines(const Encoding& encoding, Operation op, torch::Device device, torch::ScalarType dtype);
    // All of them: also what a model may generate.
    static Pairs All(const Encoding& encoding, torch::Device device, torch::ScalarType dtype);

    int64_t count() const { return count_; }
    // The first pair of a position; pairs are sorted by position.
    int64_t FirstAt(int64_t position) const { return first_[static_cast<size_t>(position)]; }
    // Throws kInternal (UNKNOWN_PAIR) for a token that cannot stand there.
    int64_t Find(int64_t position, int64_t token) const;
    bool Has(int64_t position, int64_t token) const {
      return id_[static_cast<size_t>(position * d_vocab_ + token)] >= 0;
    }

   private:
    friend class AnswerForward;
    Pairs(const std::vector<std::vector<int64_t>>& tokens_at, int64_t n_ctx, int64_t d_vocab, torch::Device device,
          torch::ScalarType dtype);

    int64_t count_ = 0;
    std::vector<int64_t> first_;  // [n_ctx]
    std::vector<int64_t> id_;     // [position * d_vocab + token] pair or -1
    int64_t d_vocab_ = 0;
    torch::Tensor token_one_hot_;     // [pairs, d_vocab], exact selection of rows by a product
    torch::Tensor position_one_hot_;  // [pairs, n_ctx]
    torch::Tensor position_;          // int64 [pairs]
  };

  // What depends on the weights and the pairs only: differentiable, made anew after each change of the weights.
  struct Table {
    torch::Tensor embedding;  // [pairs, d_model]
    torch::Tensor v;          // [n_heads, pairs, d_head]
    torch::Tensor scores;     // [query pairs, n_heads * pairs], layer 0, divided by sqrt(d_head)
    int64_t first_query = 0;  // the pair of the first row of `scores`
  };

  AnswerForward(const ModelConfig& config, const ModelWeights& weights, Pairs pairs, torch::Device device);

  // For rows first_row .. first_row+row_count-1 of later calls, and any rows between.
  Table MakeTable(int64_t first_row, int64_t row_count) const;

  // Logits [batch, row_count, d_vocab] of tokens int64 [batch, n_ctx] on the CPU. Tokens after the last row are not
  // read. Throws kInternal (UNKNOWN_PAIR) for a token that `pairs` does not have.
  torch::Tensor Forward(const torch::Tensor& tokens, const Table& table, int64_t first_row, int64_t row_count) const;

 private:
  torch::Tensor FirstAttention(const Table& table, const torch::Tensor& ids, int64_t first_row) const;
  torch::Tensor LaterAttention(const BlockWeights& block, const torch::Tensor& normalized, int64_t first_row) const;

  ModelConfig config_;
  const ModelWeights weights_;
  const Pairs pairs_;
  const torch::Device device_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_ANSWER_FORWARD_H_
