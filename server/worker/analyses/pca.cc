#include "server/engine/probing/representations/pca.h"

#include "proto/contract/errors/status_macros.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

void Convert(const engine::PcaNode& from, api::PcaNode* to) {
  to->set_node(engine::NodeText(from.node));
  to->set_total_variance(from.total_variance);
  to->mutable_evr()->Add(from.evr.begin(), from.evr.end());
  if (from.label_silhouette.has_value()) to->set_label_silhouette(*from.label_silhouette);
  if (from.label_ch.has_value()) to->set_label_ch(*from.label_ch);
  if (from.cluster_silhouette.has_value()) to->set_cluster_silhouette(*from.cluster_silhouette);
  if (from.cluster_ch.has_value()) to->set_cluster_ch(*from.cluster_ch);
  if (from.cluster_agreement.has_value()) to->set_cluster_agreement(*from.cluster_agreement);
  if (from.cluster_k.has_value()) to->set_cluster_k(*from.cluster_k);
  to->set_passes(from.passes);
  for (const engine::PcaScores& scores : from.scores) {
    api::PcaScores* converted = to->add_scores();
    converted->set_label(scores.label);
    converted->mutable_values()->Add(scores.values.begin(), scores.values.end());
  }
}

}  // namespace

AnalysisOutcome RunPca(const AnalysisInput& input) {
  const api::PcaRequest& request = input.request().pca();
  engine::PcaRequest own;
  for (const std::string& text : request.nodes()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const engine::NodeSet nodes, ToNodeSet(input.spec(), text));
    own.nodes.insert(own.nodes.end(), nodes.begin(), nodes.end());
  }
  own.digit = request.digit();
  own.components = request.components();
  own.with_scores = request.with_scores();
  own.seed = request.seed();
  const engine::PcaResult result = engine::Pca(input.model, *input.questions, own, input.progress);
  api::AnalysisResult outcome;
  api::PcaResult* to = outcome.mutable_pca();
  to->set_digit(result.digit);
  for (const std::string& label : result.labels) to->add_labels(label);
  to->mutable_counts()->Add(result.counts.begin(), result.counts.end());
  for (const engine::PcaNode& node : result.nodes) Convert(node, to->add_nodes());
  CopyTags(result.tags, to->mutable_tags());
  return outcome;
}

}  // namespace sumscope::worker
