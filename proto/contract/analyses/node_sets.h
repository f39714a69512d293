#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_NODE_SETS_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_NODE_SETS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "proto/contract/models/node_names.h"
#include "sumscope/v1/spec.pb.h"

// Nodes in requests.
namespace sumscope {

// "request.ablate.node_sets[2]"
std::string At(absl::string_view field, int index);

// Writes every node set as its nodes' own names, each once. NODE_SETS_OUT_OF_RANGE; errors of ParseNodeSet.
absl::Status CompleteNodeSets(const v1::TrainSpec& spec, absl::string_view field,
                              google::protobuf::RepeatedPtrField<std::string>* sets);

// The single node with a position that `text` names, else `reason`; `what` is what was expected, "a head".
absl::StatusOr<NodeName> ParseSingleNode(const v1::TrainSpec& spec, absl::string_view reason, absl::string_view field,
                                         absl::string_view text, absl::string_view what);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_NODE_SETS_H_
