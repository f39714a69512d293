#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_ANSWER_TABLES_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_ANSWER_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/first_attention.h"
#include "server/engine/model/table_sums.h"
#include "server/engine/model/tiles/tile_unit.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// What a one-layer model answers, by sums over the rows of tables (ours).
//
// A pair is (position, token); C x = x - mean(x). Up to the MLP's ReLU a row of a question is linear in its attention
// patterns, but for the scale of ln2:
//   S      = C (W_E + W_pos + b_O)[query pair]
//            + sum over heads h and keys j of pattern_h(j) * C (v_h W_O_h)[key pair j]
//   hidden = relu(S diag(ln2_w) W_in / s2 + ln2_b W_in + b_in),              s2^2 = |S|^2 / d_model + epsilon
//   raw    = S U + hidden C W_out U + C b_out U,                             U    = diag(ln_final_w) W_U
//   logits = raw / s + ln_final_b W_U + b_U,           s^2 = |S + hidden C W_out + C b_out|^2 / d_model + epsilon
// S, S diag(ln2_w) W_in and S U are therefore the same weighted sum over rows of three tables, each with one row for a
// query pair and one for a head's key pair; C W_out U is a table of d_mlp x d_vocab; scores are a table as well. Only s
// needs hidden C W_out, and no arg-max does unless the constants of the last line decide: with
//   s^2 <= (|S| + |hidden| |C W_out|_2 + |C b_out|)^2 / d_model + epsilon   and   |S + ..| >= |raw_v| / |C U_v|
// the difference of two logits, monotonic in s, is bounded by its values at both ends. An answer is settled where each
// token's bound leaves more than `margin`, which is far more than float32 arithmetic in another order can change:
// whoever asks reads the others from their logits (Logits, a product of matrices), and those whose logits are still
// closer from the whole forward pass.
//
// Sums are of float32, tables made in float64. On the CPU; thread-safe once made; questions are shared out among the
// threads of at::parallel_for.
class AnswerTables {
 public:
  static constexpr int64_t kMaxVocab = kSumLane;
  // The least margin to ask for, in logits: between two float32 computations of a logit of a trained model lie less
  // than 1e-4.
  static constexpr float kMargin = 1e-3F;

  // Whether the model has tables: one layer, at most kMaxVocab tokens, and at most `max_bytes` of them.
  static bool Fits(const ModelConfig& config, uint64_t max_bytes);

  // Whether making them costs less than they spare on so many questions, by counted operations.
  static bool Pays(const ModelConfig& config, const Encoding& encoding, uint64_t questions);

  // `weights` float32 or float64 on the CPU. The model Fits. `look`, where there is one, is called about every tenth of
  // a second until all is made, and may throw to end that. `by_tiles`: Logits multiplies in pairs of bfloat16, as exact
  // as in float32.
  AnswerTables(const ModelConfig& config, const ModelWeights& weights, const Encoding& encoding,
               const std::function<void()>& look = nullptr, bool by_tiles = tiles::TileUnit::IsFast());

  // Answer rows `first` .. first+count-1, of n_answer.
  struct Rows {
    int first = 0;
    int count = 0;
  };

  // Of tokens [count, n_ctx], of which those behind the last row are not read: the token with the largest logit at each
  // of the rows, answers [count, rows], and whether all of a question's are larger by `margin` than every other,
  // settled [count].
  void Answer(const int64_t* tokens, size_t count, Rows rows, float margin, int64_t* answers, bool* settled) const;

  // The logits [count, rows, d_vocab] of the same. A fifth to a half as many questions in a second.
  void Logits(const int64_t* tokens, size_t count, Rows rows, float* logits) const;

 private:
  struct Chunk;

  template <typename Work>
  static void ForChunks(size_t count, size_t size, const Work& work);
  void Sum(const int64_t* tokens, size_t count, Rows rows, bool keep, Chunk* chunk) const;
  void SumHidden(Chunk* chunk) const;
  bool Settle(const Chunk& chunk, size_t row, float margin, int64_t* answer) const;
  void SquareOutputs(const Chunk& chunk, float* square) const;
  void ReadLogits(const Chunk& chunk, float* logits) const;

  const ModelConfig config_;
  const int64_t first_row_;
  torch::Tensor rows_;  // of the table that all others are made from; gone once they are
  const FirstAttention attention_;
  const int64_t hidden_blocks_;
  const bool by_tiles_;
  std::vector<float> hidden_;             // in blocks of columns (table_sums.h), as attention_'s rows
  std::vector<float> logits_;             // [1 + n_heads][pairs][kMaxVocab]
  std::vector<float> hidden_bias_;        // [d_mlp], padded to blocks
  std::vector<float> hidden_logits_;      // [d_mlp][kMaxVocab], padded to blocks
  torch::Tensor out_;                     // C W_out [d_mlp, d_model], padded to blocks, or
  tiles::TileMatrix out_high_, out_low_;  // the same as the sum of two
  std::vector<float> out_bias_;           // C b_out [d_model], padded to blocks
  float raw_bias_[kMaxVocab] = {}, logit_bias_[kMaxVocab] = {}, column_norm_[kMaxVocab] = {};
  float out_norm_ = 0, out_bias_norm_ = 0;  // at least |C W_out|_2; |C b_out|
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_ANSWER_TABLES_H_
