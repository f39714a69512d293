#include "proto/contract/results/node_tags.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

v1::NodeTag Tag(const std::string& node, const std::string& tag) {
  v1::NodeTag made;
  made.set_node(node);
  made.set_tag(tag);
  return made;
}

TEST(SplitNodeTag_Test, TagThenKindAndValue) {
  const auto parts = SplitNodeTag("Attn:P9=52:1");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->kind, "Attn");
  EXPECT_EQ(parts->value, "P9=52:1");
  for (const char* tag : {"", ":", "Algo", "Algo:", ":A2"}) EXPECT_FALSE(SplitNodeTag(tag)) << tag;
}

TEST(NodeTagsJson_Test, TagsThenTwoFilesInOrder) {
  const std::vector<v1::NodeTag> tags = {Tag("P14L1MLP", "Fail%:3"),  Tag("P14L0H1", "Fail%:8"),
                                         Tag("P9L2H0", "Attn:P9=52"), Tag("P14L0H1", "Algo:A3.SA"),
                                         Tag("P14L0H1", "Fail%:8"),   Tag("P14L0H1", "Impact:A43"),
                                         Tag("P14L0", "Fail%:1"),     Tag("L0H1", "Fail%:1")};
  EXPECT_EQ(NodeTagsJson(tags, NodeTagFile::kBehaviors),
            R"([{"position":9,"layer":2,"is_head":true,"num":0,"tags":["Attn:P9=52"]},)"
            R"({"position":14,"layer":0,"is_head":true,"num":1,"tags":["Fail%:8","Impact:A43"]},)"
            R"({"position":14,"layer":1,"is_head":false,"num":0,"tags":["Fail%:3"]}])");
  EXPECT_EQ(NodeTagsJson(tags, NodeTagFile::kFeatures),
            R"([{"position":14,"layer":0,"is_head":true,"num":1,"tags":["Algo:A3.SA"]}])");
  EXPECT_EQ(NodeTagsJson({}, NodeTagFile::kFeatures), "[]");
}

TEST(NodeTagsJson_Test, PrintedThenParsedTheSame) {
  const std::vector<v1::NodeTag> tags = {Tag("P9L2H0", "Attn:P9=52"), Tag("P14L0MLP", "Fail%:8"),
                                         Tag("P14L0MLP", "Math.Add:S12")};
  const auto parsed = ParseNodeTagsJson(NodeTagsJson(tags, NodeTagFile::kBehaviors));
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->size(), tags.size());
  for (size_t i = 0; i < tags.size(); ++i) EXPECT_EQ((*parsed)[i].SerializeAsString(), tags[i].SerializeAsString());
}

TEST(ParseNodeTagsJson_Test, NotAListThenNotJson) {
  for (const char* text : {"", "{}", "[", "null", "[]x"}) {
    EXPECT_THAT(ParseNodeTagsJson(text), IsInvalid("TAGS_NOT_JSON")) << text;
  }
  EXPECT_TRUE(ParseNodeTagsJson(" [] ")->empty());
}

TEST(ParseNodeTagsJson_Test, EntryIsWrongThenNamed) {
  for (const char* entry : {R"(1)", R"({})", R"({"position":-1,"layer":0,"is_head":true,"num":1,"tags":[]})",
                            R"({"position":1,"layer":0,"is_head":1,"num":1,"tags":[]})",
                            R"({"position":1,"layer":0,"is_head":false,"num":1,"tags":[]})",
                            R"({"position":1,"layer":4294967296,"is_head":true,"num":1,"tags":[]})",
                            R"({"position":1,"layer":0,"is_head":true,"num":1})",
                            R"({"position":1,"layer":0,"is_head":true,"num":1,"tags":[3]})"}) {
    const auto parsed = ParseNodeTagsJson(
        std::string(R"([{"position":1,"layer":0,"is_head":true,"num":1,"tags":["A:1"]},)") + entry + "]");
    EXPECT_THAT(parsed, IsInvalid("TAG_INVALID")) << entry;
    EXPECT_EQ(ViolatedField(parsed.status()), "[1]");
  }
}

TEST(CheckNodeTag_Test, TextThatNoFactCanHoldThenRefused) {
  const auto reason = [](const std::string& text) { return ErrorReason(CheckNodeTag("tag", Tag("P14L0H1", text))); };
  EXPECT_EQ(reason("Anything at all"), "");
  EXPECT_EQ(reason(std::string(256, 'x')), "");
  for (const std::string& tag : {std::string(), std::string(257, 'x'), std::string("a\nb"), std::string("\x1b[0m")}) {
    EXPECT_EQ(reason(tag), "TAG_INVALID") << tag;
  }
}

v1::TrainSpec MixedSpec() {
  v1::TrainSpec spec;
  spec.set_n_digits(5);
  spec.set_n_layers(1);
  spec.set_n_heads(3);
  spec.set_format(v1::SIGNED);
  spec.set_operation(v1::MIX);
  return spec;
}

