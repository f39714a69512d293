#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_NODE_NAMES_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_NODE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// One node of a model: the only parser and the only printer of their names.
struct NodeName {
  enum class Kind { kHead, kMlp, kResidual };  // attn.hook_z of a head; hook_mlp_out; hook_resid_post
  Kind kind = Kind::kHead;
  uint32_t layer = 0;
  uint32_t head = 0;                 // of kHead
  std::optional<uint32_t> position;  // absent: every position

  bool operator==(const NodeName& other) const {
    return kind == other.kind && layer == other.layer && head == other.head && position == other.position;
  }
};

// P14L0H1, P14L0MLP, P14L0, L0H1, L0MLP.
std::string NodeNameText(const NodeName& node);
std::string NodeSetText(const std::vector<NodeName>& nodes);  // joined by ','

// What a text such as P14L0H1 or P14L0MLP names, whatever the model; nullopt for any other text. Takes one node, so not
// P14 and L0.
std::optional<NodeName> ReadNodeName(absl::string_view text);

// One or more nodes joined by ','. Also takes P09L0H1 and P14L0M0, lower case, P14 (the residual stream after every
// layer) and L0 (every head and the MLP of the layer, at every position). No node comes twice; the order is that of
// the text. INVALID_ARGUMENT NODE_INVALID, POSITION_OUT_OF_RANGE, LAYER_OUT_OF_RANGE, HEAD_OUT_OF_RANGE, each with what
// the model of `spec` has; `field` is named in the error.
absl::StatusOr<std::vector<NodeName>> ParseNodeSet(const v1::TrainSpec& spec, absl::string_view field,
                                                   absl::string_view text);

// "P14" or "14". INVALID_ARGUMENT NODE_INVALID, POSITION_OUT_OF_RANGE.
absl::StatusOr<uint32_t> ParsePosition(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text);

// Positions of a line, n_ctx, and what each holds: D5 .. D0, OPR, D'5 .. D'0, =, SGN (signed), A6 .. A0.
uint32_t ContextLength(const v1::TrainSpec& spec);
std::string PositionMeaning(const v1::TrainSpec& spec, uint32_t position);

// The hooks of the model that `pattern` names, in forward order; '*' stands for any characters. INVALID_ARGUMENT
// HOOK_UNKNOWN naming the nearest hook.
absl::StatusOr<std::vector<std::string>> MatchHooks(const v1::TrainSpec& spec, absl::string_view field,
                                                    absl::string_view pattern);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_NODE_NAMES_H_
