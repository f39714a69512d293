#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_PASSES_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_PASSES_H_

#include <string>

#include "google/protobuf/repeated_field.h"
#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Goals: the work of an analysis in forward passes of one question over every row of every layer, near enough for a
// predicted time within about twice. Non-goals: caches, the cost of small tensors.
//  - An answer needs of the last layer the answer rows alone; a generated one every row once, since keys and values of
//    what is written are kept.
//  - An intervention computes its own row, and below it the rows that may see it.
// Passes are of all questions together, shares of one question.

// Store/clean pairs that a complete set asks: those of the caller, and the standard ones of its tasks. SA, MD and ND
// have two pairs whatever the digit, GT two of each, the others one.
double CountPairs(const v1::PairQuestions& pairs);

// Node sets of two sweeps, and what they take. The map ablates every head and MLP at every row; the patches write every
// head from the operator on, and with `head_pairs` every pair of heads of one layer.
double MapNodes(const v1::TrainSpec& spec);
double MapPasses(const v1::TrainSpec& spec, v1::AblationMode mode, double questions);
double PatchedNodes(const v1::TrainSpec& spec, bool head_pairs);
double PatchShares(const v1::TrainSpec& spec, bool head_pairs);

// Interventions in the named sets, each from its lowest layer and row on.
double SetShares(const v1::TrainSpec& spec, const google::protobuf::RepeatedPtrField<std::string>& sets);

// Passes that a mode needs before anything is ablated: its means, or those of the donors.
double ModePasses(v1::AblationMode mode);

// The search for sub-tasks: the map, the patterns of all questions, and the patches of every task.
double SubtaskNodes(const v1::TrainSpec& spec);
double SubtaskPasses(const v1::TrainSpec& spec, v1::AblationMode mode, double questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_PASSES_H_