TEST(IsOwnNodeTag_Test, TagOfTheVocabularyAndTheRunThenOurs) {
  v1::TrainSpec spec = MixedSpec();
  for (const char* tag :
       {"Fail%:0", "Fail%:100", "Fail%:7.5", "Impact:A6543210", "Impact:A43S", "Math.Add:S012", "Math.Sub:M1",
        "Math.Neg:N12", "Attn:P9=52", "Attn:P18=100", "PCA:A2", "Algo:A4.SA", "Algo:A2.MD", "Algo:OPR", "Algo:SGN"}) {
    EXPECT_TRUE(IsOwnNodeTag(spec, tag)) << tag;
  }
  for (const char* tag :
       {"Bogus:tag",   "Fail%:abc",   "Fail%:101",  "Fail%:-1",   "Fail%:nan", "Impact:A7", "Impact:43",
        "Math.Add:M1", "Math.Mul:S1", "Attn:P19=5", "Attn:P9",    "Attn:P9=x", "PCA:A9",    "PCA:2",
        "Algo:A99.SA", "Algo:A5.SA",  "Algo:SA",    "Algo:A2.XX", "Algo",      "A:"}) {
    EXPECT_FALSE(IsOwnNodeTag(spec, tag)) << tag;
  }
  spec.set_operation(v1::ADD);
  EXPECT_FALSE(IsOwnNodeTag(spec, "Algo:A2.MD")) << "no addition has it";
  spec.set_n_digits(10);
  EXPECT_TRUE(IsOwnNodeTag(spec, "Impact:A10.9"));
  EXPECT_FALSE(IsOwnNodeTag(spec, "Impact:A12.9"));
}

// The authors' files were refused for their own spellings.
TEST(ForeignTagsOf_Test, SpellingsOfTheAuthorsThenKeptInTheirOrderAndCountedByKind) {
  const std::vector<std::string> foreign = {"Algo:D4.GT",
                                            "Algo:A4.ND.A4",
                                            "Algo:SLT",
                                            "Algo:A3.STC",
                                            "Algo:A3.MTC",
                                            "Algo:A3.NTC",
                                            "PCA:A0.PA",
                                            "PCA:A0.PS.Weak",
                                            "Fail:3",
                                            "MathSub:M0",
                                            "MathSub:NG",
                                            "MathAdd:S124",
                                            "Math.Add:A2.SP",
                                            "Math.Sub:A2.MP",
                                            "Probe:A4.LINXFER=100",
                                            "Probe:DELIVERY.ADD=res",
                                            "Probe:A7.CARRYLAYER=1",
                                            "odd"};
  nlohmann::json entry = {{"position", 9}, {"layer", 0}, {"is_head", true}, {"num", 1}, {"tags", foreign}};
  entry["tags"].push_back("Fail%:8");
  const auto parsed = ParseNodeTagsJson(nlohmann::json::array({entry}).dump());
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->size(), foreign.size() + 1);
  google::protobuf::RepeatedPtrField<v1::NodeTag> tags(parsed->begin(), parsed->end());
  for (size_t i = 0; i < foreign.size(); ++i) {
    EXPECT_EQ((*parsed)[i].tag(), foreign[i]);
    EXPECT_THAT(CheckNodeTag("tag", (*parsed)[i]), IsOk());
    EXPECT_FALSE(IsOwnNodeTag(MixedSpec(), foreign[i])) << foreign[i];
  }
  const std::vector<v1::ForeignTags> kinds = ForeignTagsOf(MixedSpec(), tags);
  ASSERT_EQ(kinds.size(), 9u);
  EXPECT_EQ(kinds[0].kind(), "Algo");
  EXPECT_EQ(kinds[0].count(), 6u);
  EXPECT_EQ(kinds[0].example(), "Algo:D4.GT");
  EXPECT_EQ(kinds[1].kind(), "Probe");
  EXPECT_EQ(kinds[1].count(), 3u);
  EXPECT_EQ(kinds.back().kind(), "odd");
  // Exported as written: Algo to features, all others to behaviors.
  const auto features = nlohmann::json::parse(NodeTagsJson(*parsed, NodeTagFile::kFeatures))[0]["tags"];
  const auto behaviors = nlohmann::json::parse(NodeTagsJson(*parsed, NodeTagFile::kBehaviors))[0]["tags"];
  EXPECT_EQ(features, nlohmann::json(std::vector<std::string>(foreign.begin(), foreign.begin() + 6)));
  EXPECT_EQ(behaviors.size(), foreign.size() - 6 + 1);
}

TEST(TaskOfNodeTag_Test, AlgoTagsThenTheTaskWithoutWhatFollows) {
  EXPECT_EQ(TaskOfNodeTag("Algo:A3.SA"), "A3.SA");
  EXPECT_EQ(TaskOfNodeTag("Algo:A4.ND.A4"), "A4.ND");
  EXPECT_EQ(TaskOfNodeTag("Algo:D4.GT"), "A4.GT");
  EXPECT_EQ(TaskOfNodeTag("Algo:OPR"), "OPR");
  EXPECT_EQ(TaskOfNodeTag("Algo:SLT"), "SLT");
  EXPECT_EQ(TaskOfNodeTag("Fail%:8"), "");
  EXPECT_EQ(TaskOfNodeTag("Algo"), "");
}

TEST(NodeTagFamily_Test, AblationsAreOne) {
  for (const char* tag : {"Fail%:8", "Impact:A43", "Math.Add:S1", "Math.Neg:N1", "Fail:3", "MathSub:NG"}) {
    EXPECT_EQ(NodeTagFamily(tag), "ablation") << tag;
  }
  EXPECT_EQ(NodeTagFamily("Algo:A3.SA"), "Algo");
  EXPECT_EQ(NodeTagFamily("Attn:P9=52"), "Attn");
  for (const char* tag : {"PCA:A2", "PCA:A0.PS.Weak", "Math.Add:A2.SP", "Math.Sub:A2.MP"}) {
    EXPECT_EQ(NodeTagFamily(tag), "PCA") << tag;
  }
}

}  // namespace
}  // namespace sumscope
