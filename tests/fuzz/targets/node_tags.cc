// The authors' JSON of node tags. What is taken prints, in its two files together, to the same tags of the same nodes.
#include "proto/contract/results/node_tags.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/models/node_names.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

using TagSet = std::set<std::pair<std::string, std::string>>;  // node, tag

void AddTags(const std::vector<v1::NodeTag>& tags, TagSet* set) {
  for (const v1::NodeTag& tag : tags) set->emplace(tag.node(), tag.tag());
}

void CheckTag(const v1::TrainSpec& spec, const v1::NodeTag& tag) {
  if (const absl::Status kept = CheckNodeTag("tags", tag); !kept.ok()) RequireToldWell(kept);
  const auto parts = SplitNodeTag(tag.tag());
  if (parts) RequireEqual(absl::StrCat(parts->kind, ":", parts->value), tag.tag(), "a tag is its two parts");
  Require(NodeTagFamily(tag.tag()).empty() == tag.tag().empty(), "a tag has a family");
  const std::string task = TaskOfNodeTag(tag.tag());
  const bool names_task = parts && parts->kind == "Algo";
  Require(task.empty() != names_task, "Algo tags, and no others, name a sub-task");
  if (IsOwnNodeTag(spec, tag.tag())) Require(parts.has_value(), "a tag of ours has a kind");
}

void CheckForeign(const v1::TrainSpec& spec, const std::vector<v1::NodeTag>& tags) {
  const google::protobuf::RepeatedPtrField<v1::NodeTag> list(tags.begin(), tags.end());
  uint64_t foreign = 0, counted = 0;
  for (const v1::NodeTag& tag : tags) foreign += IsOwnNodeTag(spec, tag.tag()) ? 0 : 1;
  for (const v1::ForeignTags& kind : ForeignTagsOf(spec, list)) counted += kind.count();
  Require(counted == foreign, "every foreign tag counts once");
}

void CheckPrinting(const std::vector<v1::NodeTag>& tags) {
  TagSet given, printed;
  AddTags(tags, &given);
  for (const NodeTagFile file : {NodeTagFile::kBehaviors, NodeTagFile::kFeatures}) {
    const std::string text = NodeTagsJson(tags, file);
    const auto again = ParseNodeTagsJson(text);
    Require(again.ok(), "printed tags are taken");
    for (const v1::NodeTag& tag : *again) Require(NodeTagFileOf(tag.tag()) == file, "a file holds its tags only");
    AddTags(*again, &printed);
    RequireEqual(NodeTagsJson(*again, file), text, "printed tags print to the same");
  }
  Require(printed == given, "the two files together hold every tag");
}

}  // namespace

Corpus CorpusOfTarget() {
  const std::string shape("\x03\x04\x00\x00", 4);
  return {{shape + R"([{"position":14,"layer":0,"is_head":true,"num":1,"tags":["Algo:A3.SA"]}])",
           shape + R"([{"position":14,"layer":0,"is_head":false,"num":0,"tags":["Fail%:8","Impact:A43","Math.Add:S12",)"
                   R"("Attn:P9=52","PCA:A2","Algo:OPR","Algo:D4.GT","Math.Add:A2.SP","Math.Neg:N","MathSub:M1"]}])",
           shape + "[]", shape + R"([{"tags":[],"position":0,"layer":4294967295,"is_head":true,"num":0}])",
           shape + R"([{"position":1,"layer":0,"is_head":true,"num":1,"tags":["Algo:A3.SA","Algo:A4.ND.A4"]},)"
                   R"({"position":2,"layer":1,"is_head":false,"num":0,"tags":["Fail:3","Impact:A9876S","Attn:P1=5"]},)"
                   R"({"position":0,"layer":1,"is_head":true,"num":3,"tags":["PCA:A0","x","Algo:SGN","Math.Sub:M4"]}])",
           shape + R"([{"position":1,"layer":0,"is_head":true,"num":1,"tags":["Algo:A3.SA","Algo:A3.SA",":","x:"]},)"
                   R"({"position":1,"layer":0,"is_head":true,"num":1,"tags":["Impact:A1098S","Fail%:1e2"]}])"},
          {"\"position\":",
           "\"layer\":",
           "\"is_head\":",
           "\"num\":",
           "\"tags\":",
           "[",
           "]",
           "{",
           "}",
           ",",
           "\"",
           "true",
           "false",
           "null",
           "Algo:",
           "A3.",
           "SA",
           "Impact:A",
           "Attn:P",
           "=",
           "%",
           "PCA:A",
           "\\u0000",
           "\\ud83d",
           "SGN",
           ".",
           "1.5.2"}};
}

}  // namespace sumscope::fuzz

// A shape, then the text of a file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  const v1::TrainSpec spec = fuzz::TakeSpec(&input);
  const auto tags = ParseNodeTagsJson(input.Rest());
  if (!tags.ok()) {
    fuzz::RequireToldWell(tags.status());
    return 0;
  }
  for (const v1::NodeTag& tag : *tags) fuzz::CheckTag(spec, tag);
  fuzz::CheckForeign(spec, *tags);
  fuzz::CheckPrinting(*tags);
  return 0;
}
