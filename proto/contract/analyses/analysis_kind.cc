#include "proto/contract/analyses/analysis_kind.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope {
namespace {

absl::Status CheckUploaded(const QuestionRules& rules, const v1::UploadedQuestionSet& uploaded) {
  constexpr char kField[] = "question_set.uploaded.sha256";
  if (rules.needs_columns && uploaded.products() > 0) {
    return InvalidField("TASK_NOT_APPLICABLE", kField,
                        absl::StrCat(rules.analysis, " takes additions and subtractions; ", uploaded.products(),
                                     " of the uploaded questions are products"));
  }
  if (rules.needs_one_operation && uploaded.additions() > 0 && uploaded.subtractions() > 0) {
    return InvalidField(
        "MIX_NOT_APPLICABLE", kField,
        absl::StrCat(rules.analysis, " takes questions of one operation; of the uploaded ones ", uploaded.additions(),
                     " are additions, ", uploaded.subtractions(), " subtractions"));
  }
  return CheckQuestionCount(kField, uploaded.count(), rules.max_count);
}

}  // namespace

QuestionRules AnalysisKind::Rules(const v1::TrainSpec&, const v1::AnalysisRequest&) const {
  constexpr uint64_t kDefaultQuestions = 2'000;
  QuestionRules rules;
  rules.analysis = name();
  rules.default_count = kDefaultQuestions;
  return rules;
}

absl::Status AnalysisKind::CompleteWithQuestions(const v1::TrainSpec&, const v1::QuestionSet&,
                                                 v1::AnalysisRequest*) const {
  return absl::OkStatus();
}

absl::Status AnalysisKind::CheckMetrics(absl::string_view, uint64_t, const v1::AnalysisRequest&) const {
  return absl::OkStatus();
}

absl::Status AnalysisKind::Check(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                 const v1::UploadedQuestionSet& uploaded, const v1::AnalysisRequest& request) const {
  if (questions.has_uploaded()) SUMSCOPE_RETURN_IF_ERROR(CheckUploaded(Rules(spec, request), uploaded));
  return CheckCount(spec, CountQuestions(spec, questions).value_or(uploaded.count()), request);
}

uint64_t AnalysisKind::LeastResultBytes(const v1::TrainSpec&, const v1::AnalysisPrediction&,
                                        const v1::AnalysisRequest&) const {
  return 0;
}

v1::AnalysisResult AnalysisKind::Answer(const v1::TrainSpec&, const v1::AnalysisRequest&) const { return {}; }

std::vector<v1::NodeTag> AnalysisKind::Tags(const v1::AnalysisResult&) const { return {}; }

std::optional<std::vector<std::string>> AnalysisKind::UsefulNodes(const v1::AnalysisResult&) const {
  return std::nullopt;
}

const v1::EvaluateResult* AnalysisKind::Evaluation(const v1::AnalysisResult&) const { return nullptr; }

const v1::CascadesResult* AnalysisKind::Verdict(const v1::AnalysisResult&) const { return nullptr; }

absl::Status AnalysisKind::CheckCount(const v1::TrainSpec&, uint64_t, const v1::AnalysisRequest&) const {
  return absl::OkStatus();
}

}  // namespace sumscope
