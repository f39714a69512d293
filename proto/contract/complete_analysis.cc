#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "proto/contract/base/sha256.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/canonical_json.h"
#include "proto/contract/complete_spec.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/question_classes.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultQuestions = 10'000;
constexpr uint32_t kDefaultWorstCount = 20;
constexpr size_t kMaxShown = 60;               // characters of a bad question
constexpr size_t kMessageReserve = 256 << 10;  // a stored list is sent back within an Analysis

absl::Status CheckCount(absl::string_view field, uint64_t count, uint64_t maximum) {
  if (count == 0) {
    return InvalidField("EMPTY_QUESTION_SET", field,
                        absl::StrCat("a question set needs at least one question: set ", field, " to 1 or more"));
  }
  if (count > maximum) {
    return InvalidField("QUESTIONS_OUT_OF_RANGE", field,
                        absl::StrCat(field, " is ", count, "; expected 1 to ", maximum));
  }
  return absl::OkStatus();
}

// Whether a model of this operation can be asked such questions.
bool IsOperationOfRun(const v1::TrainSpec& spec, v1::Operation operation) {
  switch (operation) {
    case v1::ADD:
      return spec.operation() == v1::ADD || spec.operation() == v1::MIX || spec.operation() == v1::MAS;
    case v1::SUB:
      return spec.operation() == v1::SUB || spec.operation() == v1::MIX || spec.operation() == v1::MAS;
    default:
      return false;
  }
}

absl::Status NotOfRun(absl::string_view field, absl::string_view asked, const v1::TrainSpec& spec) {
  return InvalidField("OPERATION_NOT_OF_RUN", field,
                      absl::StrCat("a run of operation ", absl::AsciiStrToLower(v1::Operation_Name(spec.operation())),
                                   " cannot be asked ", asked, ": ask additions of add, mix and mas runs, subtractions",
                                   " of sub, mix and mas runs"));
}

// Fills and checks the operation of generated questions.
absl::Status CompleteOperation(const v1::TrainSpec& spec, v1::QuestionSet* questions) {
  if (questions->operation() == v1::OPERATION_UNSPECIFIED) {
    questions->set_operation(spec.operation() == v1::SUB ? v1::SUB : v1::ADD);
  }
  if (!IsOperationOfRun(spec, questions->operation())) {
    return NotOfRun("question_set.operation",
                    absl::StrCat("questions of operation ", v1::Operation_Name(questions->operation())), spec);
  }
  return absl::OkStatus();
}

absl::Status CompleteClass(const v1::TrainSpec& spec, v1::QuestionSet* questions) {
  constexpr char kField[] = "question_set.of_class.question_class";
  const std::string name = questions->of_class().question_class();
  const QuestionClassInfo* info = FindQuestionClass(name);
  if (info == nullptr) {
    const std::string known = absl::StrJoin(QuestionClasses(), ", ",
                                            [](std::string* out, const auto& one) { absl::StrAppend(out, one.name); });
    return InvalidField(
        "CLASS_UNKNOWN", kField,
        absl::StrCat("there is no question class \"", name.substr(0, kMaxShown), "\"; there are ", known));
  }
  if (info->min_digits > spec.n_digits()) {
    return InvalidField("CLASS_IMPOSSIBLE", kField,
                        absl::StrCat("questions of ", spec.n_digits(), " digits cannot be of class ", info->name,
                                     ", which needs at least ", info->min_digits));
  }
  if (questions->operation() != v1::OPERATION_UNSPECIFIED && questions->operation() != info->operation) {
    return InvalidField("CLASS_IMPOSSIBLE", kField,
                        absl::StrCat("class ", info->name, " is one of operation ", v1::Operation_Name(info->operation),
                                     ": leave question_set.operation unset"));
  }
  questions->set_operation(info->operation);
  questions->mutable_of_class()->set_question_class(std::string(info->name));
  return CheckCount("question_set.of_class.count", questions->of_class().count(), limits::kMaxQuestions);
}

absl::Status QuestionError(int index, absl::string_view question, absl::string_view problem) {
  return InvalidField("QUESTION_INVALID", absl::StrCat("question_set.list.questions[", index, "]"),
                      absl::StrCat("question ", index + 1, " \"", question.substr(0, kMaxShown), "\" ", problem));
}

std::string Padded(absl::string_view operand, uint32_t n_digits) {
  return absl::StrCat(std::string(n_digits - operand.size(), '0'), operand);
}

// Pads both operands to n digits; says which operation the question is.
absl::Status NormaliseQuestion(const v1::TrainSpec& spec, int index, std::string* question, v1::Operation* operation) {
  const absl::string_view text = absl::StripAsciiWhitespace(*question);
  const size_t sign = text.find_first_not_of("0123456789");
  if (sign == absl::string_view::npos || (text[sign] != '+' && text[sign] != '-')) {
    return QuestionError(index, text, "is not two numbers with + or - between them, like 12345+67890");
  }
  *operation = text[sign] == '+' ? v1::ADD : v1::SUB;
  const absl::string_view left = text.substr(0, sign), right = text.substr(sign + 1);
  for (const absl::string_view operand : {left, right}) {
    if (operand.empty() || !std::all_of(operand.begin(), operand.end(), absl::ascii_isdigit)) {
      return QuestionError(index, text, "is not two numbers with + or - between them, like 12345+67890");
    }
    if (operand.size() > spec.n_digits()) {
      return QuestionError(index, text,
                           absl::StrCat("has an operand of more than the run's ", spec.n_digits(), " digits"));
    }
  }
  *question = absl::StrCat(Padded(left, spec.n_digits()), text.substr(sign, 1), Padded(right, spec.n_digits()));
  return absl::OkStatus();
}

