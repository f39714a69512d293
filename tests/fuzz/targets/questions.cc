// Files of questions and what is written on a line: the client's reader, the server's of uploads, and the contract's of
// requests, which must agree.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/questions/question_file.h"
#include "client/questions/question_sets.h"
#include "client/questions/question_text.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/questions/listed_questions.h"
#include "proto/contract/questions/question_sets.h"
#include "server/rpc/questions/question_text.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

// Nothing here waits: the file is a regular one.
client::InputPatience NoPatience() {
  static client::Cancellation* const cancellation = new client::Cancellation;
  static client::RealSleeper* const sleeper = new client::RealSleeper(cancellation);
  return {sleeper, cancellation};
}

// The true answer of a question whose operands are short, by other means than the code under test.
std::optional<std::string> AnswerOf(const std::string& question) {
  const size_t sign = question.find_first_of("+-*");
  constexpr size_t kShort = 40;  // zeros in front included
  uint32_t left = 0, right = 0;
  if (question.size() > kShort || !absl::SimpleAtoi(question.substr(0, sign), &left) ||
      !absl::SimpleAtoi(question.substr(sign + 1), &right)) {
    return std::nullopt;
  }
  const int64_t a = left, b = right;
  if (question[sign] == '*') return absl::StrCat(static_cast<uint64_t>(left) * right);
  return absl::StrCat(question[sign] == '+' ? a + b : a - b);
}

void CheckLine(const v1::TrainSpec& spec, absl::string_view line) {
  const auto question = client::QuestionOf(line);
  if (!question.has_value()) return Require(client::WrongAnswerOf(line).empty(), "no question has no wrong answer");
  Require(client::QuestionOf(*question) == question, "a question is read as the same");
  if (const auto answer = AnswerOf(*question)) {
    RequireEqual(client::WrongAnswerOf(absl::StrCat(*question, "=", *answer)), "", "the true answer is not wrong");
    Require(!client::WrongAnswerOf(absl::StrCat(*question, "=", *answer, "0")).empty() || *answer == "0",
            "another answer is wrong");
  }
  std::string normal = *question;
  v1::Operation operation = v1::OPERATION_UNSPECIFIED;
  const absl::Status taken = NormaliseQuestionOfRun(spec, "questions", "question 1", operation, &normal, &operation);
  if (!taken.ok()) return RequireToldWell(taken);
  Require(normal.size() == 2 * spec.n_digits() + 1, "both operands are padded");
  std::string again = normal;
  const absl::Status same = NormaliseQuestionOfRun(spec, "questions", "question 1", operation, &again, &operation);
  Require(same.ok() && again == normal, "a padded question stays as it is");
}

// Quoted as RFC 4180 has it.
std::string PrintCells(const std::vector<std::string>& cells, char delimiter) {
  return absl::StrJoin(cells, std::string(1, delimiter), [delimiter](std::string* out, absl::string_view cell) {
    absl::StrAppend(out, delimiter == ',' ? absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"")
                                          : std::string(cell));
  });
}

void CheckCells(absl::string_view line) {
  for (const char delimiter : {',', '\t'}) {
    const std::vector<std::string> cells = client::CellsOf(line, delimiter);
    Require(client::CellsOf(PrintCells(cells, delimiter), delimiter) == cells, "printed cells are read as the same");
  }
}

absl::Status Upload(rpc::QuestionText* upload, absl::string_view text, size_t cut) {
  absl::Status status = upload->Append(text.substr(0, cut));
  if (status.ok()) status = upload->Append(text.substr(std::min(cut, text.size())));
  return status.ok() ? upload->Finish() : status;
}

bool HasALongLine(absl::string_view text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.size() > 4096) return true;
  }
  return false;
}

void CheckUpload(uint32_t n_digits, absl::string_view text, size_t cut) {
  rpc::QuestionText whole(n_digits), cut_in_two(n_digits), again(n_digits);
  const absl::Status read = Upload(&whole, text, text.size());
  // The bound on a line's length is looked at where a piece ends.
  if (!HasALongLine(text)) {
    const absl::Status same = Upload(&cut_in_two, text, cut);
    Require(read == same && whole.text() == cut_in_two.text(), "a text is read alike, wherever it is cut");
  }
  if (!read.ok()) return RequireToldWell(read);
  const v1::UploadedQuestionSet& set = whole.question_set();
  Require(set.count() == set.additions() + set.subtractions() + set.products(), "a question is of one operation");
  Require(whole.text().size() == set.count() * (2 * n_digits + 2), "one padded question a line");
  for (const absl::string_view line : absl::StrSplit(whole.text(), '\n', absl::SkipEmpty())) {
    std::string question(line);
    v1::Operation operation = v1::OPERATION_UNSPECIFIED;
    const absl::Status taken = NormaliseQuestion(n_digits, "questions", "question 1", &question, &operation);
    // Whether a product fits is asked when the list is.
    Require(taken.ok() || ErrorReason(taken) == "PRODUCT_TOO_LONG", "what is uploaded can be asked");
  }
  Require(Upload(&again, whole.text(), whole.text().size()).ok() && again.text() == whole.text() &&
              again.question_set().sha256() == set.sha256(),
          "what is stored is read as the same");
}

