#include "client/questions/question_sets.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/base/unsigned.h"
#include "client/connection/pages.h"
#include "client/questions/question_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

using Halves = std::pair<absl::string_view, absl::string_view>;

Halves SplitOnce(absl::string_view text, char at) { return absl::StrSplit(text, absl::MaxSplits(at, 1)); }

bool ParseCount(absl::string_view text, uint64_t* count) {
  const std::optional<uint64_t> number = ParseUnsigned(text);
  *count = number.value_or(0);
  return number.has_value();
}

// S3:150
bool ParseClass(absl::string_view text, v1::ClassQuestions* of_class) {
  const Halves parts = SplitOnce(text, ':');
  uint64_t count = 0;
  if (parts.first.empty() || !ParseCount(parts.second, &count)) return false;
  of_class->set_question_class(std::string(parts.first));
  of_class->set_count(count);
  return true;
}

// D2:100 or 2:100
bool ParseTricase(absl::string_view text, v1::TricaseQuestions* tricase) {
  const Halves parts = SplitOnce(text, ':');
  const std::optional<uint64_t> digit = ParseDigit(parts.first);
  uint64_t count = 0;
  if (!digit || !ParseCount(parts.second, &count)) return false;
  tricase->set_digit(static_cast<uint32_t>(*digit));
  tricase->set_count_per_case(count);
  return true;
}

// A2.SA,SC
bool ParseTasks(absl::string_view text, v1::PairQuestions* pairs) {
  for (const absl::string_view task : absl::StrSplit(text, ',')) {
    if (task.empty()) return false;
    pairs->add_tasks(std::string(task));
  }
  return true;
}

// 22222+11111/55555+44444,..
bool ParsePairs(absl::string_view text, v1::PairQuestions* pairs) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const Halves pair = SplitOnce(part, '/');
    if (pair.first.empty() || pair.second.empty() || absl::StrContains(pair.second, '/')) return false;
    v1::StoreCleanPair* const added = pairs->add_pairs();
    added->set_store(std::string(pair.first));
    added->set_clean(std::string(pair.second));
  }
  return true;
}

constexpr size_t kHexDigits = 64;
constexpr size_t kMinHashPrefix = 12;  // as many as tables show

// A hash, or enough of its beginning.
bool IsHash(absl::string_view text) {
  return text.size() >= kMinHashPrefix && text.size() <= kHexDigits &&
         text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

// Every kind but a file. False for text that is none.
bool ParseKind(absl::string_view kind, absl::string_view rest, v1::QuestionSet* questions) {
  uint64_t count = 0;
  if (kind == "class") return ParseClass(rest, questions->mutable_of_class());
  if (kind == "tricase") return ParseTricase(rest, questions->mutable_tricase());
  if (kind == "tasks") return ParseTasks(rest, questions->mutable_pairs());
  if (kind == "pairs") return ParsePairs(rest, questions->mutable_pairs());
  if (kind == "sha256") {
    questions->mutable_uploaded()->set_sha256(std::string(rest));
    return IsHash(rest);
  }
  if (!ParseCount(rest, &count)) return false;
  if (kind == "uniform") {
    questions->mutable_uniform()->set_count(count);
  } else if (kind == "stratified") {
    questions->mutable_stratified()->set_count_per_class(count);
  } else if (kind == "enriched") {
    questions->mutable_enriched()->set_count(count);
  }
  return questions->kind_case() != v1::QuestionSet::KIND_NOT_SET;
}

}  // namespace

absl::StatusOr<v1::QuestionSet> ParseQuestionSet(absl::string_view text, v1::Operation operation,
                                                 const InputPatience& patience) {
  const Halves kind = SplitOnce(text, ':');
  if (kind.first == "file" && !kind.second.empty()) return ReadQuestionFile(kind.second, operation, patience);
  v1::QuestionSet questions;
  if (ParseKind(kind.first, kind.second, &questions)) return questions;
  return InvalidField("QUESTION_SET_INVALID", "questions",
                      absl::StrCat(Quote(text), " is no question set; expected ", kQuestionsHelp));
}

absl::Status CompleteHash(Connection& connection, v1::QuestionSet* questions) {
  const std::string prefix = questions->uploaded().sha256();
  if (prefix.empty() || prefix.size() == kHexDigits) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListQuestionSetsResponse all,
                            ReadPages(
                                v1::ListQuestionSetsRequest(), /*limit=*/0,
                                [&](const v1::ListQuestionSetsRequest& page) { return connection.Call(page); },
                                &v1::ListQuestionSetsResponse::mutable_question_sets));
  std::string found;
  for (const v1::UploadedQuestionSet& set : all.question_sets()) {
    if (!absl::StartsWith(set.sha256(), prefix)) continue;
    if (!found.empty()) {
      return InvalidField("QUESTION_SET_AMBIGUOUS", "questions",
                          absl::StrCat("several uploaded lists begin with sha256:", prefix, ": give more of the hash"));
    }
    found = set.sha256();
  }
  if (found.empty()) {
    return ExplainMissingList(MakeError(absl::StatusCode::kNotFound, "QUESTION_SET_NOT_FOUND",
                                        absl::StrCat("no uploaded list of questions begins with sha256:", prefix)));
  }
  questions->mutable_uploaded()->set_sha256(found);
  return absl::OkStatus();
}

absl::Status ExplainMissingList(const absl::Status& status) {
  if (ErrorReason(status) != "QUESTION_SET_NOT_FOUND") return status;
  const absl::string_view problem = status.message();
  return MakeError(status.code(), "QUESTION_SET_NOT_FOUND",
                   absl::StrCat(problem.substr(0, problem.find(';')), ": only lists of more than ",
                                limits::kMaxInlineQuestions, " questions or ", limits::kMaxMessageBytes >> 20,
                                " MiB are stored. Ask a shorter one again with file:PATH."));
}

bool NeedsUpload(const v1::QuestionSet& questions) {
  constexpr size_t kRoom = 64 << 10;  // for the rest of the request
  return questions.list().questions_size() > static_cast<int>(limits::kMaxInlineQuestions) ||
         questions.list().ByteSizeLong() > limits::kMaxMessageBytes - kRoom;
}

absl::Status UploadList(Connection& connection, uint32_t n_digits, v1::QuestionSet* questions) {
  std::string lines;
  for (const std::string& question : questions->list().questions()) absl::StrAppend(&lines, question, "\n");
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::UploadedQuestionSet uploaded, connection.UploadQuestionSet(n_digits, lines));
  questions->mutable_uploaded()->set_sha256(uploaded.sha256());
  return absl::OkStatus();
}

}  // namespace sumscope::client
