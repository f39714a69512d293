#ifndef SUMSCOPE_SERVER_WORKER_ANALYSES_VERDICT_H_
#define SUMSCOPE_SERVER_WORKER_ANALYSES_VERDICT_H_

#include <string>

#include "server/engine/probing/evaluation/cascades.h"
#include "sumscope/v1/probes.pb.h"

namespace sumscope::worker {

// The verdict on one digit (science.md section 5): kappa = (right - other) / per_cell with an interval of at least 95
// %, and the two grades (proto/contract/models/look_back.h). The interval is that of the shares of right and other,
// each Clopper and Pearson's: lower = lower(right) - upper(other). Where no answer is neither, right + other = per_cell
// and this is the exact interval of 2 right / per_cell - 1; else it is wider than needed, for Var(right - other) <=
// (sd(right) + sd(other))^2.
sumscope::v1::LookBackDigit Judge(const engine::LookBackDigit& digit, uint32_t per_cell);

// The clause that every carry is looked back all the way, which takes the higher grade of every digit: it does not hold
// where a digit fails, and is not testable where none does and the questions of one are too few to show it.
sumscope::v1::AlgorithmClause LookBackClause(
    const std::string& name, const google::protobuf::RepeatedPtrField<sumscope::v1::LookBackDigit>& digits);

// The whole result, with the Bayes floors at the measured k beside the measured loss.
sumscope::v1::CascadesResult FromEngine(const engine::CascadesResult& result, const engine::Encoding& encoding);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_ANALYSES_VERDICT_H_