void CheckFile(const v1::TrainSpec& spec, absl::string_view text, absl::string_view filter) {
  static const int file = memfd_create("questions", MFD_CLOEXEC);
  const bool written =
      ftruncate(file, 0) == 0 && pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  Require(written, "a file in memory is written");
  const std::string path = absl::StrCat("/proc/self/fd/", file, filter);
  const auto questions = client::ReadQuestionFile(path, v1::OPERATION_UNSPECIFIED, NoPatience(), &spec);
  if (!questions.ok()) return RequireToldWell(questions.status());
  Require(questions->list().questions_size() > 0, "a file that is taken has questions");
  v1::QuestionSet complete = *questions;
  const absl::Status completed = CompleteQuestions(spec, QuestionRules(), &complete);
  Require(completed.ok() || ErrorReason(completed) != "QUESTION_INVALID", "a run is asked what its file holds");
}

void CheckSet(const v1::TrainSpec& spec, absl::string_view text) {
  if (absl::StartsWith(text, "file:")) return;  // of this machine
  const auto questions = client::ParseQuestionSet(text, v1::OPERATION_UNSPECIFIED, NoPatience());
  if (!questions.ok()) return RequireToldWell(questions.status());
  v1::QuestionSet complete = *questions;
  QuestionRules rules;
  rules.takes = complete.has_pairs() ? QuestionRules::Takes::kPairs : QuestionRules::Takes::kQuestions;
  if (const absl::Status completed = CompleteQuestions(spec, rules, &complete); !completed.ok()) {
    return RequireToldWell(completed);
  }
  const auto count = CountQuestions(spec, complete);
  Require(!count.has_value() || (*count > 0 && *count <= rules.max_count), "a set holds as many as allowed");
  v1::QuestionSet again = complete;
  Require(CompleteQuestions(spec, rules, &again).ok(), "a complete set is taken");
  RequireEqual(again.DebugString(), complete.DebugString(), "a complete set stays as it is");
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  const std::string shapes[] = {std::string("\x04\x03\x00\x00\x07", 5), std::string("\x00\x03\x00\x00\x01", 5)};
  for (const std::string& shape : shapes) {
    for (const char* text :
         {"12345+67890\n1-2\n3*4\n", "# mine\r\n 12345 + 67890 = +080235\r\n\r\n00001+00002", "a\tb\n1\t2\n3\t4\n",
          "a,b,op,answer,set\n1,2,+,3,S0\n\"5\",\"4\",-,1,\"M,\"\"0\"\n", "question,set\n1+2,S0\n5-4,M0\n",
          "12345+67890", " 1 - 2 = -1 ", "99999*1", "uniform:10000", "enriched:5", "class:S3:150", "stratified:100",
          "tricase:D2:100", "tasks:A2.SA,SC", "tasks:all", "pairs:22222+11111/55555+44444", "\x1f\x8b\x08"}) {
      corpus.seeds.push_back(absl::StrCat(shape, text));
    }
  }
  corpus.words = {"+",
                  "-",
                  "*",
                  "=",
                  "\n",
                  "\r\n",
                  "#",
                  "\t",
                  ",",
                  "\"",
                  "a\tb",
                  "a,b\n",
                  "op",
                  "answer",
                  "question",
                  "uniform:",
                  "class:M4+:",
                  "class:",
                  "pairs:",
                  "/",
                  "tasks:",
                  "sha256:",
                  "A1.",
                  "0",
                  "00000000000000000000",
                  "1000000000",
                  "\xef\xbb\xbf",
                  " "};
  return corpus;
}

}  // namespace sumscope::fuzz

// A shape, a place to cut, then a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  const v1::TrainSpec spec = fuzz::TakeSpec(&input);
  const size_t cut = input.Byte();
  const absl::string_view text = input.Rest();
  fuzz::CheckLine(spec, text.substr(0, text.find('\n')));
  fuzz::CheckCells(text.substr(0, text.find('\n')));
  fuzz::CheckUpload(spec.n_digits(), text, cut);
  fuzz::CheckFile(spec, text, cut % 4 == 0 ? "?set=S0" : "");
  fuzz::CheckSet(spec, text);
  return 0;
}
