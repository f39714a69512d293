#include "proto/contract/node_tags.h"

#include "gtest/gtest.h"
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
                            R"({"position":1,"layer":0,"is_head":true,"num":1,"tags":["Algo"]})",
                            R"({"position":1,"layer":0,"is_head":true,"num":1,"tags":[3]})"}) {
    const auto parsed = ParseNodeTagsJson(
        std::string(R"([{"position":1,"layer":0,"is_head":true,"num":1,"tags":["A:1"]},)") + entry + "]");
    EXPECT_THAT(parsed, IsInvalid("TAG_INVALID")) << entry;
    EXPECT_EQ(ViolatedField(parsed.status()), "[1]");
  }
}

TEST(CheckNodeTag_Test, TagOfTheVocabularyAndTheRunThenOk) {
  v1::TrainSpec spec;
  spec.set_n_digits(5);
  spec.set_n_layers(1);
  spec.set_n_heads(3);
  spec.set_format(v1::SIGNED);
  spec.set_operation(v1::MIX);
  const auto reason = [&](const std::string& text) {
    v1::NodeTag tag;
    tag.set_node("P14L0H1");
    tag.set_tag(text);
    return ErrorReason(CheckNodeTag(spec, "tag", tag));
  };
  for (const char* tag :
       {"Fail%:0", "Fail%:100", "Fail%:7.5", "Impact:A6543210", "Impact:A43S", "Math.Add:S012", "Math.Sub:M1",
        "Math.Neg:N12", "Attn:P9=52", "Attn:P18=100", "PCA:A2", "Algo:A4.SA", "Algo:A2.MD", "Algo:OPR", "Algo:SGN"}) {
    EXPECT_EQ(reason(tag), "") << tag;
  }
  for (const char* tag :
       {"Bogus:tag",   "Fail%:abc",   "Fail%:101",  "Fail%:-1",   "Fail%:nan", "Impact:A7", "Impact:43",
        "Math.Add:M1", "Math.Mul:S1", "Attn:P19=5", "Attn:P9",    "Attn:P9=x", "PCA:A9",    "PCA:2",
        "Algo:A99.SA", "Algo:A5.SA",  "Algo:SA",    "Algo:A2.XX", "Algo",      "A:"}) {
    EXPECT_EQ(reason(tag), "TAG_INVALID") << tag;
  }
  spec.set_operation(v1::ADD);
  EXPECT_EQ(reason("Algo:A2.MD"), "TAG_INVALID") << "no addition has it";
  spec.set_n_digits(10);
  EXPECT_EQ(reason("Impact:A10.9"), "");
  EXPECT_EQ(reason("Impact:A12.9"), "TAG_INVALID");
}

TEST(NodeTagFamily_Test, AblationsAreOne) {
  for (const char* tag : {"Fail%:8", "Impact:A43", "Math.Add:S1", "Math.Neg:N1"}) {
    EXPECT_EQ(NodeTagFamily(tag), "ablation") << tag;
  }
  EXPECT_EQ(NodeTagFamily("Algo:A3.SA"), "Algo");
  EXPECT_EQ(NodeTagFamily("Attn:P9=52"), "Attn");
}

}  // namespace
}  // namespace sumscope
