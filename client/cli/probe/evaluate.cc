// sumscope probe RUN[@STEP] evaluate: how often the model is right, and where it is wrong.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  std::optional<uint64_t> worst;
  bool generate = false;
};

}  // namespace

void AddEvaluate(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::EvaluateRequest* const evaluate = request->mutable_evaluate();
    if (options->generate) evaluate->set_generate(true);
    if (options->worst) evaluate->set_worst_count(static_cast<uint32_t>(*options->worst));
    return absl::OkStatus();
  };
  const Command command = family->Add("evaluate", "How often it is right: per digit, class, cell and cascade",
                                      ProbeFamily::Questions::kTaken, fill);
  command.AddFlag("--generate", &options->generate,
                  "let it write its answers token by token to all questions; to the first 10,000 it always does");
  command.AddUnsigned("--worst", &options->worst, "how many of the worst questions to list (default 20)",
                      std::numeric_limits<uint32_t>::max());
}

}  // namespace sumscope::client
