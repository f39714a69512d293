#include "server/jobs/analyses/headline.h"

#include "proto/contract/look_back.h"
#include "proto/contract/tasks.h"

namespace sumscope::jobs {
namespace {

// Whether uniform questions of `operation` ask for all that the run does.
bool IsWhole(const v1::TrainSpec& spec, v1::Operation operation) {
  return operation == (RunHasOperation(spec, v1::MIX) ? v1::MIX : spec.operation());
}

uint32_t FloorOfLog10(uint32_t count) {
  uint32_t log = 0;
  for (; count >= 10; count /= 10) ++log;
  return log;
}

}  // namespace

storage::Headline HeadlineOf(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                             const v1::AnalysisResult& result) {
  storage::Headline headline;
  if (result.has_evaluate()) {
    const v1::EvaluateResult& evaluated = result.evaluate();
    if (!questions.has_uniform() || !IsWhole(spec, questions.operation()) || !evaluated.has_exact()) return headline;
    const v1::Rate& exact = evaluated.exact();
    headline.accuracy = {exact.rate(), exact.count(),
                         evaluated.has_nines() ? evaluated.nines() : FloorOfLog10(exact.count())};
    return headline;
  }
  const v1::CascadesResult& verdict = result.has_algorithm() ? result.algorithm().verdict() : result.cascades();
  if (const auto whole = Summarize(verdict); whole && CanShow(kReadsAbove, QuestionsPerCell(verdict))) {
    headline.look_back = {whole->reads_to, whole->sure_to, whole->exact, QuestionsPerCell(verdict)};
  }
  return headline;
}

}  // namespace sumscope::jobs
