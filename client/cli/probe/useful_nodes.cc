// sumscope probe RUN[@STEP] useful-nodes: every node at every position, ablated one at a time.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {

void AddUsefulNodes(ProbeFamily* family) {
  const auto options = std::make_shared<AblationOptions>();
  const auto fill = [options](v1::AnalysisRequest* request) {
    return FillAblation(*options, request->mutable_useful_nodes());
  };
  const Command command =
      family->Add("useful-nodes", "The map of all heads and MLPs at all positions: what fails without",
                  ProbeFamily::Questions::kTaken, fill);
  AddAblationOptions(command, options.get());
}

}  // namespace sumscope::client
