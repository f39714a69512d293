#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_ATTENTION_ATTRIBUTION_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_ATTENTION_ATTRIBUTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

struct AttributionPart {
  std::string component;       // embed_pos; L0H1 (hook_result, without b_O), L0.b_O, L0.MLP (with b_out); constant
  std::vector<double> logits;  // per answer token, mean over the questions
};
struct AttributionResult {
  uint64_t questions = 0;
  std::vector<double> true_logit;      // per answer token, mean over the questions
  std::vector<AttributionPart> parts;  // they add up to true_logit
  double largest_sum_error = 0;        // |sum of the parts - logit| over single questions and rows
};

// Analysis 8 of science.md section 6: direct logit attribution to the true answer token t at each answer row. A
// component c [d_model] of the final residual stream gives ((c - mean(c)) / ln_final.hook_scale * ln_final.w) . W_U[:,
// t] with that question's and row's own scale; constant is ln_final.b . W_U[:, t] + b_U[t]. Throws what Reference
// throws.
AttributionResult Attribution(const Model& model, const QuestionSource& questions,
                              const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_ATTENTION_ATTRIBUTION_H_
