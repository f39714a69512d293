#ifndef SUMSCOPE_TESTS_BENCHMARKS_PAPER_SPEC_H_
#define SUMSCOPE_TESTS_BENCHMARKS_PAPER_SPEC_H_

#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// Paper 1's model, its format and its data.
inline TrainSpec PaperSpec() {
  TrainSpec spec;
  spec.format = Format::kPlain;
  spec.schedule = ScheduleKind::kPaper1;
  spec.enrichment = Enrichment::kPaper1;
  return spec;
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_BENCHMARKS_PAPER_SPEC_H_
