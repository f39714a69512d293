#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_COST_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_COST_H_

#include <cstdint>
#include <string>

#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// What an analysis takes, from shapes alone. Of an analysis that the server answers by itself nothing but `nodes`.
struct AnalysisCost {
  // Whether it asks for answers and looks at nothing else, which goes several times faster.
  enum class Rate { kIntervening, kAnswering };
  Rate rate = Rate::kIntervening;
  double questions = 0;  // in all, those that the analysis draws itself included
  double nodes = 1;      // node sets that are ablated or patched; 1 where none are
  double flops = 0;
  uint64_t memory_bytes = 0;  // of the worker, beside its libraries
  uint64_t disk_bytes = 0;    // of a capture
};

// The cost of so many forward passes (passes.h) of a worker that holds `held_bytes` beside the weights.
AnalysisCost CostOfPasses(const v1::TrainSpec& spec, double questions, double passes, double held_bytes);

// Bytes that forward passes hold, of as many questions as the engine asks at once: answers keep one layer and the table
// of the first one's attention over every token at every position; interventions and looks at patterns keep all layers;
// what reads activations keeps a bounded chunk of them.
double AnsweringBytes(const v1::TrainSpec& spec, double questions);
double InterveningBytes(const v1::TrainSpec& spec, double questions);
double LookingBytes(const v1::TrainSpec& spec, double questions);
double ReadingBytes(const v1::TrainSpec& spec, double questions);

// Values of one hook for one question at so many positions.
double HookValues(const v1::TrainSpec& spec, const std::string& hook, double positions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_COST_H_
