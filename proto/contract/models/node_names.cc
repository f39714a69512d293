#include "proto/contract/models/node_names.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

// The parts that a node's text has, unchecked.
struct NodeParts {
  std::optional<uint32_t> position, layer, head;
  bool mlp = false;
};

// Takes `letter` and a number off the front; false when the text does not begin so. A number that no model reaches is
// the largest one.
bool ConsumeNumber(absl::string_view letter, absl::string_view* text, std::optional<uint32_t>* number) {
  absl::string_view rest = *text;
  if (!absl::ConsumePrefix(&rest, letter)) return false;
  const size_t length = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (length == 0) return false;
  uint32_t value = 0;
  if (!absl::SimpleAtoi(rest.substr(0, length), &value)) value = std::numeric_limits<uint32_t>::max();
  *number = value;
  *text = rest.substr(length);
  return true;
}

std::optional<NodeParts> SplitNode(absl::string_view text) {
  const std::string upper = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(text));
  absl::string_view rest = upper;
  NodeParts parts;
  ConsumeNumber("P", &rest, &parts.position);
  if (ConsumeNumber("L", &rest, &parts.layer) && !ConsumeNumber("H", &rest, &parts.head)) {
    parts.mlp = absl::ConsumePrefix(&rest, "MLP") || absl::ConsumePrefix(&rest, "M0");
  }
  if (!rest.empty() || (!parts.position && !parts.layer)) return std::nullopt;
  return parts;
}

absl::Status NodeError(absl::string_view reason, absl::string_view field, absl::string_view text,
                       absl::string_view problem) {
  return InvalidField(reason, field, absl::StrCat("node ", Quote(text), " ", problem));
}

absl::Status CheckPosition(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text,
                           uint32_t position) {
  if (position < ContextLength(spec)) return absl::OkStatus();
  return InvalidField("POSITION_OUT_OF_RANGE", field,
                      absl::StrCat(Quote(text), " names a position that lines of ", spec.n_digits(),
                                   " digits do not have; expected P0 to P", ContextLength(spec) - 1));
}

absl::Status CheckParts(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text,
                        const NodeParts& parts) {
  if (parts.position) SUMSCOPE_RETURN_IF_ERROR(CheckPosition(spec, field, text, *parts.position));
  if (parts.layer && *parts.layer >= spec.n_layers()) {
    return NodeError("LAYER_OUT_OF_RANGE", field, text,
                     absl::StrCat("names a layer that the model does not have; expected L0 to L", spec.n_layers() - 1));
  }
  if (parts.head && *parts.head >= spec.n_heads()) {
    return NodeError("HEAD_OUT_OF_RANGE", field, text,
                     absl::StrCat("names a head that the model does not have; expected H0 to H", spec.n_heads() - 1));
  }
  return absl::OkStatus();
}

// The nodes that checked parts stand for: one, unless they are P14 or L0 alone.
std::vector<NodeName> NodesOf(const v1::TrainSpec& spec, const NodeParts& parts) {
  if (parts.head) return {{NodeName::Kind::kHead, *parts.layer, *parts.head, parts.position}};
  if (parts.mlp) return {{NodeName::Kind::kMlp, *parts.layer, 0, parts.position}};
  if (parts.position && parts.layer) return {{NodeName::Kind::kResidual, *parts.layer, 0, parts.position}};
  std::vector<NodeName> nodes;
  if (parts.position) {
    for (uint32_t layer = 0; layer < spec.n_layers(); ++layer) {
      nodes.push_back({NodeName::Kind::kResidual, layer, 0, parts.position});
    }
    return nodes;
  }
  for (uint32_t head = 0; head < spec.n_heads(); ++head) {
    nodes.push_back({NodeName::Kind::kHead, *parts.layer, head, std::nullopt});
  }
  nodes.push_back({NodeName::Kind::kMlp, *parts.layer, 0, std::nullopt});
  return nodes;
}

