#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_FORWARD_INTERVENER_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_FORWARD_INTERVENER_H_

#include <vector>

#include "server/engine/probing/forward/node_means.h"
#include "server/engine/probing/forward/restart_forward.h"
#include "server/engine/probing/interventions/intervener/intervener.h"

namespace sumscope::engine {

// An intervener by restarts of the forward pass: any model, anywhere.
class ForwardIntervener final : public Intervener {
 public:
  // Of a model made ready, which is borrowed.
  ForwardIntervener(const RestartForward& forward, std::vector<NodeSet> node_sets, NodeValue value);
  // Throws what CheckedWeights and CheckEncoding throw.
  ForwardIntervener(const Model& model, std::vector<NodeSet> node_sets, NodeValue value);

  const Encoding& encoding() const override { return forward_.encoding(); }
  int64_t batch_size() const override { return forward_.batch_size(); }
  bool by_tables() const override { return false; }
  void TakeMeans(const QuestionSource& questions, const ProgressFn& progress) override;
  void Run(const torch::Tensor& tokens, const torch::Tensor& donors) override;
  bool Changes(size_t set) const override;
  void Read(size_t set, std::vector<AnswerReading>* readings) const override;
  void ReadMoved(size_t set, std::vector<double>* moved) const override;

 private:
  std::vector<RestartForward::Replacement> ReplacementsOf(size_t set) const;
  void ReadLogits(const torch::Tensor& logits, const torch::Tensor& tokens, std::vector<AnswerReading>* readings) const;

  const std::unique_ptr<const RestartForward> own_;
  const RestartForward& forward_;
  const std::vector<NodeSet> node_sets_;
  const NodeValue value_;
  NodeMeans means_;
  torch::Tensor tokens_;
  RestartForward::Pass pass_, donor_pass_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_FORWARD_INTERVENER_H_
