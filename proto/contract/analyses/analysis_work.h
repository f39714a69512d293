#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_WORK_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_WORK_H_

#include <string>

#include "google/protobuf/repeated_field.h"
#include "proto/contract/models/model_cost.h"
#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Goals: the work of an analysis, near enough for a predicted time within about twice. Non-goals: caches, the cost of
// small tensors.
//  - An answer needs of the last layer the answer rows alone. A generated one needs every row once, since keys and
//    values of what is written are kept; of a single layer no more than one that is forced.
//  - Most models of one layer answer by tables (table_cost.h), and so do their interventions.
//  - An intervention computes its own row, and below it the rows that may see it.
struct AnalysisWork {
  Work answering;    // plain answers
  Work intervening;  // everything that keeps activations
};
inline AnalysisWork Answering(const Work& work) { return {work, {}}; }
inline AnalysisWork Intervening(const Work& work) { return {{}, work}; }

// Store/clean pairs that a complete set asks: those of the caller, and the standard ones of its tasks. SA, MD and ND
// have two pairs whatever the digit, GT two of each, the others one.
double CountPairs(const v1::PairQuestions& pairs);

// One generated answer, by forward passes.
Work WorkOfGenerated(const v1::TrainSpec& spec);

// Answers given the true digits, the losses of some of them, and answers that are generated: by tables where the model
// has them, which losses cost beside the answers, else by forward passes, which have them anyway.
struct AnswerCounts {
  double forced = 0, losses = 0, generated = 0;
};
Work WorkOfAnswers(const v1::TrainSpec& spec, const AnswerCounts& counts);

// Node sets of two sweeps, and what they take. The map ablates every head and MLP at every row, of all questions; the
// patches write every head from the operator on, and with `head_pairs` every pair of heads of one layer, of one.
double MapNodes(const v1::TrainSpec& spec);
Work WorkOfMap(const v1::TrainSpec& spec, v1::AblationMode mode, double questions);
Work WorkOfMapByPasses(const v1::TrainSpec& spec, v1::AblationMode mode, double questions);
double PatchedNodes(const v1::TrainSpec& spec, bool head_pairs);
Work WorkOfPatches(const v1::TrainSpec& spec, bool head_pairs);

// Interventions of one question in the named sets, each from its lowest layer and row on.
Work WorkOfSets(const v1::TrainSpec& spec, const google::protobuf::RepeatedPtrField<std::string>& sets);

// Of all `questions` of a request with `sets` node sets: by tables where they pay, which compute `rows` of every
// question's answer rows, as they are and changed; else `by_passes`.
Work WorkOfChanges(const v1::TrainSpec& spec, double questions, double sets, double rows, const Work& by_passes);
// Answer rows that every head and, with `head_pairs`, every pair of heads changes; that the named sets change.
double ChangedRows(const v1::TrainSpec& spec, bool head_pairs);
double ChangedRows(const v1::TrainSpec& spec, const google::protobuf::RepeatedPtrField<std::string>& sets);

// Passes that a mode needs before anything is ablated: its means, or those of the donors.
double ModePasses(v1::AblationMode mode);

// The search for sub-tasks: the map, the patterns of all questions, and the patches of every task.
double SubtaskNodes(const v1::TrainSpec& spec);
Work WorkOfSubtasks(const v1::TrainSpec& spec, v1::AblationMode mode, double questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_ANALYSIS_WORK_H_
