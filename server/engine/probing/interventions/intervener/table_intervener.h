#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_TABLE_INTERVENER_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_TABLE_INTERVENER_H_

#include <memory>
#include <vector>

#include "server/engine/probing/interventions/intervener/intervener.h"
#include "server/engine/probing/interventions/intervener/row_forward.h"
#include "server/engine/probing/interventions/intervener/table_chunk.h"

namespace sumscope::engine {

// An intervener by the tables of a one-layer model in float32 on the CPU (row_tables.h).
//
// Goals: a row's change costs a sum of n_heads + 1 rows and what is left of the MLP's output; rows that no set changes
// cost nothing, and equal changes of several sets are computed once. What a row answers is the forward pass's: where
// its two largest logits lie as near as kNearTie and sixteen times the largest difference seen on some questions
// (Compare), the forward pass reads the row (row_forward.h). Losses are the tables' there too where they are settled.
// Non-goals: deeper models, float64, devices.
class TableIntervener final : public Intervener {
 public:
  static constexpr uint64_t kMaxTableBytes = 1'000'000'000;
  // Of the logits to the forward pass's. Where they differ by more, tables are not used.
  static constexpr double kMaxDifference = 1e-4;

  // Whether the model has such tables.
  static bool Fits(const Model& model);
  // The model Fits. Throws what CheckedWeights and CheckEncoding throw.
  TableIntervener(const Model& model, const std::vector<NodeSet>& node_sets, NodeValue value, bool donors_answer);

  const Encoding& encoding() const override { return encoding_; }
  int64_t batch_size() const override;
  bool by_tables() const override { return true; }
  void TakeMeans(const QuestionSource& questions, const ProgressFn& progress) override;
  // Compares all rows of some questions with the forward pass, once, before the first batch. Returns the largest
  // difference of two logits, not a number where one of them is none.
  double Compare(const torch::Tensor& tokens, const torch::Tensor& donors);
  // Questions of a comparison: a few, of many changes fewer.
  int64_t compared() const;
  void Run(const torch::Tensor& tokens, const torch::Tensor& donors) override;
  bool Changes(size_t set) const override { return !plan_.sets()[set].answered.empty(); }
  void Read(size_t set, std::vector<AnswerReading>* readings) const override;
  void ReadMoved(size_t set, std::vector<double>* moved) const override;
  uint64_t rechecked() const override { return rechecked_; }

 private:
  void RunChunks(const torch::Tensor& tokens, const torch::Tensor& donors, bool with_logits);
  RowForward::Row RowAt(const torch::Tensor& tokens, const torch::Tensor& donors, size_t place, size_t change,
                        size_t q) const;
  void Recheck(const torch::Tensor& tokens, const torch::Tensor& donors);
  void ReadRows(const std::vector<size_t>& change, std::vector<AnswerReading>* readings) const;

  const ModelConfig config_;
  const Encoding encoding_;
  const bool donors_answer_;
  const NamedTensors checked_;
  const ModelWeights weights_;
  const RowTables tables_;
  const ChangePlan plan_;
  const RowJobs jobs_;
  const RowForward forward_;
  RowValues values_;
  std::vector<std::unique_ptr<TableChunk>> chunks_;  // of a thread each
  BatchRows rows_;
  double margin_ = 0;
  uint64_t rechecked_ = 0;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_TABLE_INTERVENER_H_
