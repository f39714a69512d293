#include "server/engine/probing/forward/reference.h"

#include <algorithm>

#include "server/engine/probing/evaluation/answerer.h"

namespace sumscope::engine {

Reference::Reference(const Model& model)
    : config_(model.config),
      encoding_(model.n_digits, model.format),
      device_(model.device),
      dtype_(DtypeOf(model)),
      transformer_(model.config, CheckedWeights(model.config, model.weights, model.device, dtype_)) {
  CheckEncoding(config_, encoding_);
}

void Reference::Run(uint64_t first, const Questions& questions, const std::vector<std::string>& captured, PassTo end,
                    const Take& take) const {
  const torch::NoGradGuard no_grad;
  Hooks hooks(config_);
  for (const std::string& name : captured) hooks.Capture(name);
  const torch::Tensor tokens = encoding_.Encode(questions);
  if (end == PassTo::kLastHook) hooks.EndAfterLast();
  torch::Tensor logits;
  try {
    logits = transformer_.Forward(tokens.to(device_), &hooks);
  } catch (const PassEnded&) {
  }
  take({first, questions, tokens, logits, hooks});
}

void Reference::ForEachBatch(const QuestionSource& questions, const std::vector<std::string>& captured, PassTo end,
                             int64_t batch_size, const ProgressFn& progress, const Take& take) const {
  const uint64_t total = questions.count(), step = static_cast<uint64_t>(batch_size);
  Questions batch;
  for (uint64_t first = 0; first < total; first += step) {
    questions.Fill(first, std::min(step, total - first), &batch);
    Run(first, batch, captured, end, take);
    Report(progress, static_cast<double>(first + batch.size()) / static_cast<double>(total));
  }
}

}  // namespace sumscope::engine
