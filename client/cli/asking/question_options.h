#ifndef SUMSCOPE_CLIENT_CLI_ASKING_QUESTION_OPTIONS_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_QUESTION_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/names.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// The questions that an analysis asks, as every command that asks some takes them.
struct QuestionOptions {
  std::string questions, operation;
  std::optional<uint64_t> seed;
};
void AddQuestionOptions(Command command, QuestionOptions* options);

// Errors of ParseQuestionSet and ParseOperation.
absl::StatusOr<v1::QuestionSet> MakeQuestionSet(Session& session, const QuestionOptions& options);

// A server that refuses a question of a list knows its place among the questions, not the line of the file that they
// came from: this finds the line, where the file can be read again. `refused` itself for any other error.
absl::Status NameBadLine(Session& session, Connection& connection, const std::string& parent,
                         const QuestionOptions& options, const absl::Status& refused);

// Uploads a list that is too long for a request, for the run (or checkpoint) `parent`.
absl::Status UploadIfLong(Connection& connection, const std::string& parent, v1::QuestionSet* questions);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_QUESTION_OPTIONS_H_
