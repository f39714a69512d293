#include "client/cli/output/probes/request_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string SeedText(uint64_t seed) { return absl::StrCat(", seed ", seed); }

// "mean", "resample, seed 3".
template <typename Request>
std::string ModeText(const Request& request) {
  return absl::StrCat(AblationModeText(request.mode()), request.mode() == v1::RESAMPLE ? SeedText(request.seed()) : "");
}

std::string ReadsText(const v1::LinearProbeRequest& request) {
  return request.node().empty() ? absl::StrCat(request.hook(), " at ", request.position()) : request.node();
}

Pairs Describe(const v1::LinearProbeRequest& request) {
  return {{"reads", ReadsText(request)},
          {"for", request.feature()},
          {"fit", absl::StrCat(FormatPercent(request.held_out()), " of the questions held out, penalty ",
                               ShortestDouble(request.l2()), SeedText(request.seed()))}};
}

Pairs Describe(const v1::AskRequest& request) {
  Pairs pairs;
  if (!request.ablate().empty()) {
    std::string how = AblationModeText(request.mode());
    if (request.mode() == v1::MEAN) how = "mean over 1,000 uniform questions of the same operation";
    if (request.mode() == v1::RESAMPLE) how = "resample among 1,000 uniform questions of the same operation";
    pairs.emplace_back("ablated", absl::StrCat(absl::StrJoin(request.ablate(), ", "), " (", how, ")"));
  }
  if (!request.patch_from().empty()) {
    pairs.emplace_back("patched",
                       absl::StrCat(absl::StrJoin(request.patch_nodes(), ", "), ", as in ", request.patch_from()));
  }
  return pairs;
}

Pairs Describe(const v1::PhasesRequest& request) {
  return {
      {"settings", absl::StrCat("median of ", request.window(), " steps, penalty ", ShortestDouble(request.penalty()),
                                ", learnt below ", ShortestDouble(request.learnt_below()))}};
}

std::string PerCellText(uint32_t per_cell) {
  return absl::StrCat(Counted(per_cell, "question"), " per digit and length");
}

Pairs Describe(const v1::CaptureRequest& request) {
  return {{"hooks", absl::StrJoin(request.hooks(), " ")},
          {"asked positions", absl::StrJoin(request.positions(), " ")},
          {"reduced", ReductionText(request)}};
}

}  // namespace

Pairs DescribeRequest(const v1::AnalysisRequest& request) {
  switch (request.kind_case()) {
    case v1::AnalysisRequest::kSubtasks:
      return {{"tasks", absl::StrJoin(request.subtasks().tasks(), " ")}, {"ablation", ModeText(request.subtasks())}};
    case v1::AnalysisRequest::kLinearProbe:
      return Describe(request.linear_probe());
    case v1::AnalysisRequest::kPhases:
      return Describe(request.phases());
    case v1::AnalysisRequest::kCascades:
      return {
          {"verdict", absl::StrCat(PerCellText(request.cascades().per_cell()), SeedText(request.cascades().seed()))}};
    case v1::AnalysisRequest::kAlgorithm:
      return {{"verdict", PerCellText(request.algorithm().per_cell())}, {"ablation", ModeText(request.algorithm())}};
    case v1::AnalysisRequest::kAsk:
      return Describe(request.ask());
    case v1::AnalysisRequest::kCapture:
      return Describe(request.capture());
    case v1::AnalysisRequest::kImportTags:
      return {{"file", request.import_tags().file_name()}};
    default:
      return {};
  }
}

std::string UsedQuestions(const v1::Analysis& analysis) {
  const v1::LinearProbeResult& result = analysis.result().linear_probe();
  const uint64_t asked = analysis.question_set().uniform().count();
  const uint64_t used = result.trained_on() + result.held_out().count();
  if (!analysis.result().has_linear_probe() || used >= asked) return "";
  const std::string& feature = analysis.request().linear_probe().feature();
  const size_t dot = feature.find('.');
  std::string which = "subtractions";
  switch (dot == std::string::npos || dot + 1 == feature.size() ? 0 : feature[dot + 1]) {
    case 'S':
      which = "additions";
      break;
    case 'M':
      which = "subtractions with a >= b";
      break;
    case 'N':
      which = "subtractions with a < b";
      break;
    default:
      break;
  }
  return absl::StrCat(FormatCount(used), " of ", FormatCount(asked), ": ", feature, " is a feature of ", which,
                      "; each question counts once");
}

std::string BriefRequest(const v1::AnalysisRequest& request) {
  switch (request.kind_case()) {
    case v1::AnalysisRequest::kAblate:
      return absl::StrJoin(request.ablate().node_sets(), " ");
    case v1::AnalysisRequest::kLinearProbe:
      return absl::StrCat(ReadsText(request.linear_probe()), " ", request.linear_probe().feature());
    case v1::AnalysisRequest::kAsk: {
      const v1::AskRequest& ask = request.ask();
      const std::string ablated = ask.ablate().empty() ? "" : absl::StrCat("ablate ", absl::StrJoin(ask.ablate(), " "));
      if (ask.patch_from().empty()) return ablated;
      return absl::StrCat(ablated, ablated.empty() ? "" : " ", "patch ", absl::StrJoin(ask.patch_nodes(), " "));
    }
    default:
      return "";
  }
}

std::string ReductionText(const v1::CaptureRequest& request) {
  switch (request.reduction()) {
    case v1::MEAN_OVER_QUESTIONS:
      return "mean over the questions";
    case v1::MEAN_PER_CLASS:
      return "mean of each class";
    case v1::COMPONENTS:
      return absl::StrCat(request.components(), " components");
    default:
      return "none";
  }
}

}  // namespace sumscope::client
