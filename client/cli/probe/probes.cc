#include "client/cli/probe/probes.h"

#include "proto/contract/analyses/kinds/kinds.h"

// The list: one line a kind, in the order of AnalysisRequest's fields. ProbeX() is defined in the file of its name; a
// macro, so that a new kind is one line here.
#define SUMSCOPE_PROBES(PROBE) \
  PROBE(Evaluate)              \
  PROBE(Attention)             \
  PROBE(Ablate)                \
  PROBE(UsefulNodes)           \
  PROBE(Patch)                 \
  PROBE(Subtasks)              \
  PROBE(Pca)                   \
  PROBE(LinearProbe)           \
  PROBE(Attribution)           \
  PROBE(Phases)                \
  PROBE(Cascades)              \
  PROBE(Algorithm)             \
  PROBE(Ask)                   \
  PROBE(Capture)               \
  PROBE(ImportTags)            \
  /* the next kind above this line */

namespace sumscope::client {

#define SUMSCOPE_DECLARE_PROBE(name) const Probe& Probe##name();
SUMSCOPE_PROBES(SUMSCOPE_DECLARE_PROBE)
#undef SUMSCOPE_DECLARE_PROBE

const std::vector<const Probe*>& AllProbes() {
#define SUMSCOPE_LIST_PROBE(name) &Probe##name(),
  static const auto* const kAll = new std::vector<const Probe*>{SUMSCOPE_PROBES(SUMSCOPE_LIST_PROBE)};
#undef SUMSCOPE_LIST_PROBE
  return *kAll;
}

const Probe* FindProbe(absl::string_view name) {
  for (const Probe* const probe : AllProbes()) {
    if (probe->name() == name) return probe;
  }
  return nullptr;
}

const Probe* ProbeOf(const v1::AnalysisRequest& request) { return FindProbe(KindOf(request).name()); }

const Probe* ProbeOf(const v1::AnalysisResult& result) { return FindProbe(KindOf(result).name()); }

}  // namespace sumscope::client
