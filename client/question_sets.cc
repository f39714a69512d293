#include "client/question_sets.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/readable_file.h"
#include "client/unsigned.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

constexpr size_t kSetsTold = 20;

using Cells = std::vector<absl::string_view>;

absl::Status Invalid(absl::string_view text) {
  return InvalidField("QUESTION_SET_INVALID", "questions",
                      absl::StrCat("\"", text, "\" is no question set; expected uniform:10000, class:S3:150, ",
                                   "stratified:100 (per class), file:PATH or file:PATH?set=NAME"));
}

absl::Status BadFile(absl::string_view path, size_t line, absl::string_view problem) {
  return InvalidField("QUESTION_FILE_INVALID", "questions", absl::StrCat(path, " line ", line, ": ", problem));
}

bool ParseCount(absl::string_view text, uint64_t* count) {
  const std::optional<uint64_t> number = ParseUnsigned(text);
  *count = number.value_or(0);
  return number.has_value();
}

// Which cell of a line is what; -1 for a column that is not there.
struct Columns {
  int question = -1, a = -1, b = -1, op = -1, set = -1;

  explicit Columns(const Cells& header) {
    for (int i = 0; i < static_cast<int>(header.size()); ++i) {
      if (header[i] == "question") question = i;
      if (header[i] == "a") a = i;
      if (header[i] == "b") b = i;
      if (header[i] == "op") op = i;
      if (header[i] == "set") set = i;
    }
  }
  bool usable() const { return question >= 0 || (a >= 0 && b >= 0); }
};

// Reads the lines of one file into a list.
class QuestionFile {
 public:
  QuestionFile(std::string path, std::string set, v1::Operation operation)
      : path_(std::move(path)), set_(std::move(set)), operation_(operation) {}

  absl::StatusOr<v1::QuestionSet> Read() {
    SUMSCOPE_RETURN_IF_ERROR(CheckReadable(path_, Pipes::kAllowed));
    std::ifstream file(path_);
    if (!file) return NotReadable(path_, std::strerror(errno));
    const bool table = absl::EndsWith(path_, ".tsv");
    if (!table && !set_.empty()) return BadFile(path_, 1, "?set= needs a .tsv file with a header");
    for (std::string line; std::getline(file, line);) {
      ++line_;
      const absl::string_view text = absl::StripTrailingAsciiWhitespace(line);
      if (text.empty() || text[0] == '#') continue;
      SUMSCOPE_RETURN_IF_ERROR(table ? AddRow(text) : Add(text));
    }
    if (questions_.list().questions().empty()) return NothingFound();
    return std::move(questions_);
  }

 private:
  absl::Status NothingFound() const {
    if (other_sets_.empty()) return BadFile(path_, line_, "no question found");
    return InvalidField("QUESTION_FILE_INVALID", "questions",
                        absl::StrCat(path_, " has no set \"", set_, "\"; it has ", absl::StrJoin(other_sets_, ", "),
                                     other_sets_.size() < kSetsTold ? "" : " and perhaps more"));
  }

  absl::Status AddRow(absl::string_view text) {
    const Cells cells = absl::StrSplit(text, '\t');
    if (!columns_) {
      columns_ = std::make_unique<Columns>(cells);
      if (!columns_->usable()) return BadFile(path_, line_, "the header needs columns a and b, or question");
      if (!set_.empty() && columns_->set < 0) return BadFile(path_, line_, "?set= needs a column set");
      return absl::OkStatus();
    }
    const auto cell = [&](int column) {
      return column >= 0 && column < static_cast<int>(cells.size()) ? cells[column] : absl::string_view();
    };
    if (!set_.empty() && cell(columns_->set) != set_) {
      if (other_sets_.size() < kSetsTold) other_sets_.emplace(cell(columns_->set));
      return absl::OkStatus();
    }
    if (columns_->question >= 0) return Add(cell(columns_->question));
    const absl::string_view op = columns_->op >= 0 ? cell(columns_->op) : operation_ == v1::SUB ? "-" : "+";
    return Add(absl::StrCat(cell(columns_->a), op, cell(columns_->b)));
  }

  absl::Status Add(absl::string_view question) {
    const absl::string_view text = absl::StripAsciiWhitespace(question);
    if (text.find_first_not_of("0123456789+-") != absl::string_view::npos || text.empty()) {
      return BadFile(path_, line_, absl::StrCat("\"", text.substr(0, 60), "\" is no question like 12345+67890"));
    }
    bytes_ += text.size() + 2;
    const int count = questions_.list().questions_size() + 1;
    if (count > static_cast<int>(limits::kMaxInlineQuestions) || bytes_ > limits::kMaxMessageBytes - (64 << 10)) {
      return InvalidField("QUESTIONS_OUT_OF_RANGE", "questions",
                          absl::StrCat(path_, " has more questions than one request takes: at most ",
                                       limits::kMaxInlineQuestions, ", and 4 MiB"));
    }
    questions_.mutable_list()->add_questions(std::string(text));
    return absl::OkStatus();
  }

  const std::string path_, set_;
  const v1::Operation operation_;
  std::unique_ptr<Columns> columns_;
  std::set<std::string> other_sets_;  // that were not asked for
  size_t line_ = 0, bytes_ = 0;
  v1::QuestionSet questions_;
};

}  // namespace

absl::StatusOr<v1::QuestionSet> ParseQuestionSet(absl::string_view text, v1::Operation operation) {
  const std::pair<absl::string_view, absl::string_view> kind = absl::StrSplit(text, absl::MaxSplits(':', 1));
  v1::QuestionSet questions;
  uint64_t count = 0;
  if (kind.first == "uniform" && ParseCount(kind.second, &count)) {
    questions.mutable_uniform()->set_count(count);
    return questions;
  }
  if (kind.first == "stratified" && ParseCount(kind.second, &count)) {
    questions.mutable_stratified()->set_count_per_class(count);
    return questions;
  }
  if (kind.first == "class") {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(kind.second, absl::MaxSplits(':', 1));
    if (parts.first.empty() || !ParseCount(parts.second, &count)) return Invalid(text);
    questions.mutable_of_class()->set_question_class(std::string(parts.first));
    questions.mutable_of_class()->set_count(count);
    return questions;
  }
  if (kind.first == "file" && !kind.second.empty()) {
    const size_t query = kind.second.rfind("?set=");
    const absl::string_view set = query == absl::string_view::npos ? "" : kind.second.substr(query + 5);
    return QuestionFile(std::string(kind.second.substr(0, query)), std::string(set), operation).Read();
  }
  return Invalid(text);
}

}  // namespace sumscope::client
