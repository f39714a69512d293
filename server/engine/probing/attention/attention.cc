#include "server/engine/probing/attention/attention.h"

#include <string>

#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/forward/reference.h"

namespace sumscope::engine {
namespace {

std::vector<float> Floats(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kCPU, torch::kFloat32).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

}  // namespace

AttentionResult Attention(const Model& model, const QuestionSource& questions, const AttentionRequest& request,
                          const ProgressFn& progress) {
  const Reference reference(model);
  const Encoding& encoding = reference.encoding();
  const int64_t first_row = request.all_rows ? 0 : encoding.first_answer_row();
  const int64_t end_row = request.all_rows ? encoding.n_ctx() : first_row + encoding.n_answer();
  AttentionResult result;
  result.questions = questions.count();
  std::vector<std::string> names;
  for (int64_t layer = 0; layer < model.config.n_layers; ++layer) {
    names.push_back("blocks." + std::to_string(layer) + ".attn.hook_pattern");
    for (int64_t head = 0; head < model.config.n_heads; ++head) {
      AttentionHead entry{layer, head, {}};
      for (int64_t row = first_row; row < end_row; ++row) entry.rows.push_back({row, {}, {}});
      result.heads.push_back(std::move(entry));
    }
  }
  std::vector<torch::Tensor> sums(names.size());  // [n_heads, rows, n_ctx]
  const auto add = [&](const ReferenceBatch& batch) {
    for (size_t l = 0; l < names.size(); ++l) {
      const torch::Tensor pattern = batch.hooks.captured().at(names[l]).slice(2, first_row, end_row);
      const torch::Tensor sum = pattern.sum(0, /*keepdim=*/false, torch::kFloat64);
      sums[l] = sums[l].defined() ? sums[l] + sum : sum;
      if (!request.per_question) continue;
      for (int64_t head = 0; head < model.config.n_heads; ++head) {
        auto& rows = result.heads[l * static_cast<size_t>(model.config.n_heads) + static_cast<size_t>(head)].rows;
        for (int64_t q = 0; q < pattern.size(0); ++q) {
          for (size_t r = 0; r < rows.size(); ++r) {
            rows[r].of_question.push_back(Floats(pattern[q][head][static_cast<int64_t>(r)]));
          }
        }
      }
    }
  };
  reference.ForEachBatch(questions, names, PassTo::kLastHook, BatchSize(model.config), progress, add);
  for (AttentionHead& head : result.heads) {
    const torch::Tensor mean =
        sums[static_cast<size_t>(head.layer)][head.head] / static_cast<double>(questions.count());
    for (size_t r = 0; r < head.rows.size(); ++r) head.rows[r].weights = Floats(mean[static_cast<int64_t>(r)]);
  }
  return result;
}

}  // namespace sumscope::engine
