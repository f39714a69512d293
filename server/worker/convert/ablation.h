#ifndef SUMSCOPE_SERVER_WORKER_CONVERT_ABLATION_H_
#define SUMSCOPE_SERVER_WORKER_CONVERT_ABLATION_H_

#include <cstdint>

#include "server/engine/data/encoding.h"
#include "server/engine/probing/interventions/ablation.h"
#include "sumscope/v1/probes.pb.h"

// Messages of ablations, which several analyses have.
namespace sumscope::worker {

engine::AblationMode ToEngine(sumscope::v1::AblationMode mode);
sumscope::v1::AblationBaseline FromEngine(const engine::AblationBaseline& baseline);
// `right`: questions that the model answers right without any ablation.
sumscope::v1::AblatedNodes FromEngine(const engine::Ablated& ablated, const engine::Encoding& encoding, uint64_t right);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_CONVERT_ABLATION_H_
