// sumscope probe RUN[@STEP] cascades: how far each answer digit looks back.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  std::optional<uint64_t> per_cell, seed;
};

}  // namespace

void AddCascades(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::CascadesRequest* const cascades = request->mutable_cascades();
    if (options->per_cell) cascades->set_per_cell(static_cast<uint32_t>(*options->per_cell));
    if (options->seed) cascades->set_seed(*options->seed);
    return absl::OkStatus();
  };
  const Command command =
      family->Add("cascades", "The look-back verdict: how many columns each answer digit looks back",
                  ProbeFamily::Questions::kTaken, fill);
  command.AddUnsigned("--per-cell", &options->per_cell, "questions per digit and length (default 1000)",
                      std::numeric_limits<uint32_t>::max());
  command.AddUnsigned("--seed", &options->seed, "of these questions (default 0)");
}

}  // namespace sumscope::client
