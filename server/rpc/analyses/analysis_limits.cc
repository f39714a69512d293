#include "server/rpc/analyses/analysis_limits.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/node_counts.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/questions/question_sets.h"
#include "server/rpc/predictions/predict.h"

namespace sumscope::rpc {
namespace {

bool NeedsColumns(const v1::AnalysisRequest& request) {
  return request.has_subtasks() || request.has_algorithm() || request.has_pca() || request.has_linear_probe() ||
         request.has_cascades() || (request.has_capture() && request.capture().reduction() == v1::MEAN_PER_CLASS);
}

absl::Status CheckUploaded(const v1::AnalysisRequest& request, const v1::UploadedQuestionSet& uploaded) {
  constexpr char kField[] = "question_set.uploaded.sha256";
  const std::string kind = AnalysisKind(request);
  if (NeedsColumns(request) && uploaded.products() > 0) {
    return InvalidField("TASK_NOT_APPLICABLE", kField,
                        absl::StrCat(kind, " takes additions and subtractions; ", uploaded.products(),
                                     " of the uploaded questions are products"));
  }
  if (request.has_pca() && uploaded.additions() > 0 && uploaded.subtractions() > 0) {
    return InvalidField(
        "MIX_NOT_APPLICABLE", kField,
        absl::StrCat(kind, " takes questions of one operation; of the uploaded ones ", uploaded.additions(),
                     " are additions, ", uploaded.subtractions(), " subtractions"));
  }
  if (request.attention().per_question()) {
    return CheckQuestionCount(kField, uploaded.count(), limits::kMaxPatternQuestions);
  }
  return absl::OkStatus();
}

absl::Status CheckAtLeast(const v1::AnalysisRequest& request, uint64_t count, uint64_t least) {
  if (count >= least) return absl::OkStatus();
  return InvalidField("TOO_FEW_QUESTIONS", "question_set",
                      absl::StrCat(AnalysisKind(request), " is asked about ", count, " questions; it needs ", least));
}

absl::Status TooLarge(const char* field, uint64_t values, uint64_t count, absl::string_view advice) {
  return InvalidField(
      "RESULT_TOO_LARGE", field,
      absl::StrCat(values, " numbers of each of ", count, " questions take ", values * count * sizeof(double),
                   " bytes; at most ", limits::kMaxHeldBytes, " are held at once: ", advice));
}

absl::Status CheckPca(const v1::TrainSpec& spec, const v1::AnalysisRequest& request, uint64_t count) {
  SUMSCOPE_RETURN_IF_ERROR(CheckAtLeast(request, count, limits::kMinPcaQuestions));
  if (count > limits::kMaxPcaQuestions) {
    return InvalidField("TOO_MANY_QUESTIONS", "question_set",
                        absl::StrCat("pca is asked about ", count, " questions; its silhouettes compare all with all, ",
                                     "so that it takes at most ", limits::kMaxPcaQuestions));
  }
  const uint64_t values = CountPcaNodes(spec, request.pca()) * spec.d_head();
  if (values * count * sizeof(double) <= limits::kMaxHeldBytes) return absl::OkStatus();
  return TooLarge("request.pca.nodes", values, count, "name fewer nodes, or ask about fewer questions");
}

absl::Status CheckComponents(const v1::TrainSpec& spec, const v1::AnalysisRequest& request, uint64_t count) {
  constexpr char kField[] = "request.capture.hooks";
  SUMSCOPE_RETURN_IF_ERROR(CheckAtLeast(request, count, limits::kMinComponentQuestions));
  for (const double of_hook : CapturedValues(spec, request.capture())) {
    const auto values = static_cast<uint64_t>(of_hook);
    if (values > limits::kMaxComponentFeatures) {
      return InvalidField("RESULT_TOO_LARGE", kField,
                          absl::StrCat("components of ", values, " features of a hook; at most ",
                                       limits::kMaxComponentFeatures, ": name fewer positions"));
    }
    if (values * count * sizeof(double) > limits::kMaxHeldBytes) {
      return TooLarge(kField, values, count, "name fewer positions, or ask about fewer questions");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAnalysisLimits(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                 const v1::QuestionSet& questions, const v1::UploadedQuestionSet& uploaded) {
  if (questions.has_uploaded()) SUMSCOPE_RETURN_IF_ERROR(CheckUploaded(request, uploaded));
  const uint64_t count = CountQuestions(spec, questions).value_or(uploaded.count());
  if (request.has_pca()) return CheckPca(spec, request, count);
  const bool components = request.has_capture() && request.capture().reduction() == v1::COMPONENTS;
  return components ? CheckComponents(spec, request, count) : absl::OkStatus();
}

}  // namespace sumscope::rpc
