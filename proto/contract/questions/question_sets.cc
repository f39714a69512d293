#include "proto/contract/questions/question_sets.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/questions/listed_questions.h"
#include "proto/contract/text/canonical_json.h"
#include "proto/contract/text/sha256.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultPerTricase = 100;
constexpr size_t kMessageReserve = 256 << 10;  // a stored list is sent back within an Analysis

absl::Status CheckBytes(absl::string_view field, const v1::QuestionSet& questions) {
  if (questions.ByteSizeLong() <= limits::kMaxMessageBytes - kMessageReserve) return absl::OkStatus();
  return InvalidField("QUESTIONS_OUT_OF_RANGE", field,
                      absl::StrCat("the padded questions take ", questions.ByteSizeLong(), " bytes; at most ",
                                   limits::kMaxMessageBytes - kMessageReserve, " fit: ask fewer at once"));
}

// The operation that all so far have; unset once there are two.
class CommonOperation {
 public:
  void Add(v1::Operation operation) {
    if (operation_ == v1::OPERATION_UNSPECIFIED) operation_ = operation;
    mixed_ |= operation != operation_;
  }
  void Store(v1::QuestionSet* questions) const {
    questions->clear_operation();
    if (!mixed_) questions->set_operation(operation_);
  }

 private:
  v1::Operation operation_ = v1::OPERATION_UNSPECIFIED;
  bool mixed_ = false;
};

absl::Status CompletePair(const v1::TrainSpec& spec, int index, v1::Operation asked, v1::StoreCleanPair* pair,
                          CommonOperation* common) {
  const std::string field = absl::StrCat("question_set.pairs.pairs[", index, "]");
  const std::string label = absl::StrCat("of pair ", index + 1);
  v1::Operation store = v1::OPERATION_UNSPECIFIED, clean = v1::OPERATION_UNSPECIFIED;
  SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestionOfRun(spec, field + ".store", "the store question " + label, asked,
                                                  pair->mutable_store(), &store));
  SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestionOfRun(spec, field + ".clean", "the clean question " + label, asked,
                                                  pair->mutable_clean(), &clean));
  if (store != clean) {
    return InvalidField("PAIR_OPERATIONS_DIFFER", field,
                        absl::StrCat("pair ", index + 1, ", ", pair->store(), " and ", pair->clean(),
                                     ", is of two operations; expected the same of both"));
  }
  common->Add(store);
  return absl::OkStatus();
}

absl::Status CompleteUploaded(v1::QuestionSet* questions) {
  std::string* sha256 = questions->mutable_uploaded()->mutable_sha256();
  absl::AsciiStrToLower(sha256);
  if (sha256->size() != 64 || !std::all_of(sha256->begin(), sha256->end(), absl::ascii_isxdigit)) {
    return InvalidField("QUESTION_SET_HASH_INVALID", "question_set.uploaded.sha256",
                        "uploaded.sha256 is not the hash of a question set; expected 64 hex digits");
  }
  questions->clear_seed();
  questions->clear_operation();
  return absl::OkStatus();
}

absl::Status CompleteNothing(const QuestionRules& rules, const v1::QuestionSet& questions) {
  if (questions.kind_case() == v1::QuestionSet::KIND_NOT_SET && !questions.has_seed() && !questions.has_operation()) {
    return absl::OkStatus();
  }
  return InvalidField("QUESTION_SET_NOT_TAKEN", "question_set",
                      absl::StrCat(rules.analysis, " asks no questions: leave question_set empty"));
}

// Whether these kinds of questions are what the analysis takes.
absl::Status CheckTaken(const QuestionRules& rules, const v1::QuestionSet& questions) {
  if (rules.takes == QuestionRules::Takes::kOneQuestion &&
      (!questions.has_list() || questions.list().questions_size() != 1)) {
    return InvalidField("ONE_QUESTION_WANTED", "question_set.list.questions",
                        absl::StrCat(rules.analysis, " answers exactly one question: list one"));
  }
  const bool pairs_wanted = rules.takes == QuestionRules::Takes::kPairs;
  if (questions.has_pairs() && !pairs_wanted) {
    return InvalidField("QUESTION_SET_HAS_PAIRS", "question_set.pairs",
                        absl::StrCat(rules.analysis, " takes questions, not store/clean pairs; patch takes those"));
  }
  if (!questions.has_pairs() && pairs_wanted) {
    return InvalidField(
        "PAIRS_WANTED", "question_set",
        absl::StrCat(rules.analysis, " takes store/clean pairs: give tasks such as A2.SA, or pairs, in ",
                     "question_set.pairs"));
  }
  return absl::OkStatus();
}

void FillDefault(const QuestionRules& rules, v1::QuestionSet* questions) {
  if (questions->kind_case() != v1::QuestionSet::KIND_NOT_SET) return;
  if (rules.takes == QuestionRules::Takes::kPairs) {
    questions->mutable_pairs()->add_tasks("all");
  } else if (rules.default_tricase) {
    questions->mutable_tricase()->set_digit(*rules.default_tricase);
    questions->mutable_tricase()->set_count_per_case(kDefaultPerTricase);
  } else if (rules.takes == QuestionRules::Takes::kQuestions) {
    questions->mutable_uniform()->set_count(rules.default_count);
  }
}

