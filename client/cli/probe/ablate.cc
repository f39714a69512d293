// sumscope probe RUN[@STEP] ablate: what fails without some nodes.
#include "client/cli/probe/probe_family.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

struct Options {
  std::vector<std::string> nodes;
  AblationOptions ablation;
};

}  // namespace

void AddAblate(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) -> absl::Status {
    v1::AblateRequest* const ablate = request->mutable_ablate();
    if (options->nodes.empty()) {
      return InvalidField("USAGE", "nodes", "say which nodes to ablate: --nodes P14L0H1, and again for the next set");
    }
    for (const std::string& nodes : options->nodes) ablate->add_node_sets(nodes);
    return FillAblation(options->ablation, ablate);
  };
  const Command command = family->Add("ablate", "What fails without some nodes", ProbeFamily::Questions::kTaken, fill);
  AddNodeSets(command, &options->nodes,
              "P14L0H1, P14L0MLP, P14L0, L0H1, L0MLP, P14 or L0, several joined by ',' are ablated together; each "
              "--nodes is ablated on its own");
  AddAblationOptions(command, &options->ablation);
}

}  // namespace sumscope::client
