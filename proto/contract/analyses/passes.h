#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_PASSES_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_PASSES_H_

#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Goals: the work of an analysis in forward passes of one question over every row of every layer, near enough for a
// predicted time within about twice. Non-goals: caches, the cost of small tensors.
//  - An answer needs of the last layer the answer rows alone; a generated one every row once, since keys and values of
//    what is written are kept.
//  - An intervention computes its own row, and below it the rows that may see it.

// Store/clean pairs that a complete set asks: those of the caller, and the standard ones of its tasks. SA, MD and ND
// have two pairs whatever the digit, GT two of each, the others one.
double CountPairs(const v1::PairQuestions& pairs);

// Questions of the look-back verdict: per digit and length of carry chain, of every operation that the run knows.
double VerdictQuestions(const v1::TrainSpec& spec, uint32_t per_cell);

// Passes of a complete request over `questions` questions or pairs, the verdict's own not counted among them.
double CountPasses(const v1::TrainSpec& spec, const v1::AnalysisRequest& request, double questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_PASSES_H_
