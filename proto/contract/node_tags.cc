#include "proto/contract/node_tags.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors.h"
#include "proto/contract/node_names.h"

namespace sumscope {
namespace {

absl::Status EntryError(size_t index, absl::string_view problem) {
  return InvalidField(
      "TAG_INVALID", absl::StrCat("[", index, "]"),
      absl::StrCat("entry ", index + 1, " of the tags ", problem,
                   R"(; expected {"position":14,"layer":0,"is_head":true,"num":1,"tags":["Algo:A3.SA"]})"));
}

std::optional<uint32_t> Number(const nlohmann::json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_number_unsigned()) return std::nullopt;
  const uint64_t value = found->get<uint64_t>();
  return value <= UINT32_MAX ? std::optional<uint32_t>(static_cast<uint32_t>(value)) : std::nullopt;
}

absl::Status AddEntry(const nlohmann::json& entry, size_t index, std::vector<v1::NodeTag>* tags) {
  if (!entry.is_object()) return EntryError(index, "is no object");
  const auto position = Number(entry, "position"), layer = Number(entry, "layer"), num = Number(entry, "num");
  if (!position || !layer || !num) return EntryError(index, "lacks a position, layer or num that counts from 0");
  const auto is_head = entry.find("is_head"), listed = entry.find("tags");
  if (is_head == entry.end() || !is_head->is_boolean()) return EntryError(index, "lacks is_head, true or false");
  if (listed == entry.end() || !listed->is_array()) return EntryError(index, "lacks a list of tags");
  NodeName node{NodeName::Kind::kMlp, *layer, 0, *position};
  if (is_head->get<bool>()) {
    node.kind = NodeName::Kind::kHead;
    node.head = *num;
  } else if (*num != 0) {
    return EntryError(index, "is an MLP with a num other than 0");
  }
  for (const nlohmann::json& tag : *listed) {
    if (!tag.is_string() || !SplitNodeTag(tag.get_ref<const std::string&>())) {
      return EntryError(index, "has a tag that is not Kind:value");
    }
    v1::NodeTag& added = tags->emplace_back();
    added.set_node(NodeNameText(node));
    added.set_tag(tag.get<std::string>());
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<NodeTagParts> SplitNodeTag(absl::string_view tag) {
  const size_t colon = tag.find(':');
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == tag.size()) return std::nullopt;
  return NodeTagParts{tag.substr(0, colon), tag.substr(colon + 1)};
}

NodeTagFile NodeTagFileOf(absl::string_view tag) {
  const auto parts = SplitNodeTag(tag);
  return parts && parts->kind == "Algo" ? NodeTagFile::kFeatures : NodeTagFile::kBehaviors;
}

absl::StatusOr<std::vector<v1::NodeTag>> ParseNodeTagsJson(absl::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "TAGS_NOT_JSON",
                     "the file is not a JSON list of nodes with their tags, like the authors' behaviors.json");
  }
  std::vector<v1::NodeTag> tags;
  for (size_t i = 0; i < json.size(); ++i) {
    if (const absl::Status added = AddEntry(json[i], i, &tags); !added.ok()) return added;
  }
  return tags;
}

std::string NodeTagsJson(const std::vector<v1::NodeTag>& tags, NodeTagFile file) {
  using Place = std::tuple<uint32_t, uint32_t, bool, uint32_t>;  // position, layer, is the MLP, head
  std::map<Place, std::vector<std::string>> nodes;
  for (const v1::NodeTag& tag : tags) {
    const std::optional<NodeName> node = ReadNodeName(tag.node());
    if (!node || !node->position || node->kind == NodeName::Kind::kResidual) continue;
    if (NodeTagFileOf(tag.tag()) != file) continue;
    auto& of_node = nodes[{*node->position, node->layer, node->kind == NodeName::Kind::kMlp, node->head}];
    if (std::find(of_node.begin(), of_node.end(), tag.tag()) == of_node.end()) of_node.push_back(tag.tag());
  }
  auto json = nlohmann::ordered_json::array();
  for (const auto& [place, of_node] : nodes) {
    const auto& [position, layer, is_mlp, head] = place;
    nlohmann::ordered_json entry;
    entry["position"] = position;
    entry["layer"] = layer;
    entry["is_head"] = !is_mlp;
    entry["num"] = head;
    entry["tags"] = of_node;
    json.push_back(std::move(entry));
  }
  return json.dump();
}

}  // namespace sumscope
