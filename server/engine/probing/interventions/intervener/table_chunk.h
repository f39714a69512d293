#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_TABLE_CHUNK_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_TABLE_CHUNK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/probing/evaluation/evaluate_tally.h"
#include "server/engine/probing/interventions/intervener/change_plan.h"
#include "server/engine/probing/interventions/intervener/row_jobs.h"
#include "server/engine/probing/interventions/intervener/row_tables.h"
#include "server/engine/probing/interventions/intervener/row_values.h"

namespace sumscope::engine {

// What an answer row says of one question.
struct RowReading {
  int64_t predicted = 0;
  double loss = 0, margin = 0;
};

// The rows of a batch, by place, change and question.
class BatchRows {
 public:
  BatchRows(const ModelConfig& config, const ChangePlan& plan, bool donors_answer);
  void Resize(size_t count, bool with_logits);

  size_t count() const { return count_; }
  // `change`: 0 untouched, 1 + c of the place's change c; of the donor DonorOf(place). Of answer rows.
  size_t At(size_t place, size_t change, size_t q) const { return (first_[place] + change) * count_ + q; }
  size_t DonorOf(size_t place) const { return first_[place + 1] - first_[place] - 1; }
  RowReading& reading(size_t at) { return readings_[at]; }
  const RowReading& reading(size_t at) const { return readings_[at]; }
  float* logits(size_t at) { return logits_.empty() ? nullptr : &logits_[at * kSumLane]; }
  const std::vector<float>& all_logits() const { return logits_; }
  // Squared distances that activations move; `node`: a head, n_heads the MLP, n_heads + 1 the residual stream.
  double& moved(size_t place, size_t node, size_t q) { return moved_[(place * nodes_ + node) * count_ + q]; }
  double moved(size_t place, size_t node, size_t q) const { return moved_[(place * nodes_ + node) * count_ + q]; }

 private:
  const size_t places_, nodes_;
  std::vector<size_t> first_;  // of a place; the end is that of the next one
  size_t count_ = 0;
  std::vector<RowReading> readings_;
  std::vector<float> logits_;
  std::vector<double> moved_;
};

// Computes some questions of a batch by tables, all their rows block by block of the tables' columns, so that a block
// stays in the cache. Holds what it needs for that from one call to the next; confined to a thread.
class TableChunk {
 public:
  // All borrowed. `values` may still change before Run.
  TableChunk(const RowTables& tables, const ChangePlan& plan, const RowJobs& jobs, const RowValues& values);

  // Questions at once, at most.
  static size_t Capacity(const RowTables& tables, const RowJobs& jobs);

  // Adds up the means of tokens [count, n_ctx].
  void AddMeans(const int64_t* tokens, size_t count, MeanSums* sums);
  // The questions `first` .. of a batch, of tokens [count, n_ctx]; `donors` the same or null.
  void Run(const int64_t* tokens, const int64_t* donors, size_t count, size_t first, BatchRows* rows);

 private:
  void PointAtSources();
  void TakePatterns(const int64_t* tokens, size_t line);
  void SumHeads(const float* block, size_t q);
  void CopyMeans(bool hidden, size_t block);
  template <typename Visit>
  void ForZ(const Visit& visit);
  void MoveHeads(size_t first, BatchRows* rows);
  void SumMid();
  void SumHidden();
  void Multiply();
  void Read(size_t place, size_t q, size_t first, BatchRows* rows);
  void ReadRow(const float* mid, const float* written, const int64_t* truth, float* logits, RowReading* reading);
  void MoveRest(size_t place, size_t q, size_t at, BatchRows* rows);

  // A sum of two rows.
  struct Value {
    const float* mid;
    const float* mlp;
  };
  Value ResidualValue(size_t place, size_t q) const;
  const float* MlpValue(size_t place, size_t q) const;
  size_t MidRow(size_t place, size_t q) const {
    return jobs_.places()[place].jobs_before * capacity_ + q * jobs_.places()[place].jobs.size();
  }
  size_t HiddenRow(size_t place, size_t q) const {
    return jobs_.places()[place].hidden_before * capacity_ + q * jobs_.places()[place].hidden;
  }
  size_t HiddenStride() const { return capacity_ * jobs_.hidden() * kSumBlock; }
  float* Part(size_t line, size_t slot, size_t part) {
    return &parts_[((line * jobs_.places().size() + slot) * n_parts_ + part) * kSumBlock];
  }

  const RowTables& tables_;
  const ChangePlan& plan_;
  const RowJobs& jobs_;
  const RowValues& values_;
  const size_t capacity_, n_heads_, n_parts_, n_ctx_;
  size_t count_ = 0;
  const int64_t* lines_[2] = {nullptr, nullptr};

  std::vector<uint32_t> term_;                      // [line][question][key]: the key's pair
  std::vector<float> weight_;                       // [line][question][RowJobs::weights]
  std::vector<float> parts_;                        // [line][slot][1 + n_heads][kSumBlock], of a question
  std::vector<float> mean_;                         // [slot][n_heads][kSumBlock]
  std::vector<float> zeros_;                        // [width or z_width]
  std::vector<std::vector<const float*>> sources_;  // of a place: [jobs][1 + n_heads]
  // Rows; of the hidden layer in blocks of units [blocks][rows][kSumBlock].
  std::vector<float> mid_, scale_, hidden_, written_;
  std::vector<uint32_t> unit_;
  std::vector<float> active_;
  std::vector<float> scratch_;
  AnswerReading reading_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_TABLE_CHUNK_H_
