#ifndef SUMSCOPE_SERVER_JOBS_TASKS_HEADLINE_H_
#define SUMSCOPE_SERVER_JOBS_TASKS_HEADLINE_H_

#include "storage/catalog/headlines.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// What an answer says of a run of `spec` as a whole: the exact match of an evaluation of uniform questions of all that
// the run adds and subtracts, or the look-back verdict of `cascades` or `algorithm`. Empty for any other answer.
storage::Headline HeadlineOf(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                             const v1::AnalysisResult& result);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_TASKS_HEADLINE_H_
