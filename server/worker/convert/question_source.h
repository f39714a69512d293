#ifndef SUMSCOPE_SERVER_WORKER_CONVERT_QUESTION_SOURCE_H_
#define SUMSCOPE_SERVER_WORKER_CONVERT_QUESTION_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/data/sources.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::worker {

// The questions that a set names, of a run's own operation where the set names none. `uploaded_text` is that of an
// uploaded set, one question a line. Enriched questions have the run's enrichment; paper2's when it has none.
//
// INVALID_ARGUMENT QUESTION_SET_MISSING, QUESTION_SET_HAS_PAIRS (store/clean pairs are no single questions),
// SPEC_INCOMPLETE. Throws what the engine throws, also OPERATION_NOT_SUPPORTED for the tri-cases of a mixed run when
// the set names no operation.
absl::StatusOr<std::unique_ptr<engine::QuestionSource>> MakeSource(const sumscope::v1::QuestionSet& set,
                                                                   const sumscope::v1::TrainSpec& spec,
                                                                   const std::string& uploaded_text);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_CONVERT_QUESTION_SOURCE_H_
