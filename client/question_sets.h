#ifndef SUMSCOPE_CLIENT_QUESTION_SETS_H_
#define SUMSCOPE_CLIENT_QUESTION_SETS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// What `--questions` says: uniform:10000, class:S3:150, stratified:100, file:PATH or file:PATH?set=NAME. Classes and
// operands are checked by the server, which knows the run. `operation` joins the columns a and b of a table without an
// `op` column, and is left unset in the result.
//
// A file has one question a line, 12345+67890; blank lines and lines that start with # are skipped. A .tsv file with a
// header has columns `question`, or `a` and `b` and perhaps `op`; `?set=NAME` takes the lines whose column `set` is
// NAME.
//
// INVALID_ARGUMENT QUESTION_SET_INVALID, QUESTION_FILE_INVALID, QUESTIONS_OUT_OF_RANGE; NOT_FOUND FILE_NOT_READABLE.
absl::StatusOr<v1::QuestionSet> ParseQuestionSet(absl::string_view text, v1::Operation operation);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_QUESTION_SETS_H_
