#include "server/rpc/questions/question_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/sha256.h"

namespace sumscope::rpc {
namespace {

constexpr size_t kMaxLineBytes = 4096;

absl::Status TooMany(absl::string_view what) {
  return MakeError(absl::StatusCode::kResourceExhausted, "QUESTIONS_OUT_OF_RANGE",
                   absl::StrCat("the list has more than ", what, "; split it into several"));
}

bool AllDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

}  // namespace

absl::Status QuestionText::LineError(absl::string_view line, absl::string_view problem) const {
  return InvalidField("QUESTION_INVALID", "data", absl::StrCat("line ", lines_, " ", Quote(line), " ", problem));
}

absl::Status QuestionText::TakeLine(absl::string_view line) {
  ++lines_;
  if (line.size() > kMaxLineBytes) return LineError(line, absl::StrCat("is longer than ", kMaxLineBytes, " bytes"));
  line = absl::StripAsciiWhitespace(line);
  if (line.empty() || line[0] == '#') return absl::OkStatus();
  const size_t sign = line.find_first_of("+-*");
  if (sign == absl::string_view::npos || !AllDigits(line.substr(0, sign)) || !AllDigits(line.substr(sign + 1))) {
    return LineError(line, "is not two numbers with +, - or * between them, like 12345+67890");
  }
  if (set_.count() == kMaxUploadedQuestions) return TooMany(absl::StrCat(kMaxUploadedQuestions, " questions"));
  const uint32_t n_digits = set_.n_digits();
  const auto append = [&](absl::string_view operand) {
    text_.append(n_digits - operand.size(), '0');
    absl::StrAppend(&text_, operand);
  };
  const absl::string_view left = line.substr(0, sign), right = line.substr(sign + 1);
  if (left.size() > n_digits || right.size() > n_digits) {
    return LineError(line, absl::StrCat("has an operand of more than ", n_digits, " digits"));
  }
  append(left);
  text_.push_back(line[sign]);
  append(right);
  text_.push_back('\n');
  set_.set_count(set_.count() + 1);
  if (line[sign] == '+') set_.set_additions(set_.additions() + 1);
  if (line[sign] == '-') set_.set_subtractions(set_.subtractions() + 1);
  if (line[sign] == '*') set_.set_products(set_.products() + 1);
  return absl::OkStatus();
}

absl::Status QuestionText::Append(absl::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > kMaxUploadedQuestionBytes) return TooMany(absl::StrCat(kMaxUploadedQuestionBytes, " bytes"));
  for (size_t end; (end = bytes.find('\n')) != absl::string_view::npos; bytes.remove_prefix(end + 1)) {
    if (partial_.empty()) {
      SUMSCOPE_RETURN_IF_ERROR(TakeLine(bytes.substr(0, end)));
    } else {
      absl::StrAppend(&partial_, bytes.substr(0, end));
      SUMSCOPE_RETURN_IF_ERROR(TakeLine(partial_));
      partial_.clear();
    }
  }
  absl::StrAppend(&partial_, bytes);
  return partial_.size() <= kMaxLineBytes ? absl::OkStatus() : TakeLine(partial_);
}

absl::Status QuestionText::Finish() {
  if (!partial_.empty()) SUMSCOPE_RETURN_IF_ERROR(TakeLine(partial_));
  partial_.clear();
  if (set_.count() == 0) {
    return InvalidField("EMPTY_QUESTION_SET", "data", "the list holds no question; write one a line, like 12345+67890");
  }
  set_.set_sha256(Sha256Hex(text_));
  return absl::OkStatus();
}

absl::Status CheckUploadedQuestions(const v1::TrainSpec& spec, const v1::UploadedQuestionSet& set) {
  constexpr char kField[] = "question_set.uploaded.sha256";
  if (set.n_digits() != spec.n_digits()) {
    return InvalidField("WRONG_DIGITS", kField,
                        absl::StrCat("the uploaded questions have ", set.n_digits(), " digits, the run has ",
                                     spec.n_digits(), "; upload them padded to ", spec.n_digits()));
  }
  const auto check = [&](uint32_t count, v1::Operation operation, const char* what) {
    if (count == 0 || RunHasOperation(spec, operation)) return absl::OkStatus();
    return InvalidField(
        "OPERATION_NOT_OF_RUN", kField,
        absl::StrCat(count, " of the uploaded questions are ", what, "; a run of operation ",
                     absl::AsciiStrToLower(v1::Operation_Name(spec.operation())), " does not know them"));
  };
  SUMSCOPE_RETURN_IF_ERROR(check(set.additions(), v1::ADD, "additions"));
  SUMSCOPE_RETURN_IF_ERROR(check(set.subtractions(), v1::SUB, "subtractions"));
  return check(set.products(), v1::MUL, "products");
}

}  // namespace sumscope::rpc
