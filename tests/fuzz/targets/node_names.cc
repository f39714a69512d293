// Nodes, positions and hooks of a model. What is taken is of the model, and prints to what is read as the same.
#include "proto/contract/models/node_names.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/models/model_shapes.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

void CheckNodes(const v1::TrainSpec& spec, absl::string_view text) {
  const auto nodes = ParseNodeSet(spec, "nodes", text);
  if (!nodes.ok()) return RequireToldWell(nodes.status());
  std::set<std::string> seen;
  for (const NodeName& node : *nodes) {
    Require(node.layer < spec.n_layers() && node.head < spec.n_heads(), "a node is of the model");
    Require(!node.position || *node.position < ContextLength(spec), "a node's position is of the model");
    Require(seen.insert(NodeNameText(node)).second, "no node comes twice");
    const auto read = ReadNodeName(NodeNameText(node));
    Require(read.has_value() && *read == node, "a node's text is read as the same node");
  }
  const auto again = ParseNodeSet(spec, "nodes", NodeSetText(*nodes));
  Require(again.ok() && *again == *nodes, "printed nodes are read as the same");
}

void CheckAnyNode(absl::string_view text) {
  const auto node = ReadNodeName(text);
  if (!node.has_value()) return;
  const auto again = ReadNodeName(NodeNameText(*node));
  Require(again.has_value() && *again == *node, "a node of any model is read as the same");
}

void CheckPosition(const v1::TrainSpec& spec, absl::string_view text) {
  const auto position = ParsePosition(spec, "position", text);
  if (!position.ok()) return RequireToldWell(position.status());
  Require(*position < ContextLength(spec), "a position is of the model");
  Require(!PositionMeaning(spec, *position).empty(), "every position means something");
  const auto again = ParsePosition(spec, "position", absl::StrCat("P", *position));
  Require(again.ok() && *again == *position, "a position is read as the same");
}

void CheckHooks(const v1::TrainSpec& spec, absl::string_view pattern) {
  const auto hooks = MatchHooks(spec, "hooks", pattern);
  if (!hooks.ok()) return RequireToldWell(hooks.status());
  const std::vector<std::string> all = HookNames(spec);
  size_t next = 0;
  for (const std::string& hook : *hooks) {
    next = std::find(all.begin() + static_cast<std::ptrdiff_t>(next), all.end(), hook) - all.begin();
    Require(next++ < all.size(), "hooks are of the model, in its order");
    const auto itself = MatchHooks(spec, "hooks", hook);
    Require(itself.ok() && *itself == std::vector<std::string>{hook}, "a hook's name names it alone");
  }
  const auto starred = MatchHooks(spec, "hooks", absl::StrCat("*", pattern, "*"));
  Require(starred.ok() && starred->size() >= hooks->size(), "a wider pattern names no fewer hooks");
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  const std::string shapes[] = {std::string("\x00\x03\x00\x00", 4), std::string("\x00\x12\xff\x01", 4)};
  for (const std::string& shape : shapes) {
    for (const char* text : {"P14L0H1", "P14L0MLP,P9L0H2", "p09l0m0", "P14", "L0", "P3L0,L0H0,L0MLP", "14",
                             "blocks.*.attn.hook_z", "*", "blocks.0.hook_resid_post", "hook_embed"}) {
      corpus.seeds.push_back(absl::StrCat(shape, text));
    }
  }
  corpus.words = {"P", "L", "H", "MLP", "M0", ",", "*", "0", "blocks.", ".attn.", "hook_", " ", "4294967295"};
  return corpus;
}

}  // namespace sumscope::fuzz

// A shape, then a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  const v1::TrainSpec spec = fuzz::TakeSpec(&input);
  fuzz::CheckNodes(spec, input.Rest());
  fuzz::CheckAnyNode(input.Rest());
  fuzz::CheckPosition(spec, input.Rest());
  fuzz::CheckHooks(spec, input.Rest());
  return 0;
}