absl::Status CheckOperation(const QuestionRules& rules, const v1::QuestionSet& questions) {
  if (questions.has_uploaded()) return absl::OkStatus();
  const v1::Operation operation = questions.operation();
  if (rules.needs_one_operation && (operation == v1::MIX || operation == v1::OPERATION_UNSPECIFIED)) {
    return InvalidField("MIX_NOT_APPLICABLE", "question_set.operation",
                        absl::StrCat(rules.analysis, " takes questions of one operation, add or sub"));
  }
  if (rules.operation != v1::OPERATION_UNSPECIFIED && operation != rules.operation) {
    return InvalidField("TASK_NOT_APPLICABLE", "question_set.operation",
                        absl::StrCat("the feature of this ", rules.analysis, " is one of operation ",
                                     v1::Operation_Name(rules.operation), ", and so must be the questions"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckQuestionCount(absl::string_view field, uint64_t count, uint64_t maximum) {
  if (count > 0 && count <= maximum) return absl::OkStatus();
  return InvalidField(count == 0 ? "EMPTY_QUESTION_SET" : "QUESTIONS_OUT_OF_RANGE", field,
                      absl::StrCat(field, " is ", count, "; expected 1 to ", maximum));
}

absl::Status CompleteListedQuestions(const v1::TrainSpec& spec, const QuestionRules& rules,
                                     v1::QuestionSet* questions) {
  constexpr char kField[] = "question_set.list.questions";
  questions->clear_seed();
  auto* list = questions->mutable_list()->mutable_questions();
  SUMSCOPE_RETURN_IF_ERROR(
      CheckQuestionCount(kField, list->size(), std::min(rules.max_count, limits::kMaxInlineQuestions)));
  CommonOperation common;
  for (int i = 0; i < list->size(); ++i) {
    const std::string field = absl::StrCat(kField, "[", i, "]");
    v1::Operation operation = v1::OPERATION_UNSPECIFIED;
    SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestionOfRun(spec, field, absl::StrCat("question ", i + 1),
                                                    questions->operation(), list->Mutable(i), &operation));
    if (rules.needs_columns && operation == v1::MUL) {
      return InvalidField("TASK_NOT_APPLICABLE", field,
                          absl::StrCat(rules.analysis, " takes additions and subtractions, not ", list->Get(i)));
    }
    common.Add(operation);
  }
  common.Store(questions);
  return CheckBytes(kField, *questions);
}

absl::Status CompletePairs(const v1::TrainSpec& spec, v1::QuestionSet* questions) {
  constexpr char kTasks[] = "question_set.pairs.tasks";
  questions->clear_seed();
  v1::PairQuestions* pairs = questions->mutable_pairs();
  SUMSCOPE_RETURN_IF_ERROR(
      CheckQuestionCount("question_set.pairs", pairs->pairs_size() + pairs->tasks_size(), limits::kMaxPairs));
  CommonOperation common;
  for (int i = 0; i < pairs->pairs_size(); ++i) {
    SUMSCOPE_RETURN_IF_ERROR(CompletePair(spec, i, questions->operation(), pairs->mutable_pairs(i), &common));
  }
  v1::PairQuestions standard;
  std::set<std::string> seen;
  for (int i = 0; i < pairs->tasks_size(); ++i) {
    const std::string field = absl::StrCat(kTasks, "[", i, "]");
    SUMSCOPE_ASSIGN_OR_RETURN(const auto tasks, ParseTask(spec, field, pairs->tasks(i)));
    for (const TaskName& task : tasks) {
      if (questions->has_operation() && questions->operation() != task.operation) {
        return InvalidField("TASK_NOT_APPLICABLE", field,
                            absl::StrCat(TaskText(task), " is not of question_set.operation ",
                                         v1::Operation_Name(questions->operation())));
      }
      if (seen.insert(TaskText(task)).second) standard.add_tasks(TaskText(task));
      common.Add(task.operation);
    }
  }
  pairs->mutable_tasks()->Swap(standard.mutable_tasks());
  SUMSCOPE_RETURN_IF_ERROR(
      CheckQuestionCount("question_set.pairs", pairs->pairs_size() + pairs->tasks_size(), limits::kMaxPairs));
  common.Store(questions);
  return CheckBytes("question_set.pairs", *questions);
}

absl::Status CompleteQuestions(const v1::TrainSpec& spec, const QuestionRules& rules, v1::QuestionSet* questions) {
  questions->clear_sha256();
  if (rules.needs_columns) SUMSCOPE_RETURN_IF_ERROR(CheckHasColumns(spec, "request", rules.analysis));
  if (rules.takes == QuestionRules::Takes::kNothing) {
    SUMSCOPE_RETURN_IF_ERROR(CompleteNothing(rules, *questions));
  } else {
    FillDefault(rules, questions);
    SUMSCOPE_RETURN_IF_ERROR(CheckTaken(rules, *questions));
    if (questions->has_list()) {
      SUMSCOPE_RETURN_IF_ERROR(CompleteListedQuestions(spec, rules, questions));
    } else if (questions->has_pairs()) {
      SUMSCOPE_RETURN_IF_ERROR(CompletePairs(spec, questions));
    } else if (questions->has_uploaded()) {
      SUMSCOPE_RETURN_IF_ERROR(CompleteUploaded(questions));
    } else {
      SUMSCOPE_RETURN_IF_ERROR(CompleteGeneratedQuestions(spec, rules, questions));
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckOperation(rules, *questions));
  }
  questions->set_sha256(Sha256Hex(CanonicalJson(*questions)));
  return absl::OkStatus();
}

}  // namespace sumscope
