#include "proto/contract/analyses/cost.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "proto/contract/models/model_cost.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/models/table_cost.h"

namespace sumscope {
namespace {

constexpr uint64_t kWeightCopies = 4;  // as sent, of the model, of the probe's own forward pass, and laid out for it
constexpr double kBatch = 512;         // questions that the engine asks at most at once

// What the shapes below are made of.
struct Sizes {
  explicit Sizes(const v1::TrainSpec& spec)
      : n_ctx(ContextLength(spec)),
        layers(spec.n_layers()),
        d_model(spec.d_model()),
        d_mlp(spec.d_mlp()),
        heads(spec.n_heads()),
        width(1.0 * spec.n_heads() * spec.d_head()),
        tokens(static_cast<double>(VocabularySize(spec))) {
    const ModelCost cost = CostOf(spec);
    element = static_cast<double>(cost.element_bytes);
    row = static_cast<double>(cost.row_activation);
  }
  double n_ctx, layers, d_model, d_mlp, heads, width, tokens, element, row;
};

double Bounded(double questions) { return std::clamp(questions, 1.0, kBatch); }

double AskedAtOnce(const Sizes& of) {
  constexpr double kBatchFlops = 30e9, kTableBytes = 256 << 20;
  return Bounded(std::min(kBatchFlops / (4 * of.layers * of.d_model * (2 * of.width + of.d_mlp) * of.n_ctx),
                          kTableBytes / (12 * of.n_ctx * of.heads * of.n_ctx * of.tokens)));
}

double IntervenedAtOnce(const Sizes& of) {
  constexpr double kPassBytes = 256 << 20;
  return Bounded(kPassBytes /
                 (8 * of.n_ctx * (of.layers * (3 * of.d_model + of.d_mlp / 4 + 3 * of.width) + of.d_model)));
}

}  // namespace

double AskedAtOnce(const v1::TrainSpec& spec) { return AskedAtOnce(Sizes(spec)); }

double IntervenedAtOnce(const v1::TrainSpec& spec) { return IntervenedAtOnce(Sizes(spec)); }

AnalysisCost CostOfWork(const v1::TrainSpec& spec, double questions, const AnalysisWork& work, double held_bytes) {
  const ModelCost model = CostOf(spec);
  AnalysisCost cost;
  cost.questions = questions;
  cost.work = work;
  cost.memory_bytes = kWeightCopies * model.element_bytes * model.parameters + static_cast<uint64_t>(held_bytes);
  return cost;
}

AnalysisCost CostOfPasses(const v1::TrainSpec& spec, double questions, double held_bytes) {
  return CostOfWork(spec, questions, Intervening(questions * WorkOfPass(spec)), held_bytes);
}

double AnsweringBytes(const v1::TrainSpec& spec, double questions) {
  const Sizes of(spec);
  return of.element * of.n_ctx * std::min(questions, AskedAtOnce(of)) *
             (of.row / of.layers + 3.0 * of.heads * of.n_ctx * of.tokens) +
         (AnswersByTables(spec) ? TableBytes(spec) : 0);
}

double InterveningBytes(const v1::TrainSpec& spec, double questions) {
  const Sizes of(spec);
  return of.element * of.n_ctx * of.row * std::min(questions, IntervenedAtOnce(of));
}

double SweepingBytes(const v1::TrainSpec& spec, double questions) {
  return InterveningBytes(spec, questions) + (AnswersByTables(spec) ? TableBytes(spec) : 0);
}

double LookingBytes(const v1::TrainSpec& spec, double questions) {
  const Sizes of(spec);
  return of.element * of.n_ctx * of.row * std::min(questions, AskedAtOnce(of));
}

double ReadingBytes(const v1::TrainSpec& spec, double questions) {
  constexpr double kReadBytes = 128 << 20;
  const Sizes of(spec);
  return std::min(of.element * of.n_ctx * of.row * questions, kReadBytes);
}

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

}  // namespace sumscope
