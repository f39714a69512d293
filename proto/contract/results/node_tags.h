#ifndef SUMSCOPE_PROTO_CONTRACT_RESULTS_NODE_TAGS_H_
#define SUMSCOPE_PROTO_CONTRACT_RESULTS_NODE_TAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Algo:A2.SC -> "Algo", "A2.SC". Views into the text.
struct NodeTagParts {
  absl::string_view kind;
  absl::string_view value;
};
// nullopt when there is no ':' or a part is empty.
std::optional<NodeTagParts> SplitNodeTag(absl::string_view tag);

// The two files of the authors: features.json holds what a node does (Algo), behaviors.json all that it shows.
enum class NodeTagFile { kBehaviors, kFeatures };
NodeTagFile NodeTagFileOf(absl::string_view tag);

// What is found together: Fail%, Impact and Math.* are of one search of ablations, also in their older spellings (Fail,
// MathAdd, MathSub, MathNeg); PCA also as Math.Add:A2.SP; other kinds are their own.
std::string NodeTagFamily(absl::string_view tag);

// The sub-task that an Algo tag names: A3.SA of Algo:A3.SA, A4.ND of Algo:A4.ND.A4 (what a weak pass impacts follows),
// A4.GT of the older Algo:D4.GT, OPR of Algo:OPR; of what has no such form the whole value. Empty for other kinds.
std::string TaskOfNodeTag(absl::string_view tag);

// Nodes that fail without them, as a search of ablations tags them (Fail%).
std::vector<std::string> NodesThatFail(const google::protobuf::RepeatedPtrField<v1::NodeTag>& tags);

// Whether the tag can be kept: 1 to limits::kMaxTagLength bytes without control characters. INVALID_ARGUMENT
// TAG_INVALID naming the node and the tag.
absl::Status CheckNodeTag(absl::string_view field, const v1::NodeTag& tag);

// Whether the tag is written as our own analyses of a model of `spec` write theirs: Fail%:8 (0 to 100), Impact:A43,
// Math.Add:S12 (Math.Sub:M, Math.Neg:N), Attn:P9=52, PCA:A2, Algo:A3.SA (also OPR and SGN). Any other is foreign: it is
// kept and exported as it is.
bool IsOwnNodeTag(const v1::TrainSpec& spec, absl::string_view tag);

// The foreign ones of `tags` by kind, most first, each with the first as an example.
std::vector<v1::ForeignTags> ForeignTagsOf(const v1::TrainSpec& spec,
                                           const google::protobuf::RepeatedPtrField<v1::NodeTag>& tags);

// The authors' layout, [{"position":14,"layer":0,"is_head":true,"num":1,"tags":["Algo:A3.SA"]}], in the order of the
// file. INVALID_ARGUMENT TAGS_NOT_JSON; TAG_INVALID naming the entry.
absl::StatusOr<std::vector<v1::NodeTag>> ParseNodeTagsJson(absl::string_view text);

// The same back: the tags that belong to `file`, by position, layer, heads before the MLP; each node's in the given
// order, none twice. The layout holds heads and MLPs with a position: tags of other nodes are left out.
std::string NodeTagsJson(const std::vector<v1::NodeTag>& tags, NodeTagFile file);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_RESULTS_NODE_TAGS_H_
