#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_INTERVENER_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_INTERVENER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/probing/evaluation/evaluate_tally.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// What a node is replaced by: its mean over a set of questions, zeros, or its value in another question, the donor.
enum class NodeValue { kMean, kZero, kDonor };

// A model, and node sets each of which is replaced on its own: what it then answers, batch after batch. Thread-
// compatible.
class Intervener {
 public:
  virtual ~Intervener() = default;

  virtual const Encoding& encoding() const = 0;
  // Questions of a batch, so that a cancel between batches is heard within about a second.
  virtual int64_t batch_size() const = 0;
  virtual bool by_tables() const = 0;

  // The means of kMean, over all of `questions`. Throws kCancelled.
  virtual void TakeMeans(const QuestionSource& questions, const ProgressFn& progress) = 0;

  // Begins a batch: tokens int64 [count, n_ctx]; `donors` the same of kDonor, else undefined.
  virtual void Run(const torch::Tensor& tokens, const torch::Tensor& donors) = 0;

  // Of the batch, [count] each: what the questions and, where they are asked for, the donors answer untouched.
  const std::vector<AnswerReading>& unchanged() const { return unchanged_; }
  const std::vector<AnswerReading>& donors() const { return donors_; }

  // Whether the set can change any answer.
  virtual bool Changes(size_t set) const = 0;
  // What the questions of the batch answer with the set replaced.
  virtual void Read(size_t set, std::vector<AnswerReading>* readings) const = 0;
  // How far its nodes' activations move, all together, each once: Euclidean.
  virtual void ReadMoved(size_t set, std::vector<double>* moved) const = 0;
  // Rows of answers that were computed anew by the forward pass, because tables did not settle them.
  virtual uint64_t rechecked() const { return 0; }

 protected:
  std::vector<AnswerReading> unchanged_, donors_;
};

// By tables where the model has them, `questions` times the sets are worth making them, and they are close enough to
// the forward pass on the first of the questions; else by the forward pass. Nodes exist. Of kMean the means are taken,
// of kDonor the donors' own answers with `donors_answer`. Throws what CheckedWeights and CheckEncoding throw,
// kCancelled.
std::unique_ptr<Intervener> MakeIntervener(const Model& model, std::vector<NodeSet> node_sets, NodeValue value,
                                           bool donors_answer, const QuestionSource& questions, AnswerBy by,
                                           const ProgressFn& progress);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_INTERVENER_H_
