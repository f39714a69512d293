#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/questions/listed_questions.h"
#include "proto/contract/questions/question_classes.h"
#include "proto/contract/questions/question_sets.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

// Classes that a stratified set of this operation has.
uint64_t CountClasses(v1::Operation operation, uint32_t n_digits) {
  if (operation != v1::MIX) return CountQuestionClasses(operation, n_digits);
  return CountQuestionClasses(v1::ADD, n_digits) + CountQuestionClasses(v1::SUB, n_digits);
}

v1::Operation DefaultOperation(const v1::TrainSpec& spec, const QuestionRules& rules) {
  if (rules.operation != v1::OPERATION_UNSPECIFIED) return rules.operation;
  if (spec.operation() == v1::SUB || spec.operation() == v1::MUL) return spec.operation();
  return RunHasOperation(spec, v1::MIX) && !rules.needs_one_operation ? v1::MIX : v1::ADD;
}

// Fills and checks the operation of generated questions other than those of a class.
absl::Status CompleteOperation(const v1::TrainSpec& spec, const QuestionRules& rules, v1::QuestionSet* questions) {
  constexpr char kField[] = "question_set.operation";
  if (questions->operation() == v1::OPERATION_UNSPECIFIED) {
    QuestionRules own = rules;
    own.needs_one_operation |= questions->has_tricase();
    questions->set_operation(DefaultOperation(spec, own));
  }
  const v1::Operation operation = questions->operation();
  if (!RunHasOperation(spec, operation)) {
    return NotOfRun(spec, kField, absl::StrCat("questions of operation ", v1::Operation_Name(operation)));
  }
  if (operation == v1::MIX && questions->has_tricase()) {
    return InvalidField("MIX_NOT_APPLICABLE", kField, "tri-cases are of additions or of subtractions, not of both");
  }
  if (operation == v1::MUL && (rules.needs_columns || questions->has_stratified() || questions->has_tricase())) {
    return InvalidField("TASK_NOT_APPLICABLE", kField,
                        "products have no classes, tri-cases or look-back: ask for additions or subtractions");
  }
  return absl::OkStatus();
}

absl::Status CompleteClass(const v1::TrainSpec& spec, const QuestionRules& rules, v1::QuestionSet* questions) {
  constexpr char kField[] = "question_set.of_class.question_class";
  SUMSCOPE_RETURN_IF_ERROR(CheckHasColumns(spec, kField, "questions of a class"));
  const std::string name = questions->of_class().question_class();
  const QuestionClassInfo* info = FindQuestionClass(name);
  if (info == nullptr) {
    const std::string known = absl::StrJoin(QuestionClasses(), ", ",
                                            [](std::string* out, const auto& one) { absl::StrAppend(out, one.name); });
    return InvalidField("CLASS_UNKNOWN", kField,
                        absl::StrCat("there is no question class ", Quote(name), "; there are ", known));
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
  return CheckQuestionCount("question_set.of_class.count", questions->of_class().count(), rules.max_count);
}

absl::Status CheckTricase(const v1::TrainSpec& spec, const QuestionRules& rules, const v1::TricaseQuestions& tricase) {
  if (tricase.digit() >= spec.n_digits()) {
    return InvalidField("DIGIT_OUT_OF_RANGE", "question_set.tricase.digit",
                        absl::StrCat("tricase.digit is ", tricase.digit(), "; expected 0 to ", spec.n_digits() - 1));
  }
  return CheckQuestionCount("question_set.tricase.count_per_case", tricase.count_per_case(), rules.max_count / 3);
}

}  // namespace

absl::Status CompleteGeneratedQuestions(const v1::TrainSpec& spec, const QuestionRules& rules,
                                        v1::QuestionSet* questions) {
  questions->set_seed(questions->seed());
  if (questions->has_stratified() || questions->has_tricase()) {
    SUMSCOPE_RETURN_IF_ERROR(CheckHasColumns(spec, "question_set", "questions of each class or tri-case"));
  }
  if (questions->has_of_class()) SUMSCOPE_RETURN_IF_ERROR(CompleteClass(spec, rules, questions));
  SUMSCOPE_RETURN_IF_ERROR(CompleteOperation(spec, rules, questions));
  switch (questions->kind_case()) {
    case v1::QuestionSet::kUniform:
      return CheckQuestionCount("question_set.uniform.count", questions->uniform().count(), rules.max_count);
    case v1::QuestionSet::kEnriched:
      return CheckQuestionCount("question_set.enriched.count", questions->enriched().count(), rules.max_count);
    case v1::QuestionSet::kStratified:
      return CheckQuestionCount("question_set.stratified.count_per_class", questions->stratified().count_per_class(),
                                rules.max_count / CountClasses(questions->operation(), spec.n_digits()));
    case v1::QuestionSet::kTricase:
      return CheckTricase(spec, rules, questions->tricase());
    default:
      return absl::OkStatus();
  }
}

std::optional<uint64_t> CountQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions) {
  switch (questions.kind_case()) {
    case v1::QuestionSet::kUniform:
      return questions.uniform().count();
    case v1::QuestionSet::kOfClass:
      return questions.of_class().count();
    case v1::QuestionSet::kStratified:
      return questions.stratified().count_per_class() * CountClasses(questions.operation(), spec.n_digits());
    case v1::QuestionSet::kList:
      return questions.list().questions_size();
    case v1::QuestionSet::kEnriched:
      return questions.enriched().count();
    case v1::QuestionSet::kTricase:
      return 3 * questions.tricase().count_per_case();
    case v1::QuestionSet::kPairs:
      return questions.pairs().pairs_size() + questions.pairs().tasks_size();
    case v1::QuestionSet::kUploaded:
      return std::nullopt;
    case v1::QuestionSet::KIND_NOT_SET:
      return 0;
  }
  return 0;
}

}  // namespace sumscope
