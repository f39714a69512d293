#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_SLOTS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_SLOTS_H_

#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/answer_forward.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine::batched {

// The (position, token) pairs of true lines as a grid: every position has the same number of slots, each for a token
// that may stand there. What layer 0 makes of a pair is made once per slot, not once per row. Slots left over at a
// position are no question's. Immutable.
class Slots {
 public:
  Slots(const Encoding& encoding, const std::vector<Operation>& operations);

  int64_t positions() const { return positions_; }  // that rows read: all but the last
  int64_t answers() const { return encoding_.n_answer(); }
  int64_t per_position() const { return per_position_; }  // slots
  int64_t count() const { return positions_ * per_position_; }

  // The token of each slot, int64 [count]; 0 of one left over.
  const torch::Tensor& tokens() const { return tokens_; }
  // [d_vocab, count]: 1 at the token of each slot; nothing in a column left over.
  const torch::Tensor& one_hot() const { return one_hot_; }

  // Writes the slot of each question at each position, [positions, batch], and the true answer tokens
  // [n_answer, batch]. Throws kInternal (UNKNOWN_PAIR) for a token where no line has it, and what EncodeLine throws.
  void Encode(const Questions& batch, int64_t* slots, int64_t* answers) const;

 private:
  const Encoding encoding_;
  const AnswerForward::Pairs pairs_;
  const int64_t positions_;
  int64_t per_position_ = 0;
  torch::Tensor tokens_, one_hot_;
};

// Which slots a batch holds at the positions of layer 0's rows: reads what was made per slot row by row, and sums
// gradients of rows per slot. Rows are (position, question), question fastest. Confined to its step.
class Pick {
 public:
  // slots int64 [runs, positions of rows, batch].
  Pick(const torch::Tensor& slots, int64_t per_position, torch::ScalarType dtype);

  // [runs * copies, positions * per_position, width] -> [runs * copies, positions * batch, width].
  torch::Tensor Gather(const torch::Tensor& x) const;
  // Its transpose: a product, so that the order of every sum is fixed on every device.
  torch::Tensor Scatter(const torch::Tensor& rows) const;

 private:
  torch::Tensor slots_;
  torch::Tensor one_hot_;  // [runs, positions, per_position, batch]
};

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_SLOTS_H_
