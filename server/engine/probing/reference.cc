#include "server/engine/probing/reference.h"

#include <algorithm>

#include "server/engine/probing/answerer.h"

namespace sumscope::engine {

void ForEachBatch(const Model& model, const QuestionSource& questions, const std::vector<std::string>& captured,
                  uint64_t batch_size, const ProgressFn& progress,
                  const std::function<void(const ReferenceBatch&)>& take) {
  const torch::NoGradGuard no_grad;
  const Encoding encoding(model.n_digits, model.format);
  CheckEncoding(model.config, encoding);
  const NamedTensors weights = CheckedWeights(model.config, model.weights, model.device, DtypeOf(model));
  const Transformer transformer(model.config, weights);
  const uint64_t total = questions.count();
  if (batch_size == 0) batch_size = static_cast<uint64_t>(BatchSize(model.config));
  Questions batch;
  for (uint64_t first = 0; first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    Hooks hooks(model.config);
    for (const std::string& name : captured) hooks.Capture(name);
    const torch::Tensor tokens = encoding.Encode(batch);
    const torch::Tensor logits = transformer.Forward(tokens.to(model.device), &hooks);
    take({first, batch, tokens, logits, hooks});
    Report(progress, static_cast<double>(first + batch.size()) / static_cast<double>(total));
  }
}

}  // namespace sumscope::engine
