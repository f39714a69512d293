#include "proto/contract/results/node_tags.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/text/quote.h"

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
    if (!tag.is_string()) return EntryError(index, "has a tag that is no text");
    v1::NodeTag& added = tags->emplace_back();
    added.set_node(NodeNameText(node));
    added.set_tag(tag.get<std::string>());
  }
  return absl::OkStatus();
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

// At most `largest`, in digits alone.
bool IsNumber(absl::string_view text, uint32_t largest) {
  uint32_t value = 0;
  return IsDigits(text) && absl::SimpleAtoi(text, &value) && value <= largest;
}

bool IsPercent(absl::string_view text) {
  double value = 0;
  return text.find_first_not_of("0123456789.") == absl::string_view::npos && absl::SimpleAtod(text, &value) &&
         value >= 0 && value <= 100;
}

// A43; A10.9 of 9 digits or more. The sign is the digit n+1, or an S at the end.
bool IsImpact(const v1::TrainSpec& spec, absl::string_view value) {
  constexpr uint32_t kFirstWithDots = 9;
  if (!absl::ConsumePrefix(&value, "A")) return false;
  absl::ConsumeSuffix(&value, "S");
  const uint32_t largest = spec.n_digits() + 1;
  const std::vector<absl::string_view> digits =
      spec.n_digits() >= kFirstWithDots ? std::vector<absl::string_view>(absl::StrSplit(value, '.'))
                                        : std::vector<absl::string_view>(absl::StrSplit(value, absl::ByLength(1)));
  return std::all_of(digits.begin(), digits.end(), [&](absl::string_view digit) { return IsNumber(digit, largest); });
}

// S12: classes by their letter.
bool IsClasses(absl::string_view letter, absl::string_view value) {
  return absl::ConsumePrefix(&value, letter) && IsDigits(value);
}

// P9=52.
bool IsSource(const v1::TrainSpec& spec, absl::string_view value) {
  const std::vector<absl::string_view> parts = absl::StrSplit(value, absl::MaxSplits('=', 1));
  absl::string_view position = parts[0];
  return parts.size() == 2 && absl::ConsumePrefix(&position, "P") && IsNumber(position, ContextLength(spec) - 1) &&
         IsPercent(parts[1]);
}

// A2.
bool IsDigitName(const v1::TrainSpec& spec, absl::string_view value) {
  return absl::ConsumePrefix(&value, "A") && IsNumber(value, spec.n_digits());
}

// A2.SA, OPR.
bool IsTask(const v1::TrainSpec& spec, absl::string_view value) {
  if (value == "OPR" || value == "SGN") return true;
  const auto task = ParseTask(spec, "", value);
  return task.ok() && TaskText(task->front()) == value;
}

// [AD]digits, the operand's or answer's digit that a sub-task is of.
bool IsDigitPart(absl::string_view part) {
  return (absl::ConsumePrefix(&part, "A") || absl::ConsumePrefix(&part, "D")) && IsDigits(part);
}

// A2.SP, A2.MP, A2.NP: clusters of the tri-case of a digit.
bool IsPcaOfMath(absl::string_view value) {
  const std::vector<absl::string_view> parts = absl::StrSplit(value, '.');
  return parts.size() >= 2 && IsDigitPart(parts[0]) && parts[1].size() == 2 && parts[1][1] == 'P';
}

}  // namespace

std::optional<NodeTagParts> SplitNodeTag(absl::string_view tag) {
  const size_t colon = tag.find(':');
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == tag.size()) return std::nullopt;
  return NodeTagParts{tag.substr(0, colon), tag.substr(colon + 1)};
}

std::string NodeTagFamily(absl::string_view tag) {
  const auto parts = SplitNodeTag(tag);
  const std::string kind(parts ? parts->kind : tag);
  const bool math = absl::StartsWith(kind, "Math");
  if (math && IsPcaOfMath(parts ? parts->value : "")) return "PCA";
  return kind == "Fail%" || kind == "Fail" || kind == "Impact" || math ? "ablation" : kind;
}

std::string TaskOfNodeTag(absl::string_view tag) {
  const auto parts = SplitNodeTag(tag);
  if (!parts || parts->kind != "Algo") return "";
  const std::vector<absl::string_view> words = absl::StrSplit(parts->value, '.');
  if (words.size() < 2 || !IsDigitPart(words[0]) || words[1].empty()) return std::string(parts->value);
  return absl::StrCat("A", words[0].substr(1), ".", words[1]);
}

std::vector<std::string> NodesThatFail(const google::protobuf::RepeatedPtrField<v1::NodeTag>& tags) {
  std::vector<std::string> nodes;
  for (const v1::NodeTag& tag : tags) {
    if (absl::StartsWith(tag.tag(), "Fail%:")) nodes.push_back(tag.node());
  }
  return nodes;
}

absl::Status CheckNodeTag(absl::string_view field, const v1::NodeTag& tag) {
  const std::string& text = tag.tag();
  if (!text.empty() && text.size() <= limits::kMaxTagLength && !HasControlCharacter(text)) return absl::OkStatus();
  return InvalidField("TAG_INVALID", field,
                      absl::StrCat(Quote(text), " of ", Quote(tag.node()), " is no tag: one has 1 to ",
                                   limits::kMaxTagLength, " bytes on one line"));
}

bool IsOwnNodeTag(const v1::TrainSpec& spec, absl::string_view tag) {
  const auto parts = SplitNodeTag(tag);
  if (!parts) return false;
  const auto& [kind, value] = *parts;
  if (kind == "Fail%") return IsPercent(value);
  if (kind == "Impact") return IsImpact(spec, value);
  if (kind == "Math.Add") return IsClasses("S", value);
  if (kind == "Math.Sub") return IsClasses("M", value);
  if (kind == "Math.Neg") return IsClasses("N", value);
  if (kind == "Attn") return IsSource(spec, value);
  if (kind == "PCA") return IsDigitName(spec, value);
  return kind == "Algo" && IsTask(spec, value);
}

std::vector<v1::ForeignTags> ForeignTagsOf(const v1::TrainSpec& spec,
                                           const google::protobuf::RepeatedPtrField<v1::NodeTag>& tags) {
  std::vector<v1::ForeignTags> foreign;
  std::map<std::string, size_t> places;  // by kind
  for (const v1::NodeTag& tag : tags) {
    if (IsOwnNodeTag(spec, tag.tag())) continue;
    const auto parts = SplitNodeTag(tag.tag());
    const auto [place, is_new] = places.try_emplace(std::string(parts ? parts->kind : tag.tag()), foreign.size());
    if (is_new) {
      foreign.emplace_back().set_kind(place->first);
      foreign.back().set_example(tag.tag());
    }
    foreign[place->second].set_count(foreign[place->second].count() + 1);
  }
  std::stable_sort(foreign.begin(), foreign.end(), [](const auto& a, const auto& b) { return a.count() > b.count(); });
  return foreign;
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
