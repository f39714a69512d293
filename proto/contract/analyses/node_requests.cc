// Requests about named nodes: ablate, patch, PCA, linear probe, ask, captures, imported tags.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/node_counts.h"
#include "proto/contract/analyses/requests.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/questions/listed_questions.h"
#include "proto/contract/results/node_tags.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

constexpr uint32_t kDefaultPcaDigit = 2;
constexpr uint32_t kDefaultPcaComponents = 3;
constexpr uint64_t kDefaultProbed = 5'000;
constexpr double kDefaultHeldOut = 0.2;
constexpr double kDefaultL2 = 1e-3;
constexpr uint32_t kDefaultCaptureComponents = 2;

using Texts = google::protobuf::RepeatedPtrField<std::string>;

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

// Writes every node set as its nodes' own names, each once.
absl::Status CompleteNodeSets(const v1::TrainSpec& spec, absl::string_view field, Texts* sets) {
  if (sets->size() > limits::kMaxNodeSets) {
    return InvalidField("NODE_SETS_OUT_OF_RANGE", field,
                        absl::StrCat(field, " holds ", sets->size(), " node sets; at most ", limits::kMaxNodeSets));
  }
  Texts complete;
  std::set<std::string> seen;
  for (int i = 0; i < sets->size(); ++i) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto nodes, ParseNodeSet(spec, At(field, i), sets->Get(i)));
    std::string text = NodeSetText(nodes);
    if (seen.insert(text).second) *complete.Add() = std::move(text);
  }
  sets->Swap(&complete);
  return absl::OkStatus();
}

// The single node with a position that `text` names; `what` is what was expected.
absl::StatusOr<NodeName> ParseSingleNode(const v1::TrainSpec& spec, absl::string_view reason, absl::string_view field,
                                         absl::string_view text, absl::string_view what) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto nodes, ParseNodeSet(spec, field, text));
  if (nodes.size() == 1 && nodes[0].position) return nodes[0];
  return InvalidField(reason, field, absl::StrCat(Quote(text), " does not name ", what, " at one position"));
}

absl::Status CheckComponents(absl::string_view field, uint32_t components, uint32_t maximum) {
  if (components >= 1 && components <= maximum) return absl::OkStatus();
  return InvalidField("COMPONENTS_OUT_OF_RANGE", field,
                      absl::StrCat("components is ", components, "; expected 1 to ", maximum));
}

absl::Status CompletePcaDigit(const v1::TrainSpec& spec, const v1::QuestionSet& questions, v1::PcaRequest* request) {
  constexpr char kField[] = "request.pca.digit";
  if (questions.has_tricase() && request->has_digit() && request->digit() != questions.tricase().digit()) {
    return InvalidField("DIGITS_DIFFER", kField,
                        absl::StrCat("the tri-cases of the questions are of digit ", questions.tricase().digit(),
                                     ", but pca.digit is ", request->digit(), ": leave one of them unset"));
  }
  if (questions.has_tricase()) request->set_digit(questions.tricase().digit());
  if (!request->has_digit()) request->set_digit(std::min(kDefaultPcaDigit, spec.n_digits() - 1));
  if (request->digit() < spec.n_digits()) return absl::OkStatus();
  return InvalidField("DIGIT_OUT_OF_RANGE", kField,
                      absl::StrCat("digit is ", request->digit(), "; expected 0 to ", spec.n_digits() - 1));
}

