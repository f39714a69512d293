// sumscope probe RUN phases: when each digit was learnt.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  std::optional<uint64_t> window;
  std::optional<double> penalty, learnt_below;
};

}  // namespace

void AddPhases(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::PhasesRequest* const phases = request->mutable_phases();
    if (options->window) phases->set_window(static_cast<uint32_t>(*options->window));
    if (options->penalty) phases->set_penalty(*options->penalty);
    if (options->learnt_below) phases->set_learnt_below(*options->learnt_below);
    return absl::OkStatus();
  };
  const Command command =
      family->Add("phases", "Phases of training: change points of each digit's loss, and the order of learning",
                  ProbeFamily::Questions::kNone, fill);
  command.AddUnsigned("--window", &options->window, "steps of one median (default 50)",
                      std::numeric_limits<uint32_t>::max());
  command.AddNumber("--penalty", &options->penalty,
                    "multiplies what a boundary must explain: 2 gives fewer phases, 0.5 more (default 1)");
  command.AddNumber("--learnt-below", &options->learnt_below, "loss below which a digit is learnt (default 0.1)");
}

}  // namespace sumscope::client
