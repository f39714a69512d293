#include "client/questions/question_file.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files/text_lines.h"
#include "client/questions/question_text.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/questions/listed_questions.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

constexpr size_t kValuesTold = 20;
constexpr int kMaxQuestionsOfAFile = 1'000'000;  // as many as an uploaded list may have

using Cells = std::vector<std::string>;
using Filters = std::map<std::string, std::string>;  // column -> value that it must have

absl::Status BadFile(absl::string_view path, size_t line, absl::string_view problem) {
  return InvalidField("QUESTION_FILE_INVALID", "questions", absl::StrCat(path, " line ", line, ": ", problem));
}

// Reads the lines of one file into a list.
class QuestionFile {
 public:
  // With a `spec` of a run each question must be one of it.
  QuestionFile(std::string path, Filters filters, v1::Operation operation, const v1::TrainSpec* spec)
      : path_(std::move(path)),
        must_be_table_(absl::EndsWith(absl::StripSuffix(path_, ".gz"), ".tsv")),
        filters_(std::move(filters)),
        operation_(operation),
        spec_(spec) {}

  absl::StatusOr<v1::QuestionSet> Read(const InputPatience& patience) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, InputFile::Open(path_, patience));
    TextLines lines(std::move(file));
    for (std::string line;;) {
      SUMSCOPE_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
      if (!more) break;
      ++line_;
      absl::string_view text = absl::StripSuffix(line, "\r");
      if (line_ == 1) text = absl::StripPrefix(text, "\xEF\xBB\xBF");  // a byte-order mark
      if (absl::StripAsciiWhitespace(text).empty() || text[0] == '#') continue;
      SUMSCOPE_RETURN_IF_ERROR(std::exchange(first_, false) ? AddFirst(text) : AddLine(text));
    }
    if (questions_.list().questions().empty()) return NothingFound();
    return std::move(questions_);
  }

 private:
  absl::Status NothingFound() const {
    for (const auto& [column, value] : filters_) {
      const auto seen = values_.find(column);
      if (seen == values_.end() || seen->second.count(value) > 0) continue;
      return InvalidField(
          "QUESTION_FILE_INVALID", "questions",
          absl::StrCat(path_, " has no ", column, " ", Quote(value), "; it has ", absl::StrJoin(seen->second, ", "),
                       seen->second.size() < kValuesTold ? "" : " and perhaps more"));
    }
    return InvalidField(
        "QUESTION_FILE_INVALID", "questions",
        absl::StrCat(path_, filters_.empty() ? " holds no question" : " has no line with all of these"));
  }

  // The first line says whether the file is a table: it then names the columns.
  absl::Status AddFirst(absl::string_view text) {
    const char delimiter = must_be_table_ || absl::StrContains(text, '\t') ? '\t' : ',';
    const Cells cells = CellsOf(text, delimiter);
    const auto has = [&cells](absl::string_view name) { return absl::c_linear_search(cells, name); };
    if (has("question") || (has("a") && has("b"))) {
      delimiter_ = delimiter;
      return ReadHeader(cells);
    }
    if (must_be_table_) return BadFile(path_, line_, "the header needs columns a and b, or question");
    if (!filters_.empty()) {
      return BadFile(path_, line_,
                     absl::StrCat("?", filters_.begin()->first, "= needs a header that names the columns: a and b, or ",
                                  "question, and ", filters_.begin()->first));
    }
    return AddLine(text);
  }

  absl::Status AddLine(absl::string_view text) { return columns_.empty() ? Add(text) : AddRow(text); }

  absl::Status ReadHeader(const Cells& cells) {
    for (size_t i = 0; i < cells.size(); ++i) columns_.emplace(cells[i], i);
    for (const auto& [column, value] : filters_) {
      if (columns_.count(column) == 0) {
        return BadFile(path_, line_, absl::StrCat("?", column, "= needs a column ", column));
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddRow(absl::string_view text) {
    const Cells cells = CellsOf(text, delimiter_);
    const auto cell = [&](const std::string& column) {
      const auto index = columns_.find(column);
      return index != columns_.end() && index->second < cells.size() ? absl::string_view(cells[index->second])
                                                                     : absl::string_view();
    };
    bool wanted = true;
    for (const auto& [column, value] : filters_) {
      std::set<std::string>& values = values_[column];
      if (values.size() < kValuesTold) values.emplace(cell(column));
      wanted = wanted && cell(column) == value;
    }
    if (!wanted) return absl::OkStatus();
    const absl::string_view sign = operation_ == v1::SUB ? "-" : operation_ == v1::MUL ? "*" : "+";
    const std::string question = columns_.count("question") > 0
                                     ? std::string(cell("question"))
                                     : absl::StrCat(cell("a"), columns_.count("op") > 0 ? cell("op") : sign, cell("b"));
    if (cell("answer").empty()) return Add(question);
    SUMSCOPE_RETURN_IF_ERROR(CheckAnswer(absl::StrCat(question.substr(0, question.find('=')), "=", cell("answer"))));
    return Add(question);
  }

  // Of a question with its answer.
  absl::Status CheckAnswer(absl::string_view text) const {
    const std::optional<std::string> question = QuestionOf(text.substr(0, text.find('=')));
    if (!question) {
      return BadFile(path_, line_,
                     absl::StrCat(Quote(absl::StripAsciiWhitespace(text)), " is no question like 12345+67890"));
    }
    if (!QuestionOf(text)) {
      const absl::string_view answer = absl::StripAsciiWhitespace(text.substr(text.find('=') + 1));
      return BadFile(path_, line_,
                     absl::StrCat("the answer ", Quote(answer), " of ", *question,
                                  " is no number; leave it empty where none is known"));
    }
    const std::string wrong = WrongAnswerOf(text);
    return wrong.empty() ? absl::OkStatus() : BadFile(path_, line_, wrong);
  }

  absl::Status Add(absl::string_view question) {
    SUMSCOPE_RETURN_IF_ERROR(CheckAnswer(question));
    const std::string text = *QuestionOf(question);
    if (questions_.list().questions_size() == kMaxQuestionsOfAFile) {
      return InvalidField("QUESTIONS_OUT_OF_RANGE", "questions",
                          absl::StrCat(path_, " has more than ", kMaxQuestionsOfAFile, " questions"));
    }
    if (spec_ != nullptr) {
      std::string checked = text;
      v1::Operation is = v1::OPERATION_UNSPECIFIED;
      SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestionOfRun(*spec_, "questions", absl::StrCat(path_, " line ", line_, ":"),
                                                      operation_, &checked, &is));
    }
    questions_.mutable_list()->add_questions(text);
    return absl::OkStatus();
  }

  const std::string path_;
  const bool must_be_table_;
  const Filters filters_;
  const v1::Operation operation_;
  const v1::TrainSpec* const spec_;
  std::map<std::string, size_t> columns_;                // of a table, once its header was read
  std::map<std::string, std::set<std::string>> values_;  // that the filtered columns have
  size_t line_ = 0;
  bool first_ = true;   // no line with something on it came yet
  char delimiter_ = 0;  // of a table
  v1::QuestionSet questions_;
};

}  // namespace

absl::StatusOr<v1::QuestionSet> ReadQuestionFile(absl::string_view text, v1::Operation operation,
                                                 const InputPatience& patience, const v1::TrainSpec* spec) {
  const size_t query = text.rfind('?');
  Filters filters;
  absl::string_view path = text;
  if (query != absl::string_view::npos && absl::StrContains(text.substr(query), '=')) {
    path = text.substr(0, query);
    for (const absl::string_view part : absl::StrSplit(text.substr(query + 1), '&')) {
      const std::pair<std::string, std::string> filter = absl::StrSplit(part, absl::MaxSplits('=', 1));
      if (filter.first.empty() || !absl::StrContains(part, '=')) {
        return InvalidField("QUESTION_SET_INVALID", "questions",
                            absl::StrCat(Quote(part), " is not of the form column=value"));
      }
      if (!filters.insert(filter).second) {
        return InvalidField("QUESTION_SET_INVALID", "questions",
                            absl::StrCat(Quote(part), " asks a second time for ", filter.first,
                                         ": a line has one value in a column, so ask for each apart"));
      }
    }
  }
  return QuestionFile(std::string(path), std::move(filters), operation, spec).Read(patience);
}

}  // namespace sumscope::client
