#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_WORK_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_WORK_H_

#include "proto/contract/model_cost.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Goals: the work of an analysis, near enough for a predicted time within about twice. Non-goals: caches, the cost of
// small tensors.
//  - An answer needs of the last layer the answer rows alone. A generated one needs every row once, since keys and
//    values of what is written are kept; of a single layer no more than one that is forced.
//  - An intervention computes its own row, and below it the rows that may see it.

// Store/clean pairs that a complete set asks: those of the caller, and the standard ones of its tasks. SA, MD and ND
// have two pairs whatever the digit, GT two of each, the others one.
double CountPairs(const v1::PairQuestions& pairs);

// Questions of the look-back verdict: per digit and length of carry chain, of every operation that the run knows.
double VerdictQuestions(const v1::TrainSpec& spec, uint32_t per_cell);

struct AnalysisWork {
  Work answering;    // plain answers
  Work intervening;  // everything that keeps activations
};

// Work of a complete request over `questions` questions or pairs, the verdict's own not counted among them.
AnalysisWork WorkOfAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request, double questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_WORK_H_