absl::Status CompleteProbePlace(const v1::TrainSpec& spec, v1::LinearProbeRequest* request) {
  constexpr char kNode[] = "request.linear_probe.node", kHook[] = "request.linear_probe.hook";
  const bool by_node = !request->node().empty(), by_hook = !request->hook().empty() || !request->position().empty();
  if (by_node == by_hook || (by_hook && (request->hook().empty() || request->position().empty()))) {
    return InvalidField("PROBE_PLACE_INVALID", kNode,
                        "a probe reads one place: set node (P14L0H1), or hook and position, not both");
  }
  if (by_node) {
    SUMSCOPE_ASSIGN_OR_RETURN(const NodeName node,
                              ParseSingleNode(spec, "PROBE_PLACE_INVALID", kNode, request->node(), "a single node"));
    request->set_node(NodeNameText(node));
    return absl::OkStatus();
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto hooks, MatchHooks(spec, kHook, request->hook()));
  if (hooks.size() != 1 || hooks[0] != request->hook()) {
    return InvalidField("PROBE_PLACE_INVALID", kHook,
                        absl::StrCat(Quote(request->hook()), " is a pattern; expected one hook"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t position,
                            ParsePosition(spec, "request.linear_probe.position", request->position()));
  request->set_position(absl::StrCat("P", position));
  return absl::OkStatus();
}

// Whether an activation is part of both; a node without a position is at every one.
bool Overlap(const NodeName& a, const NodeName& b) {
  return a.kind == b.kind && a.layer == b.layer && a.head == b.head &&
         (a.position == b.position || !a.position || !b.position);
}

absl::Status CheckAskedNodes(const v1::TrainSpec& spec, const v1::AskRequest& request) {
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

}  // namespace

uint64_t CountPcaNodes(const v1::TrainSpec& spec, const v1::PcaRequest& request) {
  if (!request.nodes().empty()) return static_cast<uint64_t>(request.nodes_size());
  return uint64_t{spec.n_layers()} * spec.n_heads() * (ContextLength(spec) - 1 - spec.n_digits());
}

absl::Status CompleteAblate(const v1::TrainSpec& spec, v1::AblateRequest* request) {
  constexpr char kField[] = "request.ablate.node_sets";
  if (request->node_sets().empty()) {
    return InvalidField("NODES_MISSING", kField, "ablate needs at least one node set, like P14L0H1");
  }
  SUMSCOPE_RETURN_IF_ERROR(CompleteSeededMode("request.ablate.mode", request));
  return CompleteNodeSets(spec, kField, request->mutable_node_sets());
}

absl::Status CompletePatch(const v1::TrainSpec& spec, v1::PatchRequest* request, QuestionRules* rules) {
  rules->takes = QuestionRules::Takes::kPairs;
  request->set_head_pairs(request->head_pairs());
  if (request->head_pairs() && !request->node_sets().empty()) {
    return InvalidField("HEAD_PAIRS_NOT_TAKEN", "request.patch.head_pairs",
                        "pairs of heads are patched only beside every head: leave node_sets empty, or name the pairs");
  }
  return CompleteNodeSets(spec, "request.patch.node_sets", request->mutable_node_sets());
}

absl::Status CompletePca(const v1::TrainSpec& spec, const v1::QuestionSet& questions, v1::PcaRequest* request,
                         QuestionRules* rules) {
  constexpr char kField[] = "request.pca.nodes";
  SUMSCOPE_RETURN_IF_ERROR(CompletePcaDigit(spec, questions, request));
  rules->needs_columns = rules->needs_one_operation = true;
  rules->default_tricase = request->digit();
  if (!request->has_components()) request->set_components(kDefaultPcaComponents);
  request->set_with_scores(request->with_scores());
  request->set_seed(request->seed());
  SUMSCOPE_RETURN_IF_ERROR(CheckComponents("request.pca.components", request->components(), limits::kMaxPcaComponents));
  SUMSCOPE_RETURN_IF_ERROR(CompleteNodeSets(spec, kField, request->mutable_nodes()));
  for (int i = 0; i < request->nodes_size(); ++i) {
    SUMSCOPE_ASSIGN_OR_RETURN(const NodeName node,
                              ParseSingleNode(spec, "NODE_INVALID", At(kField, i), request->nodes(i), "a head"));
    if (node.kind != NodeName::Kind::kHead) {
      return InvalidField("NODE_INVALID", At(kField, i),
                          absl::StrCat(request->nodes(i), " is not a head; expected one like P14L0H1"));
    }
  }
  const uint64_t nodes = CountPcaNodes(spec, *request);
  if (request->with_scores() && nodes > limits::kMaxScoredNodes) {
    return InvalidField("TOO_MANY_SCORED_NODES", kField,
                        absl::StrCat("scores of ", nodes, " nodes; at most ", limits::kMaxScoredNodes,
                                     " fit a result: name those that matter"));
  }
  return absl::OkStatus();
}

absl::Status CompleteLinearProbe(const v1::TrainSpec& spec, v1::LinearProbeRequest* request, QuestionRules* rules) {
  SUMSCOPE_ASSIGN_OR_RETURN(const TaskName feature,
                            ParseFeature(spec, "request.linear_probe.feature", request->feature()));
  request->set_feature(TaskText(feature));
  rules->operation = feature.operation;
  rules->needs_columns = true;
  rules->default_count = kDefaultProbed;
  SUMSCOPE_RETURN_IF_ERROR(CompleteProbePlace(spec, request));
  if (!request->has_held_out()) request->set_held_out(kDefaultHeldOut);
  if (!request->has_l2()) request->set_l2(kDefaultL2);
  request->set_seed(request->seed());
  if (!(request->held_out() > 0 && request->held_out() < 1)) {
    return InvalidField("HELD_OUT_OUT_OF_RANGE", "request.linear_probe.held_out",
                        absl::StrCat("held_out is ", request->held_out(), "; expected a share between 0 and 1"));
  }
  if (!std::isfinite(request->l2()) || request->l2() < 0) {
    return InvalidField("L2_OUT_OF_RANGE", "request.linear_probe.l2",
                        absl::StrCat("l2 is ", request->l2(), "; expected 0 or more"));
  }
  return absl::OkStatus();
}

absl::Status CompleteAsk(const v1::TrainSpec& spec, v1::AskRequest* request, QuestionRules* rules) {
  rules->takes = QuestionRules::Takes::kOneQuestion;
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
  return CheckAskedNodes(spec, *request);
}

absl::Status CompleteCapture(const v1::TrainSpec& spec, v1::CaptureRequest* request, QuestionRules* rules) {
  constexpr char kHooks[] = "request.capture.hooks", kPositions[] = "request.capture.positions";
  if (request->hooks().empty()) {
    return InvalidField("HOOKS_MISSING", kHooks, "a capture needs at least one hook, like blocks.*.attn.hook_z");
  }
  for (int i = 0; i < request->hooks_size(); ++i) {
    SUMSCOPE_RETURN_IF_ERROR(MatchHooks(spec, At(kHooks, i), request->hooks(i)).status());
  }
  v1::CaptureRequest complete;
  for (int i = 0; i < request->positions_size(); ++i) {
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t position, ParsePosition(spec, At(kPositions, i), request->positions(i)));
    const std::string name = absl::StrCat("P", position);
    const auto& so_far = complete.positions();
    if (std::find(so_far.begin(), so_far.end(), name) == so_far.end()) complete.add_positions(name);
  }
  request->mutable_positions()->Swap(complete.mutable_positions());
  if (request->reduction() == v1::CAPTURE_REDUCTION_UNSPECIFIED) request->set_reduction(v1::NONE);
  if (!v1::CaptureReduction_IsValid(request->reduction())) {
    return InvalidField("CAPTURE_REDUCTION_UNKNOWN", "request.capture.reduction",
                        absl::StrCat("there is no reduction ", static_cast<int>(request->reduction()),
                                     "; expected none, mean over questions, mean per class or components"));
  }
  rules->needs_columns = request->reduction() == v1::MEAN_PER_CLASS;
  if (!request->has_components()) request->set_components(kDefaultCaptureComponents);
  return CheckComponents("request.capture.components", request->components(), limits::kMaxCaptureComponents);
}

absl::Status CompleteImportTags(const v1::TrainSpec& spec, v1::ImportTagsRequest* request, QuestionRules* rules) {
  constexpr char kField[] = "request.import_tags.tags";
  rules->takes = QuestionRules::Takes::kNothing;
  SUMSCOPE_RETURN_IF_ERROR(ValidateFileName("request.import_tags.file_name", request->file_name()));
  if (request->tags().empty()) return InvalidField("TAGS_MISSING", kField, "an import needs at least one tag");
  if (request->tags_size() > limits::kMaxImportedTags) {
    return InvalidField("TAGS_OUT_OF_RANGE", kField,
                        absl::StrCat(request->tags_size(), " tags; at most ", limits::kMaxImportedTags, " at once"));
  }
  for (int i = 0; i < request->tags_size(); ++i) {
    v1::NodeTag* tag = request->mutable_tags(i);
    SUMSCOPE_ASSIGN_OR_RETURN(const NodeName node, ParseSingleNode(spec, "NODE_INVALID", At(kField, i) + ".node",
                                                                   tag->node(), "a single node"));
    tag->set_node(NodeNameText(node));
    SUMSCOPE_RETURN_IF_ERROR(CheckNodeTag(At(kField, i) + ".tag", *tag));
  }
  return absl::OkStatus();
}

}  // namespace sumscope
