#include "server/worker/analyses/analyses.h"

// The list: one line a kind. RunX is defined in the file of its name; a macro, so that a new kind is one line here.
#define SUMSCOPE_ANALYSES(RUN)      \
  RUN(evaluate, RunEvaluate)        \
  RUN(attention, RunAttention)      \
  RUN(ablate, RunAblate)            \
  RUN(useful_nodes, RunUsefulNodes) \
  RUN(patch, RunPatch)              \
  RUN(subtasks, RunSubtasks)        \
  RUN(pca, RunPca)                  \
  RUN(linear_probe, RunLinearProbe) \
  RUN(attribution, RunAttribution)  \
  RUN(phases, RunPhases)            \
  RUN(cascades, RunCascades)        \
  RUN(algorithm, RunAlgorithm)      \
  RUN(ask, RunAsk)                  \
  RUN(capture, RunCapture)          \
  /* the next kind above this line */

namespace sumscope::worker {

#define SUMSCOPE_DECLARE_ANALYSIS(kind, run) AnalysisOutcome run(const AnalysisInput& input);
SUMSCOPE_ANALYSES(SUMSCOPE_DECLARE_ANALYSIS)
#undef SUMSCOPE_DECLARE_ANALYSIS

RunAnalysis FindAnalysis(absl::string_view kind) {
  struct Entry {
    absl::string_view kind;
    RunAnalysis run;
  };
#define SUMSCOPE_LIST_ANALYSIS(kind, run) {#kind, run},
  static constexpr Entry kAll[] = {SUMSCOPE_ANALYSES(SUMSCOPE_LIST_ANALYSIS)};
#undef SUMSCOPE_LIST_ANALYSIS
  for (const Entry& entry : kAll) {
    if (entry.kind == kind) return entry.run;
  }
  return nullptr;
}

}  // namespace sumscope::worker
