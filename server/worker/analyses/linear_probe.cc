#include "server/engine/probing/representations/linear_probe.h"

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/intervals.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {

AnalysisOutcome RunLinearProbe(const AnalysisInput& input) {
  const sumscope::v1::LinearProbeRequest& request = input.request().linear_probe();
  engine::LinearProbeRequest own;
  if (!request.node().empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const engine::NodeSet nodes, ToNodeSet(input.spec(), request.node()));
    own.node = nodes.front();
  } else {
    own.hook = request.hook();
    SUMSCOPE_ASSIGN_OR_RETURN(own.position, ParsePosition(input.spec(), "position", request.position()));
  }
  own.feature = engine::ParseFeature(request.feature());
  own.held_out = request.held_out();
  own.l2 = request.l2();
  own.seed = request.seed();
  const engine::LinearProbeResult result = engine::LinearProbe(input.model, *input.questions, own, input.progress);
  sumscope::v1::AnalysisResult outcome;
  sumscope::v1::LinearProbeResult* to = outcome.mutable_linear_probe();
  for (const engine::ProbeLabel& label : result.labels) {
    sumscope::v1::ProbeLabel* converted = to->add_labels();
    converted->set_label(label.label);
    converted->set_count(label.count);
  }
  to->set_trained_on(result.trained_on);
  *to->mutable_held_out() = RateOf(result.held_out.correct, result.held_out.count);
  *to->mutable_train() = RateOf(result.train.correct, result.train.count);
  *to->mutable_shuffled() = RateOf(result.shuffled.correct, result.shuffled.count);
  to->set_majority(result.majority);
  to->set_held_out_loss(result.held_out.loss);
  to->set_iterations(result.iterations);
  return outcome;
}

}  // namespace sumscope::worker
