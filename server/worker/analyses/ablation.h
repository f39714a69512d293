#ifndef SUMSCOPE_SERVER_WORKER_ANALYSES_ABLATION_H_
#define SUMSCOPE_SERVER_WORKER_ANALYSES_ABLATION_H_

#include "server/engine/data/encoding.h"
#include "server/engine/probing/interventions/ablation.h"
#include "sumscope/v1/probes.pb.h"

// Messages of ablations, which several analyses have.
namespace sumscope::worker {

engine::AblationMode ToEngine(sumscope::v1::AblationMode mode);
sumscope::v1::AblationBaseline FromEngine(const engine::AblationBaseline& baseline);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_ANALYSES_ABLATION_H_
