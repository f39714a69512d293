#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_ATTENTION_ATTENTION_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_ATTENTION_ATTENTION_H_

#include <cstdint>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

struct AttentionRequest {
  bool all_rows = false;      // every query row, not only the answer rows
  bool per_question = false;  // also the pattern of each question
};
struct AttentionRow {
  int64_t position = 0;                         // of the query
  std::vector<float> weights;                   // [n_ctx], mean over the questions, by key position
  std::vector<std::vector<float>> of_question;  // with per_question, in their order: [n_ctx] each
};
struct AttentionHead {
  int64_t layer = 0, head = 0;
  std::vector<AttentionRow> rows;  // in order
};
struct AttentionResult {
  uint64_t questions = 0;
  std::vector<AttentionHead> heads;  // layer 0 first
};

// Analysis 2 of science.md section 6: the mean of attn.hook_pattern, accumulated in double. Throws what Reference
// throws.
AttentionResult Attention(const Model& model, const QuestionSource& questions, const AttentionRequest& request,
                          const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_ATTENTION_ATTENTION_H_
