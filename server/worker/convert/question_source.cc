#include "server/worker/convert/question_source.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "server/worker/convert/conversion.h"

namespace sumscope::worker {
namespace {

using sumscope::v1::QuestionSet;

engine::Questions ReadLines(absl::string_view text, int n) {
  engine::Questions questions;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    questions.push_back(engine::ParseQuestion({line.data(), line.size()}, n));
  }
  return questions;
}

}  // namespace

absl::StatusOr<std::unique_ptr<engine::QuestionSource>> MakeSource(const QuestionSet& set,
                                                                   const sumscope::v1::TrainSpec& spec,
                                                                   const std::string& uploaded_text) {
  sumscope::v1::TrainSpec of_set = spec;
  if (set.has_operation()) of_set.set_operation(set.operation());
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec asked, ToEngine(of_set));
  const int n = asked.n_digits;
  switch (set.kind_case()) {
    case QuestionSet::kUniform:
      return engine::UniformSource(asked.operation, n, set.uniform().count(), set.seed());
    case QuestionSet::kOfClass:
      return engine::ClassSource(engine::ParseClass(set.of_class().question_class()), n, set.of_class().count(),
                                 set.seed());
    case QuestionSet::kStratified:
      return engine::StratifiedSource(asked.operation, n, set.stratified().count_per_class(), set.seed());
    case QuestionSet::kList: {
      engine::Questions questions;
      for (const std::string& text : set.list().questions()) questions.push_back(engine::ParseQuestion(text, n));
      return engine::ListSource(std::move(questions));
    }
    case QuestionSet::kEnriched: {
      const engine::Enrichment enrichment =
          asked.enrichment == engine::Enrichment::kNone ? engine::Enrichment::kPaper2 : asked.enrichment;
      return engine::EnrichedSource(asked.operation, n, set.enriched().count(), set.seed(), enrichment);
    }
    case QuestionSet::kTricase:
      return engine::TricaseSource(engine::QuestionOperation(asked.operation), n,
                                   static_cast<int>(set.tricase().digit()), set.tricase().count_per_case(), set.seed());
    case QuestionSet::kUploaded:
      return engine::ListSource(ReadLines(uploaded_text, n));
    case QuestionSet::kPairs:
      return MakeError(absl::StatusCode::kInvalidArgument, "QUESTION_SET_HAS_PAIRS",
                       "store/clean pairs are for patch; this analysis asks single questions");
    case QuestionSet::KIND_NOT_SET:
      break;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "QUESTION_SET_MISSING", "the task has no question set");
}

}  // namespace sumscope::worker
