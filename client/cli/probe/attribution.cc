// sumscope probe RUN[@STEP] attribution: what each component adds to the true token's logit.
#include "client/cli/probe/probe_family.h"

namespace sumscope::client {

void AddAttribution(ProbeFamily* family) {
  family->Add("attribution", "What each head and MLP adds to the logit of the true token",
              ProbeFamily::Questions::kTaken, [](v1::AnalysisRequest* request) {
                request->mutable_attribution();
                return absl::OkStatus();
              });
}

}  // namespace sumscope::client
