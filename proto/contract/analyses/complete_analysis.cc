#include <map>
#include <string>

#include "nlohmann/json.hpp"
#include "proto/contract/analyses/question_sets.h"
#include "proto/contract/analyses/requests.h"
#include "proto/contract/base/sha256.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/canonical_json.h"
#include "proto/contract/complete_spec.h"
#include "proto/contract/errors.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultQuestions = 2'000;
constexpr uint64_t kDefaultCaptured = 1'000;

absl::Status CompleteRequest(const v1::TrainSpec& spec, const v1::QuestionSet& questions, v1::AnalysisRequest* request,
                             QuestionRules* rules) {
  switch (request->kind_case()) {
    case v1::AnalysisRequest::kEvaluate:
      return CompleteEvaluate(request->mutable_evaluate(), rules);
    case v1::AnalysisRequest::kAttention:
      return CompleteAttention(request->mutable_attention(), rules);
    case v1::AnalysisRequest::kAblate:
      return CompleteAblate(spec, request->mutable_ablate());
    case v1::AnalysisRequest::kUsefulNodes:
      return CompleteUsefulNodes(request->mutable_useful_nodes());
    case v1::AnalysisRequest::kPatch:
      return CompletePatch(spec, request->mutable_patch(), rules);
    case v1::AnalysisRequest::kSubtasks:
      return CompleteSubtasks(request->mutable_subtasks(), rules);
    case v1::AnalysisRequest::kPca:
      return CompletePca(spec, questions, request->mutable_pca(), rules);
    case v1::AnalysisRequest::kLinearProbe:
      return CompleteLinearProbe(spec, request->mutable_linear_probe(), rules);
    case v1::AnalysisRequest::kAttribution:
      return absl::OkStatus();
    case v1::AnalysisRequest::kPhases:
      return CompletePhases(request->mutable_phases(), rules);
    case v1::AnalysisRequest::kCascades:
      return CompleteCascades(request->mutable_cascades(), rules);
    case v1::AnalysisRequest::kAlgorithm:
      return CompleteAlgorithm(request->mutable_algorithm(), rules);
    case v1::AnalysisRequest::kAsk:
      return CompleteAsk(spec, request->mutable_ask(), rules);
    case v1::AnalysisRequest::kCapture:
      rules->default_count = kDefaultCaptured;
      return CompleteCapture(spec, request->mutable_capture(), rules);
    case v1::AnalysisRequest::kImportTags:
      return CompleteImportTags(spec, request->mutable_import_tags(), rules);
    case v1::AnalysisRequest::KIND_NOT_SET:
      break;
  }
  return InvalidField("ANALYSIS_MISSING", "request", "the request names no analysis; set one, like request.evaluate");
}

}  // namespace

absl::Status CompleteAnalysis(const v1::TrainSpec& spec, v1::AnalysisRequest* request, v1::QuestionSet* questions) {
  const std::string kind = AnalysisKind(*request);
  QuestionRules rules;
  rules.analysis = kind;
  rules.default_count = kDefaultQuestions;
  SUMSCOPE_RETURN_IF_ERROR(CompleteRequest(spec, *questions, request, &rules));
  SUMSCOPE_RETURN_IF_ERROR(CompleteQuestions(spec, rules, questions));
  return CheckWithQuestions(spec, *questions, request);
}

std::string AnalysisKind(const v1::AnalysisRequest& request) {
  const auto* oneof = v1::AnalysisRequest::descriptor()->oneof_decl(0);
  const auto* field = request.GetReflection()->GetOneofFieldDescriptor(request, oneof);
  return field == nullptr ? "" : field->name();
}

uint32_t AnalysisAlgorithmVersion(absl::string_view kind) {
  // An analysis whose results change gets its own, higher number here.
  static const auto* const kChanged = new std::map<absl::string_view, uint32_t>{
      {"evaluate", 2},  {"cascades", 3}, {"ablate", 2}, {"useful_nodes", 2}, {"subtasks", 2},
      {"algorithm", 4}, {"patch", 2},    {"ask", 2},    {"phases", 3}};
  if (v1::AnalysisRequest::descriptor()->FindFieldByName(std::string(kind)) == nullptr) return 0;
  const auto changed = kChanged->find(kind);
  return changed == kChanged->end() ? 1 : changed->second;
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