absl::Status CompleteList(const v1::TrainSpec& spec, v1::QuestionSet* questions) {
  constexpr char kField[] = "question_set.list.questions";
  questions->clear_seed();
  auto* list = questions->mutable_list()->mutable_questions();
  SUMSCOPE_RETURN_IF_ERROR(CheckCount(kField, list->size(), limits::kMaxInlineQuestions));
  const v1::Operation asked = questions->operation();
  questions->clear_operation();
  bool mixed = false;
  for (int i = 0; i < list->size(); ++i) {
    v1::Operation operation = v1::OPERATION_UNSPECIFIED;
    SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestion(spec, i, list->Mutable(i), &operation));
    const std::string field = absl::StrCat(kField, "[", i, "]");
    if (!IsOperationOfRun(spec, operation)) return NotOfRun(field, list->Get(i), spec);
    if (asked != v1::OPERATION_UNSPECIFIED && asked != operation) {
      return QuestionError(i, list->Get(i),
                           absl::StrCat("is not of question_set.operation ", v1::Operation_Name(asked)));
    }
    if (i == 0) questions->set_operation(operation);
    mixed |= operation != questions->operation();
  }
  if (mixed) questions->clear_operation();
  if (questions->ByteSizeLong() > limits::kMaxMessageBytes - kMessageReserve) {
    return InvalidField("QUESTIONS_OUT_OF_RANGE", kField,
                        absl::StrCat("the padded questions take ", questions->ByteSizeLong(), " bytes; at most ",
                                     limits::kMaxMessageBytes - kMessageReserve, " fit: ask fewer at once"));
  }
  return absl::OkStatus();
}

absl::Status CompleteQuestions(const v1::TrainSpec& spec, v1::QuestionSet* questions) {
  questions->clear_sha256();
  if (questions->kind_case() == v1::QuestionSet::KIND_NOT_SET) {
    questions->mutable_uniform()->set_count(kDefaultQuestions);
  }
  if (questions->has_list()) {
    SUMSCOPE_RETURN_IF_ERROR(CompleteList(spec, questions));
  } else {
    questions->set_seed(questions->seed());
    if (questions->has_of_class()) SUMSCOPE_RETURN_IF_ERROR(CompleteClass(spec, questions));
    SUMSCOPE_RETURN_IF_ERROR(CompleteOperation(spec, questions));
  }
  if (questions->has_uniform()) {
    SUMSCOPE_RETURN_IF_ERROR(
        CheckCount("question_set.uniform.count", questions->uniform().count(), limits::kMaxQuestions));
  } else if (questions->has_stratified()) {
    const uint64_t classes = CountQuestionClasses(questions->operation(), spec.n_digits());
    SUMSCOPE_RETURN_IF_ERROR(CheckCount("question_set.stratified.count_per_class",
                                        questions->stratified().count_per_class(), limits::kMaxQuestions / classes));
  }
  questions->set_sha256(Sha256Hex(CanonicalJson(*questions)));
  return absl::OkStatus();
}

absl::Status CompleteEvaluate(v1::EvaluateRequest* request) {
  request->set_generate(request->generate());
  if (!request->has_worst_count()) request->set_worst_count(kDefaultWorstCount);
  if (request->worst_count() > limits::kMaxWorstQuestions) {
    return InvalidField(
        "WORST_COUNT_OUT_OF_RANGE", "request.evaluate.worst_count",
        absl::StrCat("worst_count is ", request->worst_count(), "; expected 0 to ", limits::kMaxWorstQuestions));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompleteAnalysis(const v1::TrainSpec& spec, v1::AnalysisRequest* request, v1::QuestionSet* questions) {
  switch (request->kind_case()) {
    case v1::AnalysisRequest::kEvaluate:
      SUMSCOPE_RETURN_IF_ERROR(CompleteEvaluate(request->mutable_evaluate()));
      break;
    case v1::AnalysisRequest::KIND_NOT_SET:
      return InvalidField("ANALYSIS_MISSING", "request", "the request names no analysis; set request.evaluate");
  }
  return CompleteQuestions(spec, questions);
}

std::string AnalysisKind(const v1::AnalysisRequest& request) {
  const auto* oneof = v1::AnalysisRequest::descriptor()->oneof_decl(0);
  const auto* field = request.GetReflection()->GetOneofFieldDescriptor(request, oneof);
  return field == nullptr ? "" : field->name();
}

uint32_t AnalysisAlgorithmVersion(absl::string_view kind) {
  static constexpr std::pair<absl::string_view, uint32_t> kVersions[] = {{"evaluate", 1}};
  for (const auto& [name, version] : kVersions) {
    if (name == kind) return version;
  }
  return 0;
}

std::string AnalysisKey(absl::string_view checkpoint_sha256, const v1::AnalysisRequest& request,
                        absl::string_view question_set_sha256, v1::Precision precision) {
  const std::string kind = AnalysisKind(request);
  const nlohmann::json parts = {
      {"checkpoint", std::string(checkpoint_sha256)},        {"analysis", kind},
      {"algorithm_version", AnalysisAlgorithmVersion(kind)}, {"request", nlohmann::json::parse(CanonicalJson(request))},
      {"question_set", std::string(question_set_sha256)},    {"precision", v1::Precision_Name(precision)}};
  return Sha256Hex(parts.dump());
}

}  // namespace sumscope
