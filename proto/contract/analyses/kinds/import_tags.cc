// Tags of nodes that others found; the request holds the answer.
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope {
namespace {

class ImportTags final : public TypedKind<v1::ImportTagsRequest, v1::ImportTagsResult> {
  bool needs_worker() const override { return false; }

  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet&,
                          v1::ImportTagsRequest* request) const override {
    constexpr char kField[] = "request.import_tags.tags";
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
  void DoRules(const v1::TrainSpec&, const v1::ImportTagsRequest&, QuestionRules* rules) const override {
    rules->takes = QuestionRules::Takes::kNothing;
  }
  AnalysisCost DoCost(const v1::TrainSpec&, const v1::QuestionSet&, double,
                      const v1::ImportTagsRequest&) const override {
    return {};
  }
  uint64_t DoLeastResultBytes(const v1::TrainSpec&, const v1::AnalysisPrediction&,
                              const v1::ImportTagsRequest& request) const override {
    return request.ByteSizeLong();
  }
  v1::ImportTagsResult DoAnswer(const v1::TrainSpec& spec, const v1::ImportTagsRequest& request) const override {
    v1::ImportTagsResult result;
    *result.mutable_tags() = request.tags();
    for (v1::ForeignTags& kind : ForeignTagsOf(spec, result.tags())) *result.add_foreign() = std::move(kind);
    return result;
  }
  std::vector<v1::NodeTag> DoTags(const v1::ImportTagsResult& result) const override {
    return {result.tags().begin(), result.tags().end()};
  }
};

}  // namespace

const AnalysisKind& ImportTagsKind() {
  static const auto* const kKind = new ImportTags;
  return *kKind;
}

}  // namespace sumscope
