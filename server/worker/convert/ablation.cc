#include "server/worker/convert/ablation.h"

#include <vector>

#include "server/engine/data/classes.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

api::Operation FromEngine(engine::Operation operation) {
  switch (operation) {
    case engine::Operation::kAdd:
      return api::ADD;
    case engine::Operation::kSub:
      return api::SUB;
    case engine::Operation::kMul:
      return api::MUL;
  }
  return api::OPERATION_UNSPECIFIED;
}

}  // namespace

engine::AblationMode ToEngine(api::AblationMode mode) {
  return mode == api::ZERO       ? engine::AblationMode::kZero
         : mode == api::RESAMPLE ? engine::AblationMode::kResample
                                 : engine::AblationMode::kMean;
}

api::AblationBaseline FromEngine(const engine::AblationBaseline& from) {
  api::AblationBaseline to;
  to.set_questions(Narrow(from.questions));
  to.set_right(Narrow(from.right));
  to.set_failed(Narrow(from.questions - from.right));
  for (const uint64_t count : from.failed_digits) to.add_failed_digits(Narrow(count));
  to.set_loss(from.loss);
  to.set_near_ties(Narrow(from.near_ties));
  return to;
}

api::AblatedNodes FromEngine(const engine::Ablated& from, const engine::Encoding& encoding, uint64_t right) {
  api::AblatedNodes to;
  to.set_nodes(engine::NodeSetText(from.nodes));
  to.set_failed(Narrow(from.failed));
  for (const uint64_t count : from.failed_digits) to.add_failed_digits(Narrow(count));
  to.set_failed_of_right(Narrow(from.failed_of_right));
  std::vector<bool> failing;
  for (const uint64_t count : from.failed_digits_of_right) {
    to.add_failed_digits_of_right(Narrow(count));
    failing.push_back(count > 0);
  }
  to.set_fail_percent(static_cast<uint32_t>(from.FailPercent(right)));
  to.set_impact(engine::DigitsText(encoding, from.changed_digits));
  to.set_failing_digits(engine::DigitsText(encoding, failing));
  to.set_loss(from.loss);
  to.set_near_ties(Narrow(from.near_ties));
  to.set_moved_l2(from.moved_l2);
  for (const engine::ClassHits& hits : from.classes) {
    api::ClassHits* converted = to.add_classes();
    converted->set_question_class(engine::ClassName(hits.question_class));
    converted->set_right(Narrow(hits.right));
    converted->set_failed(Narrow(hits.failed));
  }
  if (from.operations.size() > 1) {
    for (const engine::OperationHits& hits : from.operations) {
      api::OperationHits* converted = to.add_operations();
      converted->set_operation(FromEngine(hits.operation));
      converted->set_right(Narrow(hits.right));
      converted->set_failed(Narrow(hits.failed));
    }
  }
  return to;
}

}  // namespace sumscope::worker
