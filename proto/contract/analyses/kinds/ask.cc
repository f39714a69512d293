// One question, answered with and without an intervention.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/ablation_mode.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/questions/listed_questions.h"

namespace sumscope {
namespace {

constexpr double kReferenceQuestions = 1000;  // behind the means of an ablation

// Whether an activation is part of both; a node without a position is at every one.
bool Overlap(const NodeName& a, const NodeName& b) {
  return a.kind == b.kind && a.layer == b.layer && a.head == b.head &&
         (a.position == b.position || !a.position || !b.position);
}

absl::Status CheckNodes(const v1::TrainSpec& spec, const v1::AskRequest& request) {
  constexpr char kField[] = "request.ask.patch_nodes";
  std::vector<NodeName> ablated;
  for (const std::string& set : request.ablate()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto nodes, ParseNodeSet(spec, "request.ask.ablate", set));
    ablated.insert(ablated.end(), nodes.begin(), nodes.end());
  }
  for (int i = 0; i < request.patch_nodes_size(); ++i) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto nodes, ParseNodeSet(spec, At(kField, i), request.patch_nodes(i)));
    for (const NodeName& node : nodes) {
      if (std::none_of(ablated.begin(), ablated.end(), [&](const NodeName& one) { return Overlap(one, node); })) {
        continue;
      }
      return InvalidField("NODE_ABLATED_AND_PATCHED", At(kField, i),
                          absl::StrCat(NodeNameText(node), " is to be ablated and patched; choose one"));
    }
  }
  return absl::OkStatus();
}

class Ask final : public TypedKind<v1::AskRequest, v1::AskResult> {
  uint32_t version() const override { return 2; }

  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet&, v1::AskRequest* request) const override {
    request->set_generate(request->generate());
    SUMSCOPE_RETURN_IF_ERROR(CompleteMode("request.ask.mode", request));
    SUMSCOPE_RETURN_IF_ERROR(CompleteNodeSets(spec, "request.ask.ablate", request->mutable_ablate()));
    SUMSCOPE_RETURN_IF_ERROR(CompleteNodeSets(spec, "request.ask.patch_nodes", request->mutable_patch_nodes()));
    if (request->patch_from().empty() != request->patch_nodes().empty()) {
      return InvalidField("PATCH_INCOMPLETE",
                          request->patch_from().empty() ? "request.ask.patch_from" : "request.ask.patch_nodes",
                          "a patch needs both patch_from, a question, and patch_nodes: set both or neither");
    }
    if (!request->patch_from().empty()) {
      v1::Operation operation = v1::OPERATION_UNSPECIFIED;
      SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestionOfRun(spec, "request.ask.patch_from", "patch_from",
                                                      v1::OPERATION_UNSPECIFIED, request->mutable_patch_from(),
                                                      &operation));
    }
    return CheckNodes(spec, *request);
  }
  void DoRules(const v1::TrainSpec&, const v1::AskRequest&, QuestionRules* rules) const override {
    rules->takes = QuestionRules::Takes::kOneQuestion;
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::AskRequest& request) const override {
    const bool averages = !request.ablate().empty() && request.mode() != v1::ZERO;
    const double passes = count * 4 + (averages ? kReferenceQuestions : 0);
    return CostOfWork(spec, count, Intervening(passes * WorkOfPass(spec)), InterveningBytes(spec, count));
  }
};

}  // namespace

const AnalysisKind& AskKind() {
  static const auto* const kKind = new Ask;
  return *kKind;
}

}  // namespace sumscope
