// sumscope probe RUN[@STEP] patch: activations of one question written into another.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {
namespace {

struct Options {
  std::vector<std::string> nodes;
  bool head_pairs = false;
};

}  // namespace

void AddPatch(ProbeFamily* family) {
  const auto options = std::make_shared<Options>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    v1::PatchRequest* const patch = request->mutable_patch();
    for (const std::string& nodes : options->nodes) patch->add_node_sets(nodes);
    if (options->head_pairs) patch->set_head_pairs(true);
    return absl::OkStatus();
  };
  const Command command =
      family->Add("patch", "Write a store question's activations into a clean question: --questions tasks: or pairs:",
                  ProbeFamily::Questions::kTaken, fill);
  AddNodeSets(command, &options->nodes,
              "a node set to patch, again for the next one (default: every head from the operator on)");
  command.AddFlag("--head-pairs", &options->head_pairs, "without --nodes: every pair of heads of one layer too");
}

}  // namespace sumscope::client
