#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/node_counts.h"
#include "proto/contract/analyses/question_sets.h"
#include "proto/contract/complete_spec.h"
#include "proto/contract/model_shapes.h"
#include "proto/contract/node_names.h"
#include "proto/contract/question_classes.h"
#include "proto/contract/tasks.h"
#include "server/rpc/predict.h"

namespace sumscope::rpc {
namespace {

constexpr uint64_t kWeightCopies = 4;  // as sent, of the model, of the probe's own forward pass, and laid out for it

uint64_t ClassCount(const v1::TrainSpec& spec, v1::Operation operation) {
  if (operation == v1::ADD || operation == v1::SUB) return CountQuestionClasses(operation, spec.n_digits());
  return (RunHasOperation(spec, v1::ADD) ? CountQuestionClasses(v1::ADD, spec.n_digits()) : 0) +
         (RunHasOperation(spec, v1::SUB) ? CountQuestionClasses(v1::SUB, spec.n_digits()) : 0);
}

double QuestionCount(const v1::TrainSpec& spec, const v1::QuestionSet& questions, uint64_t uploaded_count) {
  if (questions.has_pairs()) return CountPairs(questions.pairs());
  return CountQuestions(spec, questions).value_or(uploaded_count);
}

// From the operator to the last answer row.
double PatchedRows(const v1::TrainSpec& spec) { return ContextLength(spec) - 1.0 - spec.n_digits(); }

double NodeCount(const v1::TrainSpec& spec, const v1::AnalysisRequest& request) {
  const double n_ctx = ContextLength(spec), layers = spec.n_layers(), heads = spec.n_heads();
  const double map = (heads + 1) * layers * (n_ctx - 1);
  const double rows = PatchedRows(spec);
  const double singles = heads * layers * rows, pairs = heads * (heads - 1) / 2 * layers * rows;
  switch (request.kind_case()) {
    case v1::AnalysisRequest::kAblate:
      return request.ablate().node_sets_size();
    case v1::AnalysisRequest::kUsefulNodes:
      return map;
    case v1::AnalysisRequest::kPatch:
      if (request.patch().node_sets_size() > 0) return request.patch().node_sets_size();
      return singles + (request.patch().head_pairs() ? pairs : 0);
    case v1::AnalysisRequest::kSubtasks:
    case v1::AnalysisRequest::kAlgorithm:
      return map + singles + pairs;
    default:
      return 1;
  }
}

bool Intervenes(const v1::AnalysisRequest& request) {
  return request.has_ablate() || request.has_useful_nodes() || request.has_patch() || request.has_subtasks() ||
         request.has_algorithm() || request.has_ask();
}

// Asks for answers and looks at nothing else.
bool AnswersAlone(const v1::AnalysisRequest& request) { return request.has_evaluate() || request.has_cascades(); }

// Values of one hook for one question at so many positions.
double HookValues(const v1::TrainSpec& spec, const std::string& hook, double positions) {
  const auto is = [&](const char* suffix) { return absl::EndsWith(hook, suffix); };
  if (is("attn.hook_q") || is("attn.hook_k") || is("attn.hook_v") || is("attn.hook_z")) {
    return positions * spec.n_heads() * spec.d_head();
  }
  if (is("attn.hook_attn_scores") || is("attn.hook_pattern")) return positions * spec.n_heads() * ContextLength(spec);
  if (is("attn.hook_result")) return positions * spec.n_heads() * spec.d_model();
  if (is("mlp.hook_pre") || is("mlp.hook_post")) return positions * spec.d_mlp();
  if (is("hook_scale")) return positions;
  return positions * spec.d_model();
}

// What a forward pass holds, of as many questions as the engine asks at once: answers keep one layer and the table of
// the first one's attention over every token at every position, interventions and patterns keep all layers.
double PassBytes(const v1::TrainSpec& spec, const ModelCost& cost, const v1::AnalysisRequest& request,
                 double questions) {
  constexpr double kBatch = 512, kBatchFlops = 30e9, kTableBytes = 256 << 20, kSweptBytes = 256 << 20,
                   kReadBytes = 128 << 20;
  const double n_ctx = ContextLength(spec), layers = spec.n_layers(), d_model = spec.d_model(), d_mlp = spec.d_mlp();
  const double width = 1.0 * spec.n_heads() * spec.d_head();
  const double element = static_cast<double>(cost.element_bytes);
  const auto batch = [&](double most) { return std::min({questions, kBatch, std::max(1.0, most)}); };
  const auto tokens = static_cast<double>(VocabularySize(spec));
  const double asked = batch(std::min(kBatchFlops / (4 * layers * d_model * (2 * width + d_mlp) * n_ctx),
                                      kTableBytes / (12 * n_ctx * spec.n_heads() * n_ctx * tokens)));
  const double row = static_cast<double>(cost.row_activation);
  if (Intervenes(request)) {
    const double swept = batch(kSweptBytes / (8 * n_ctx * (layers * (3 * d_model + d_mlp / 4 + 3 * width) + d_model)));
    const bool looks = request.has_subtasks() || request.has_algorithm();  // at the patterns too
    return element * n_ctx * row * (looks ? std::max(asked, swept) : swept);
  }
  if (request.has_attention() || request.has_attribution()) return element * n_ctx * row * asked;
  if (!AnswersAlone(request)) return std::min(element * n_ctx * row * questions, kReadBytes);
  return element * n_ctx * asked * (row / layers + 3.0 * spec.n_heads() * n_ctx * tokens);
}

}  // namespace

std::vector<double> CapturedValues(const v1::TrainSpec& spec, const v1::CaptureRequest& request) {
  std::set<std::string> hooks;
  for (const std::string& pattern : request.hooks()) {
    const auto matched = MatchHooks(spec, "request.capture.hooks", pattern);
    if (matched.ok()) hooks.insert(matched->begin(), matched->end());
  }
  const double positions = request.positions_size() > 0 ? request.positions_size() : ContextLength(spec);
  std::vector<double> values;
  for (const std::string& hook : hooks) values.push_back(HookValues(spec, hook, positions));
  return values;
}

namespace {

double CaptureBytes(const v1::TrainSpec& spec, const v1::CaptureRequest& request, v1::Operation operation,
                    double questions) {
  const double k = request.components();
  double values = 0;
  for (const double one : CapturedValues(spec, request)) {
    switch (request.reduction()) {
      case v1::MEAN_OVER_QUESTIONS:
        values += one;
        break;
      case v1::MEAN_PER_CLASS:
        values += one * ClassCount(spec, operation);
        break;
      case v1::COMPONENTS:
        values += questions * k + (k + 1) * one + k;
        break;
      default:
        values += one * questions;
    }
  }
  const bool reduced = request.reduction() > v1::NONE;
  return values * CostOf(spec).element_bytes + (reduced ? 0 : questions * ContextLength(spec) * sizeof(int64_t));
}

// What a capture holds of all questions: hooks of at most 256 MiB together, or a larger one on its own. Components are
// of float64 values with two copies and of the smaller Gram matrix with what its decomposition needs, about 4 of it.
double HeldForCapture(const v1::TrainSpec& spec, const v1::CaptureRequest& request, double questions) {
  constexpr double kGroupBytes = 256 << 20;
  double all = 0, largest = 0, gram = 0;
  for (const double one : CapturedValues(spec, request)) {
    all += questions * one * sizeof(double);
    largest = std::max(largest, questions * one * sizeof(double));
    gram = std::max(gram, std::min(questions, one) * std::min(questions, one) * sizeof(double));
  }
  const double group = std::min(all, kGroupBytes);
  return request.reduction() == v1::COMPONENTS ? std::max(group, largest) + 2 * largest + 4 * gram : group;
}

// Bytes of what an analysis holds of all its questions at once.
double HeldBytes(const v1::TrainSpec& spec, const v1::AnalysisRequest& request, double questions) {
  if (request.has_capture()) return HeldForCapture(spec, request.capture(), questions);
  if (request.has_pca()) {
    return questions * static_cast<double>(CountPcaNodes(spec, request.pca())) * spec.d_head() * sizeof(double);
  }
  if (!request.has_linear_probe()) return 0;
  constexpr double kCopies = 4.5;  // as read, the training rows, and those again while they are standardised
  const v1::LinearProbeRequest& probe = request.linear_probe();
  const bool of_head = absl::StrContains(probe.node(), 'H');
  const double features = of_head ? spec.d_head() : HookValues(spec, probe.hook(), 1);
  return kCopies * questions * features * sizeof(double);
}

}  // namespace

v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count, const Speed& speed) {
  const ModelCost cost = CostOf(spec);
  AnalysisWork work;
  v1::AnalysisPrediction prediction;
  prediction.set_nodes(NodeCount(spec, request));
  if (request.has_import_tags()) return prediction;
  if (request.has_phases()) {  // sorts and sums of every column
    constexpr double kPerValue = 100;
    const double values = static_cast<double>(spec.steps()) * (1 + cost.rows);
    work.intervening.flops = values * kPerValue;
    prediction.set_memory_bytes(kLibraryBytes + static_cast<uint64_t>(2 * values * sizeof(double)));
  } else {
    double count = QuestionCount(spec, questions, uploaded_count);
    work = WorkOfAnalysis(spec, request, count);
    if (request.has_cascades()) count += VerdictQuestions(spec, request.cascades().per_cell());
    if (request.has_algorithm()) count += VerdictQuestions(spec, request.algorithm().per_cell());
    if (request.has_capture()) {
      prediction.set_disk_bytes(
          static_cast<uint64_t>(CaptureBytes(spec, request.capture(), questions.operation(), count)));
    }
    prediction.set_questions(count);
    prediction.set_memory_bytes(
        kLibraryBytes + kWeightCopies * cost.element_bytes * cost.parameters +
        static_cast<uint64_t>(PassBytes(spec, cost, request, count) + HeldBytes(spec, request, count)));
  }
  prediction.set_flops(work.answering.flops + work.intervening.flops);
  prediction.set_seconds(speed.AnalysisSeconds(work));
  prediction.set_measured(speed.measured);
  return prediction;
}

uint64_t LeastResultBytes(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                          const v1::AnalysisPrediction& prediction) {
  if (request.has_import_tags()) return request.import_tags().ByteSizeLong();
  if (!request.has_patch()) return 0;
  // Per pair and node set at least the predicted answer and two numbers, each with its key, and the key of them all.
  const double one = 2 + 2 + static_cast<double>(AnswerTokenNames(spec).size()) + 2 * (1 + sizeof(double));
  return static_cast<uint64_t>(prediction.questions() * prediction.nodes() * one);
}

}  // namespace sumscope::rpc
