#ifndef SUMSCOPE_CLIENT_QUESTIONS_QUESTION_SETS_H_
#define SUMSCOPE_CLIENT_QUESTIONS_QUESTION_SETS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/connection/connection.h"
#include "client/files/input_file.h"
#include "sumscope/v1/question_sets.pb.h"

namespace sumscope::client {

// What `--questions` takes, for its help.
inline constexpr char kQuestionsHelp[] =
    "uniform:10000, enriched:N, class:S3:150, stratified:100 (per class), tricase:D2:100 (per case), "
    "tasks:A2.SA,SC or tasks:all, pairs:STORE/CLEAN[,..], sha256:HASH, file:PATH or file:PATH?COLUMN=VALUE[&..], "
    "file:- for stdin: a question a line, or a table with columns question, or a and b, and perhaps op and answer";

// What `--questions` says. Classes, tasks and operands are checked by the server, which knows the run. `operation`
// joins the columns a and b of a table without an `op` column, and is left unset in the result.
//
// A file, a pipe or - for the standard input, as it is or packed by gzip, has one question a line, 12345+67890, with or
// without spaces and an answer, which is left out; blank lines and lines that start with # are skipped. A table (.tsv,
// or anything whose first line says so) has a header with columns `question`, or `a` and `b` and perhaps `op`, parted
// by tabs or commas; ?COLUMN=VALUE takes the lines with that value. A wrong answer, in a column `answer` too, is an
// error.
//
// INVALID_ARGUMENT QUESTION_SET_INVALID, QUESTION_FILE_INVALID, QUESTIONS_OUT_OF_RANGE; NOT_FOUND FILE_NOT_READABLE;
// INVALID_ARGUMENT FILE_NOT_REGULAR; errors of TextLines.
absl::StatusOr<v1::QuestionSet> ParseQuestionSet(absl::string_view text, v1::Operation operation,
                                                 const InputPatience& patience);

// Completes `sha256:` and the beginning of a hash (12 digits or more) of an uploaded list. NOT_FOUND
// QUESTION_SET_NOT_FOUND; INVALID_ARGUMENT QUESTION_SET_AMBIGUOUS.
absl::Status CompleteHash(Connection& connection, v1::QuestionSet* questions);

// The same error of a set that the server does not have, saying which are stored: others as they are.
absl::Status ExplainMissingList(const absl::Status& status);

// Whether a list is too long for a request: more than 100,000 questions or 4 MiB.
bool NeedsUpload(const v1::QuestionSet& questions);

// Uploads such a list and names it by its hash instead; seed and operation stay. Errors of UploadQuestionSet.
absl::Status UploadList(Connection& connection, uint32_t n_digits, v1::QuestionSet* questions);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_QUESTIONS_QUESTION_SETS_H_
