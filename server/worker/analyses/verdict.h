#ifndef SUMSCOPE_SERVER_WORKER_ANALYSES_VERDICT_H_
#define SUMSCOPE_SERVER_WORKER_ANALYSES_VERDICT_H_

#include "server/engine/probing/cascades.h"
#include "sumscope/v1/probes.pb.h"

namespace sumscope::worker {

// The verdict on one digit (science.md section 5): kappa = 2 right / per_cell - 1 with its Clopper-Pearson interval; k
// is the number of leading m whose kappa has a lower bound above 0.5, exact when that is all of them.
sumscope::v1::LookBackDigit Judge(const engine::LookBackDigit& digit, uint32_t per_cell);

// The whole result, with the Bayes floors at the measured k beside the measured loss.
sumscope::v1::CascadesResult FromEngine(const engine::CascadesResult& result, const engine::Encoding& encoding);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_ANALYSES_VERDICT_H_
