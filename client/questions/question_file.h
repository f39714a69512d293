#ifndef SUMSCOPE_CLIENT_QUESTIONS_QUESTION_FILE_H_
#define SUMSCOPE_CLIENT_QUESTIONS_QUESTION_FILE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/files/input_file.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::client {

// PATH or PATH?column=value[&column=value]: the questions of a file as a list, at most 1,000,000. Described in
// question_sets.h. With the spec of a run the first line that this run cannot be asked is an error too, of
// NormaliseQuestionOfRun.
absl::StatusOr<v1::QuestionSet> ReadQuestionFile(absl::string_view text, v1::Operation operation,
                                                 const InputPatience& patience, const v1::TrainSpec* spec = nullptr);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_QUESTIONS_QUESTION_FILE_H_
