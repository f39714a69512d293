#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_COST_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_COST_H_

#include <cstdint>
#include <string>

#include "proto/contract/analyses/analysis_work.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// What an analysis takes, from shapes alone. Of an analysis that the server answers by itself nothing but `nodes`.
struct AnalysisCost {
  double questions = 0;  // in all, those that the analysis draws itself included
  double nodes = 1;      // node sets that are ablated or patched; 1 where none are
  AnalysisWork work;
  uint64_t memory_bytes = 0;  // of the worker, beside its libraries
  uint64_t disk_bytes = 0;    // of a capture
};

// The cost of such work about so many questions, for a worker that holds `held_bytes` beside the weights.
AnalysisCost CostOfWork(const v1::TrainSpec& spec, double questions, const AnalysisWork& work, double held_bytes);
// The same of one forward pass a question, whose activations are looked at.
AnalysisCost CostOfPasses(const v1::TrainSpec& spec, double questions, double held_bytes);

// Questions of one forward pass, where there are as many: the engine's batches (a test holds them equal), not rounded.
// For answers and patterns; for interventions.
double AskedAtOnce(const v1::TrainSpec& spec);
double IntervenedAtOnce(const v1::TrainSpec& spec);

// Bytes that forward passes hold, of as many questions as the engine asks at once: answers keep one layer and the table
// of the first one's attention over every token at every position, and the tables that answer; interventions and looks
// at patterns keep all layers, sweeps of interventions their tables as well; what reads activations keeps a bounded
// chunk of them.
double AnsweringBytes(const v1::TrainSpec& spec, double questions);
double InterveningBytes(const v1::TrainSpec& spec, double questions);
double SweepingBytes(const v1::TrainSpec& spec, double questions);
double LookingBytes(const v1::TrainSpec& spec, double questions);
double ReadingBytes(const v1::TrainSpec& spec, double questions);

// Values of one hook for one question at so many positions.
double HookValues(const v1::TrainSpec& spec, const std::string& hook, double positions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_COST_H_
