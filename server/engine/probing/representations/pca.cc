#include "server/engine/probing/representations/pca.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "server/engine/probing/arithmetic/features.h"
#include "server/engine/probing/forward/activations.h"
#include "server/engine/probing/interventions/patch.h"
#include "server/engine/probing/statistics/clustering.h"
#include "server/engine/probing/statistics/principal_components.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr int kStarts = 10;
constexpr double kLeastVariance = 1e-8;

std::vector<Node> NodesOf(const Model& model, const Encoding& encoding, const PcaRequest& request) {
  if (!request.nodes.empty()) return request.nodes;
  std::vector<Node> nodes;
  for (const NodeSet& head : EveryHead(model.config, encoding, /*head_pairs=*/false)) nodes.push_back(head.front());
  return nodes;
}

void Check(const Model& model, const QuestionSource& questions, const std::vector<Node>& nodes,
           const PcaRequest& request) {
  const auto refuse = [](const char* reason, const std::string& text) {
    throw Error(ErrorKind::kInvalidArgument, reason, text);
  };
  for (const Node& node : nodes) {
    CheckNode(model.config, node);
    if (node.kind != Node::Kind::kHead || node.position < 0) refuse("BAD_NODE", "PCA is of heads with a position");
  }
  if (request.digit >= static_cast<uint32_t>(model.n_digits)) refuse("BAD_DIGIT", "the questions have no such digit");
  if (request.components == 0 || request.components > kMaxPcaComponents) {
    refuse("BAD_COMPONENTS", "components must be 1 to 10");
  }
  if (request.with_scores && nodes.size() > kMaxPcaNodesWithScores) {
    refuse("TOO_MANY_NODES", "scores of each question are given for at most 10 nodes");
  }
  if (questions.count() < 4) refuse("TOO_FEW_QUESTIONS", "PCA needs at least 4 questions");
  if (questions.count() > kMaxPcaQuestions) refuse("TOO_MANY_QUESTIONS", "PCA takes at most 3000 questions");
  const double bytes =
      8.0 * static_cast<double>(questions.count() * nodes.size()) * static_cast<double>(model.config.d_head);
  if (bytes > static_cast<double>(kMaxHeldBytes)) refuse("RESULT_TOO_LARGE", "too many nodes times questions");
}

// Labels 0, 1, 2 of the questions, and their names and counts in the result.
std::vector<int> LabelQuestions(const QuestionSource& source, PcaResult* result) {
  Questions questions;
  source.Fill(0, source.count(), &questions);
  const Operation op = questions.front().op;
  result->labels = LabelNames(op == Operation::kAdd ? FeatureKind::kST : FeatureKind::kMT);
  result->counts.assign(3, 0);
  std::vector<int> labels;
  for (const Question& question : questions) {
    if (question.op != op) {
      throw Error(ErrorKind::kInvalidArgument, "MIXED_OPERATIONS", "PCA is over questions of one operation");
    }
    labels.push_back(TriCase(question, static_cast<int>(result->digit)) + (op == Operation::kAdd ? -8 : 1));
    ++result->counts[static_cast<size_t>(labels.back())];
  }
  return labels;
}

// attn.hook_z of each node, [questions, d_head] float64.
std::vector<torch::Tensor> ReadNodes(const ActivationReader& reader, int64_t d_head, const QuestionSource& questions,
                                     const std::vector<Node>& nodes, const ProgressFn& progress) {
  const auto count = static_cast<int64_t>(questions.count());
  std::vector<torch::Tensor> activations;
  std::set<std::string> hooks;
  for (const Node& node : nodes) {
    activations.push_back(torch::empty({count, d_head}, torch::kFloat64));
    hooks.insert(HookOf(node));
  }
  reader.Read(
      questions, {hooks.begin(), hooks.end()},
      [&](uint64_t first, const Questions& batch, const ActivationReader::Values& values) {
        const auto begin = static_cast<int64_t>(first), size = static_cast<int64_t>(batch.size());
        for (size_t i = 0; i < nodes.size(); ++i) {
          activations[i]
              .slice(0, begin, begin + size)
              .copy_(values.at(HookOf(nodes[i])).select(1, nodes[i].position).select(1, nodes[i].head));
        }
      },
      progress);
  return activations;
}

