#include "proto/contract/analyses/node_sets.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/quote.h"

namespace sumscope {

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

absl::Status CompleteNodeSets(const v1::TrainSpec& spec, absl::string_view field,
                              google::protobuf::RepeatedPtrField<std::string>* sets) {
  if (sets->size() > limits::kMaxNodeSets) {
    return InvalidField("NODE_SETS_OUT_OF_RANGE", field,
                        absl::StrCat(field, " holds ", sets->size(), " node sets; at most ", limits::kMaxNodeSets));
  }
  google::protobuf::RepeatedPtrField<std::string> complete;
  std::set<std::string> seen;
  for (int i = 0; i < sets->size(); ++i) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto nodes, ParseNodeSet(spec, At(field, i), sets->Get(i)));
    std::string text = NodeSetText(nodes);
    if (seen.insert(text).second) *complete.Add() = std::move(text);
  }
  sets->Swap(&complete);
  return absl::OkStatus();
}

absl::StatusOr<NodeName> ParseSingleNode(const v1::TrainSpec& spec, absl::string_view reason, absl::string_view field,
                                         absl::string_view text, absl::string_view what) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto nodes, ParseNodeSet(spec, field, text));
  if (nodes.size() == 1 && nodes[0].position) return nodes[0];
  return InvalidField(reason, field, absl::StrCat(Quote(text), " does not name ", what, " at one position"));
}

}  // namespace sumscope