// '*' stands for any characters, also none.
bool MatchesGlob(absl::string_view pattern, absl::string_view text) {
  size_t p = 0, t = 0, star = absl::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::string NodeNameText(const NodeName& node) {
  const std::string place = absl::StrCat(node.position ? absl::StrCat("P", *node.position) : "", "L", node.layer);
  switch (node.kind) {
    case NodeName::Kind::kHead:
      return absl::StrCat(place, "H", node.head);
    case NodeName::Kind::kMlp:
      return absl::StrCat(place, "MLP");
    case NodeName::Kind::kResidual:
      return place;
  }
  return place;
}

std::string NodeSetText(const std::vector<NodeName>& nodes) {
  return absl::StrJoin(nodes, ",", [](std::string* out, const NodeName& node) { out->append(NodeNameText(node)); });
}

std::optional<NodeName> ReadNodeName(absl::string_view text) {
  const std::optional<NodeParts> parts = SplitNode(text);
  if (!parts || !parts->layer) return std::nullopt;
  if (!parts->head && !parts->mlp && !parts->position) return std::nullopt;
  return NodesOf(v1::TrainSpec(), *parts).front();
}

absl::StatusOr<std::vector<NodeName>> ParseNodeSet(const v1::TrainSpec& spec, absl::string_view field,
                                                   absl::string_view text) {
  std::vector<NodeName> nodes;
  std::set<std::tuple<NodeName::Kind, uint32_t, uint32_t, std::optional<uint32_t>>> seen;
  for (const absl::string_view one : absl::StrSplit(text, ',')) {
    const std::optional<NodeParts> parts = SplitNode(one);
    if (!parts) {
      return NodeError(
          "NODE_INVALID", field, one,
          "is not a node; expected a head (P14L0H1, or L0H1 at every position), an MLP (P14L0MLP, L0MLP), "
          "the residual stream after a layer (P14L0) or after all (P14), or a layer (L0); join nodes by ','");
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckParts(spec, field, one, *parts));
    for (const NodeName& node : NodesOf(spec, *parts)) {
      if (seen.emplace(node.kind, node.layer, node.head, node.position).second) nodes.push_back(node);
    }
  }
  return nodes;
}

absl::StatusOr<uint32_t> ParsePosition(const v1::TrainSpec& spec, absl::string_view field, absl::string_view text) {
  const std::string upper = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(text));
  absl::string_view rest = upper;
  std::optional<uint32_t> position;
  if ((!ConsumeNumber("P", &rest, &position) && !ConsumeNumber("", &rest, &position)) || !rest.empty()) {
    return InvalidField("NODE_INVALID", field,
                        absl::StrCat(Quote(text), " is not a position; expected P0 to P", ContextLength(spec) - 1));
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckPosition(spec, field, text, *position));
  return *position;
}

uint32_t ContextLength(const v1::TrainSpec& spec) { return 3 * spec.n_digits() + (spec.format() == v1::PLAIN ? 3 : 4); }

std::string PositionMeaning(const v1::TrainSpec& spec, uint32_t position) {
  const uint32_t n = spec.n_digits(), answer = 2 * n + 2;
  if (position < n) return absl::StrCat("D", n - 1 - position);
  if (position == n) return "OPR";
  if (position <= 2 * n) return absl::StrCat("D'", 2 * n - position);
  if (position < answer) return "=";
  if (position >= ContextLength(spec)) return "";
  const uint32_t sign = spec.format() == v1::PLAIN ? 0 : 1;
  if (position < answer + sign) return "SGN";
  return absl::StrCat("A", n - (position - answer - sign));
}

absl::StatusOr<std::vector<std::string>> MatchHooks(const v1::TrainSpec& spec, absl::string_view field,
                                                    absl::string_view pattern) {
  const std::vector<std::string> names = HookNames(spec);
  std::vector<std::string> matched;
  std::copy_if(names.begin(), names.end(), std::back_inserter(matched),
               [&](const std::string& name) { return MatchesGlob(pattern, name); });
  if (!matched.empty()) return matched;
  std::string typed(pattern.substr(0, kMaxQuotedBytes));
  typed.erase(std::remove(typed.begin(), typed.end(), '*'), typed.end());
  return InvalidField("HOOK_UNKNOWN", field,
                      absl::StrCat("no hook of the model is called ", Quote(pattern), "; ", DidYouMean(typed, names)));
}

}  // namespace sumscope
