// sumscope probe RUN[@STEP] algorithm: the published algorithm's clauses, tested.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  AblationOptions ablation;
  std::optional<uint64_t> per_cell;
};

}  // namespace

void AddAlgorithm(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::AlgorithmRequest* const algorithm = request->mutable_algorithm();
    if (options->per_cell) algorithm->set_per_cell(static_cast<uint32_t>(*options->per_cell));
    return FillAblation(options->ablation, algorithm);
  };
  const Command command =
      family->Add("algorithm", "The algorithm's clauses tested against the nodes, with the look-back verdict",
                  ProbeFamily::Questions::kTaken, fill);
  AddAblationOptions(command, &options->ablation);
  command.AddUnsigned("--per-cell", &options->per_cell, "questions of the verdict per digit and length (default 1000)",
                      std::numeric_limits<uint32_t>::max());
}

}  // namespace sumscope::client
