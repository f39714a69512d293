#ifndef SUMSCOPE_SERVER_JOBS_QUESTIONS_QUESTION_SETS_H_
#define SUMSCOPE_SERVER_JOBS_QUESTIONS_QUESTION_SETS_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/jobs/state/context.h"
#include "storage/catalog/actor.h"
#include "sumscope/v1/question_sets.pb.h"

namespace sumscope::jobs {

// The lists of questions that are uploaded for analyses. Thread-safe.
class QuestionSets {
 public:
  // The context outlives it.
  explicit QuestionSets(Context* context) : context_(context) {}

  // Stores the text of an uploaded question set, then what it holds; the same one again only starts its grace anew.
  // Returns it as it is stored, with name and create_time, for the actor, who uploads it.
  absl::StatusOr<v1::UploadedQuestionSet> Add(const storage::Actor& actor, v1::UploadedQuestionSet question_set,
                                              const std::string& text);

 private:
  Context* const context_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_QUESTIONS_QUESTION_SETS_H_