// Each column over its standard deviation; one without any stays.
std::vector<double> Standardised(const torch::Tensor& scores) {
  const torch::Tensor deviation = scores.square().mean(0).sqrt();
  const torch::Tensor scaled = scores / torch::where(deviation > 0, deviation, torch::ones_like(deviation));
  const torch::Tensor flat = scaled.contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

void Cluster(const torch::Tensor& scores, const std::vector<int>& labels, uint64_t seed, PcaNode* node) {
  const std::vector<double> standardised = Standardised(scores);
  const Points points = {standardised.data(), labels.size(), static_cast<size_t>(scores.size(1))};
  for (const int k : {2, 3}) {
    const std::vector<int> clusters = KMeans(points, k, kStarts, seed);
    const std::optional<double> silhouette = Silhouette(points, clusters);
    if (!silhouette.has_value() || (node->cluster_silhouette.has_value() && *silhouette <= *node->cluster_silhouette)) {
      continue;
    }
    node->cluster_silhouette = silhouette;
    node->cluster_ch = CalinskiHarabasz(points, clusters);
    node->cluster_agreement = Agreement(clusters, labels);
    node->cluster_k = static_cast<uint32_t>(k);
  }
}

// "Understanding Addition and Subtraction in Transformers": EVR_0 > 30 %, silhouette >= 0.20, CH >= 50, agreement > 50
// %.
bool Passes(const PcaNode& node) {
  return node.evr.front() > 0.3 && node.cluster_silhouette.value_or(-1) >= 0.2 && node.cluster_ch.value_or(0) >= 50 &&
         node.cluster_agreement.value_or(0) > 0.5;
}

PcaNode Analyse(const Node& node, const torch::Tensor& activations, const std::vector<int>& labels,
                const std::vector<std::string>& names, const PcaRequest& request) {
  PcaNode result;
  result.node = node;
  const PrincipalComponents found = FindPrincipalComponents(activations, std::max<int64_t>(request.components, 2));
  result.total_variance = found.total_variance;
  if (found.total_variance < kLeastVariance) return result;
  const auto components = std::min(static_cast<int64_t>(request.components), found.evr.size(0));
  for (int64_t c = 0; c < components; ++c) result.evr.push_back(found.evr[c].item<double>());
  const torch::Tensor first_two = found.scores.slice(1, 0, 2).contiguous();
  const Points points = {first_two.data_ptr<double>(), labels.size(), static_cast<size_t>(first_two.size(1))};
  result.label_silhouette = Silhouette(points, labels);
  result.label_ch = CalinskiHarabasz(points, labels);
  Cluster(first_two, labels, request.seed, &result);
  result.passes = Passes(result);
  if (!request.with_scores) return result;
  const torch::Tensor scores = found.scores.slice(1, 0, components).to(torch::kFloat32).contiguous();
  for (size_t q = 0; q < labels.size(); ++q) {
    const float* own = scores.data_ptr<float>() + static_cast<int64_t>(q) * components;
    result.scores.push_back({names[static_cast<size_t>(labels[q])], {own, own + components}});
  }
  return result;
}

}  // namespace

PcaResult Pca(const Model& model, const QuestionSource& questions, const PcaRequest& request,
              const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  const ActivationReader reader(model);
  const std::vector<Node> nodes = NodesOf(model, reader.encoding(), request);
  Check(model, questions, nodes, request);
  PcaResult result;
  result.digit = request.digit;
  const std::vector<int> labels = LabelQuestions(questions, &result);
  const std::vector<torch::Tensor> activations =
      ReadNodes(reader, model.config.d_head, questions, nodes, Part(progress, 0, 0.5));
  for (size_t i = 0; i < nodes.size(); ++i) {
    result.nodes.push_back(Analyse(nodes[i], activations[i], labels, result.labels, request));
    if (result.nodes.back().passes) result.tags.push_back({nodes[i], "PCA:A" + std::to_string(request.digit)});
    Report(progress, 0.5 + 0.5 * static_cast<double>(i + 1) / static_cast<double>(nodes.size()));
  }
  return result;
}

}  // namespace sumscope::engine
