#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_FIRST_ATTENTION_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_FIRST_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/table_sums.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// The residual stream behind layer 0's attention, by sums over the rows of a table (ours).
//
// A pair is (position, token); C x = x - mean(x). At a row of a question it is, centred,
//   S = C (W_E + W_pos + b_O)[query pair] + sum over heads h and keys j of pattern_h(j) * C (v_h W_O_h)[key pair j]
// and the patterns are what the keys have of a table of exp(score), over their sum.
//
// Sums are of float32, tables made in float64. On the CPU; thread-safe once made.
class FirstAttention {
 public:
  static int64_t BlocksOf(int64_t columns) { return (columns + kSumBlock - 1) / kSumBlock; }
  // `weights` float32 or float64 on the CPU. `rows`, where it is not null, becomes the table in float64, [(1 + n_heads)
  // * pairs, d_model], the query's part first: what is linear in S is the same sum over rows of that. `look`, where
  // there is one, is called between the steps of making it.
  FirstAttention(const ModelConfig& config, const ModelWeights& weights, int64_t first_row, torch::Tensor* rows,
                 const std::function<void()>& look = nullptr);

  // Rows first .. first+count-1 of each question, at least first_row.
  struct Rows {
    int64_t first = 0, count = 0;
  };
  // What is to be summed of some questions; rows are those of question 0, of question 1, ..
  struct Sums {
    size_t rows = 0;
    std::vector<RowGroup> groups;

   private:
    friend class FirstAttention;
    std::vector<uint32_t> query;  // [rows]
    std::vector<uint32_t> term;
    std::vector<float> weight;
  };
  // Of tokens [count, n_ctx], of which those behind the last row are not read.
  void MakeSums(const int64_t* tokens, size_t count, Rows rows, Sums* sums) const;

  // square [sums.rows] = |S|^2; kept [sums.rows][width()] = S where it is not null.
  void SumResiduals(const Sums& sums, float* kept, float* square) const;

  int64_t table_rows() const { return table_rows_; }
  // d_model in whole blocks.
  int64_t width() const { return blocks_ * kSumBlock; }

 private:
  const ModelConfig config_;
  const int64_t first_row_;
  const int64_t pairs_;       // (n_ctx - 1) * d_vocab: position * d_vocab + token
  const int64_t table_rows_;  // (1 + n_heads) * pairs
  const int64_t blocks_;
  std::vector<float> residual_;    // in blocks of columns (table_sums.h)
  std::vector<float> exp_scores_;  // [query pair from the first row on][n_heads][pairs], by the row's largest
};

// [rows, columns] as blocks of columns [blocks][rows][kSumBlock], zeros behind the last. Some columns are asked of
// `columns_of` (first, count) at a time, so that a product in float64 is never whole.
template <typename ColumnsOf>
std::vector<float> InBlocks(int64_t rows, int64_t columns, const ColumnsOf& columns_of) {
  constexpr int64_t kColumns = 16 * kSumBlock;
  std::vector<float> blocks(static_cast<size_t>(FirstAttention::BlocksOf(columns) * rows * kSumBlock), 0.0F);
  for (int64_t first = 0; first < columns; first += kColumns) {
    const int64_t here = columns - first < kColumns ? columns - first : kColumns;
    const torch::Tensor part = columns_of(first, here).to(torch::kFloat32).contiguous();
    const float* value = part.data_ptr<float>();
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = first; column < first + here; ++column, ++value) {
        blocks[static_cast<size_t>((column / kSumBlock * rows + row) * kSumBlock + column % kSumBlock)] = *value;
      }
    }
  }
  return blocks;
}

// x - its mean over the last dimension.
inline torch::Tensor Centred(const torch::Tensor& x) { return x - x.mean(-1, /*keepdim=*/true); }

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_FIRST_ATTENTION_H_
