#include "server/jobs/tasks/headline.h"

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/models/look_back.h"
#include "proto/contract/names/tasks.h"

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
  const AnalysisKind& kind = KindOf(result);
  storage::Headline headline;
  if (const v1::EvaluateResult* const evaluated = kind.Evaluation(result)) {
    if (!questions.has_uniform() || !IsWhole(spec, questions.operation()) || !evaluated->has_exact()) return headline;
    const v1::Rate& exact = evaluated->exact();
    headline.accuracy = {exact.rate(), exact.count(),
                         evaluated->has_nines() ? evaluated->nines() : FloorOfLog10(exact.count())};
  } else if (const v1::CascadesResult* const verdict = kind.Verdict(result)) {
    if (const auto whole = Summarize(*verdict); whole && CanShow(kReadsAbove, QuestionsPerCell(*verdict))) {
      headline.look_back = {whole->reads_to, whole->sure_to, whole->exact, QuestionsPerCell(*verdict)};
    }
  }
  return headline;
}

}  // namespace sumscope::jobs
