#include "proto/contract/models/model_shapes.h"

#include <functional>
#include <set>

#include "gtest/gtest.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

v1::TrainSpec SmallSpec() {
  v1::TrainSpec spec = CompleteSpec({});
  spec.set_n_digits(3);
  spec.set_n_layers(2);
  spec.set_n_heads(2);
  spec.set_d_model(8);
  spec.set_d_head(5);
  spec.set_d_mlp(16);
  return spec;
}

SafetensorsHeader HeaderOf(const v1::TrainSpec& spec) {
  SafetensorsHeader header;
  header.tensors = ModelTensors(spec);
  return header;
}

SafetensorsTensor* Find(SafetensorsHeader* header, const std::string& name) {
  for (SafetensorsTensor& tensor : header->tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

TEST(ModelTensors_Test, PaperShapeThenParametersOfTheFormula) {
  for (const v1::Format format : {v1::PLAIN, v1::SIGNED}) {
    v1::TrainSpec spec = CompleteSpec({});
    spec.set_format(format);
    const uint64_t vocabulary = format == v1::PLAIN ? 12 : 15, positions = format == v1::PLAIN ? 18 : 19;
    const uint64_t d = 510, inner = 3 * 170, mlp = 2040;
    const uint64_t block = 4 * d + 4 * d * inner + 3 * inner + d + 2 * d * mlp + mlp + d;
    const uint64_t parameters = (vocabulary + positions) * d + block + 2 * d + d * vocabulary + vocabulary;
    const auto tensors = ModelTensors(spec);
    EXPECT_EQ(tensors.size(), 2u + 16 + 4);
    EXPECT_EQ(tensors.back().end, 4 * parameters);
    uint64_t offset = 0;
    for (const auto& tensor : tensors) {
      EXPECT_EQ(tensor.begin, offset) << tensor.name;
      EXPECT_EQ(tensor.dtype, "F32");
      offset = tensor.end;
    }
  }
}

TEST(ModelTensors_Test, TwoLayersThenTheFixedOrder) {
  const auto tensors = ModelTensors(SmallSpec());
  std::vector<std::string> names;
  for (const auto& tensor : tensors) names.push_back(tensor.name);
  std::vector<std::string> expected = {"embed.W_E", "pos_embed.W_pos"};
  for (const std::string block : {"blocks.0.", "blocks.1."}) {
    for (const char* name :
         {"ln1.w", "ln1.b", "attn.W_Q", "attn.W_K", "attn.W_V", "attn.b_Q", "attn.b_K", "attn.b_V", "attn.W_O",
          "attn.b_O", "ln2.w", "ln2.b", "mlp.W_in", "mlp.b_in", "mlp.W_out", "mlp.b_out"}) {
      expected.push_back(block + name);
    }
  }
  for (const char* name : {"ln_final.w", "ln_final.b", "unembed.W_U", "unembed.b_U"}) expected.push_back(name);
  EXPECT_EQ(names, expected);
  EXPECT_EQ(tensors[4].shape, (std::vector<uint64_t>{2, 8, 5}));
  EXPECT_EQ(tensors[10].shape, (std::vector<uint64_t>{2, 5, 8}));
}

TEST(InferSpec_Test, ShapesOfASpecThenThatSpec) {
  for (const v1::Format format : {v1::PLAIN, v1::SIGNED}) {
    for (const uint32_t n : {2u, 5u, 20u}) {
      v1::TrainSpec spec = SmallSpec();
      spec.set_format(format);
      spec.set_n_digits(n);
      const auto inferred = InferSpec(HeaderOf(spec), v1::ADD);
      ASSERT_THAT(inferred, IsOk());
      spec.set_steps(0);
      EXPECT_EQ(inferred->ShortDebugString(), spec.ShortDebugString());
    }
  }
  EXPECT_EQ(InferSpec(HeaderOf(SmallSpec()), v1::MIX)->operation(), v1::MIX);
}

TEST(InferSpec_Test, BuffersAndFloat64ThenTaken) {
  SafetensorsHeader header = HeaderOf(SmallSpec());
  for (SafetensorsTensor& tensor : header.tensors) tensor.dtype = "F64";
  header.tensors.push_back({"blocks.0.attn.mask", "BOOL", {13, 13}, 0, 0});
  header.tensors.push_back({"blocks.1.attn.IGNORE", "F16", {}, 0, 0});
  EXPECT_THAT(InferSpec(header, v1::ADD), IsOk());
}

TEST(InferSpec_Test, FileIsWrongThenItsReason) {
  const std::pair<const char*, std::function<void(SafetensorsHeader*)>> cases[] = {
      {"MODEL_TENSOR_MISSING", [](auto* h) { h->tensors.clear(); }},
      {"MODEL_TENSOR_MISSING", [](auto* h) { h->tensors.pop_back(); }},
      {"MODEL_TENSOR_MISSING", [](auto* h) { Find(h, "blocks.1.ln1.w")->name = "blocks.2.ln1.w"; }},
      {"MODEL_TENSOR_UNKNOWN",
       [](auto* h) {
         h->tensors.push_back({"extra", "F32", {1}, 0, 4});
       }},
      {"MODEL_TENSOR_UNKNOWN",
       [](auto* h) {
         h->tensors.push_back({"blocks.x.ln1.w", "F32", {8}, 0, 4});
       }},
      {"MODEL_TENSOR_SHAPE",
       [](auto* h) {
         Find(h, "blocks.1.attn.W_K")->shape = {2, 8, 6};
       }},
      {"MODEL_TENSOR_SHAPE", [](auto* h) { Find(h, "embed.W_E")->shape = {15}; }},
      {"MODEL_TENSOR_SHAPE",
       [](auto* h) {
         Find(h, "blocks.0.attn.W_Q")->shape = {0, 8, 5};
       }},
      {"MODEL_TENSOR_SHAPE", [](auto* h) { Find(h, "unembed.b_U")->shape = {}; }},
      {"MODEL_TENSOR_DTYPE", [](auto* h) { Find(h, "ln_final.w")->dtype = "F16"; }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "embed.W_E")->shape = {13, 8};
       }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "pos_embed.W_pos")->shape = {14, 8};
       }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "pos_embed.W_pos")->shape = {1, 8};
       }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "pos_embed.W_pos")->shape = {7, 8};
       }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "pos_embed.W_pos")->shape = {67, 8};
       }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "blocks.0.attn.W_Q")->shape = {17, 8, 5};
       }},
      {"MODEL_SHAPE_UNKNOWN",
       [](auto* h) {
         Find(h, "embed.W_E")->shape = {15, UINT64_MAX};
       }},
      {"MODEL_SHAPE_UNKNOWN", [](auto* h) { Find(h, "blocks.1.ln1.w")->name = "blocks.4294967295.ln1.w"; }},
  };
  int index = 0;
  for (const auto& [reason, change] : cases) {
    SafetensorsHeader header = HeaderOf(SmallSpec());
    change(&header);
    EXPECT_THAT(InferSpec(header, v1::ADD), IsInvalid(reason)) << "case " << index;
    ++index;
  }
}

TEST(InferSpec_Test, PlainFileOfSubtractionsThenNeedsSign) {
  v1::TrainSpec spec = SmallSpec();
  spec.set_format(v1::PLAIN);
  EXPECT_THAT(InferSpec(HeaderOf(spec), v1::SUB), IsInvalid("FORMAT_NEEDS_SIGN"));
}

TEST(CheckLike_Test, FieldDiffersThenNamed) {
  const v1::TrainSpec imported = SmallSpec();
  EXPECT_THAT(CheckLike(imported, imported), IsOk());
  for (const char* field : {"n_digits", "n_layers", "n_heads", "d_model", "d_head", "d_mlp"}) {
    v1::TrainSpec like = imported;
    ASSERT_THAT(SetSpecField(field, "7", &like), IsOk());
    const absl::Status status = CheckLike(imported, like);
    EXPECT_THAT(status, IsInvalid("LIKE_MISMATCH"));
    EXPECT_EQ(ViolatedField(status), field);
  }
  v1::TrainSpec like = imported;
  like.set_steps(7);
  like.set_seed(7);
  EXPECT_THAT(CheckLike(imported, like), IsOk());
  like.set_format(v1::PLAIN);
  EXPECT_EQ(ViolatedField(CheckLike(imported, like)), "format");
  like.set_operation(v1::SUB);
  EXPECT_EQ(ViolatedField(CheckLike(imported, like)), "operation");
}

TEST(CheckLike_Test, ParsedNameThenOnlyItsFieldsCount) {
  EXPECT_THAT(CheckLike(SmallSpec(), ParseModelName("add_d3_l2_h2_t1K").value()), IsOk());
  EXPECT_THAT(CheckLike(SmallSpec(), ParseModelName("add_d3_l1_h2").value()), IsInvalid("LIKE_MISMATCH"));
}

TEST(HookNames_Test, TwoLayersThenForwardOrderWithoutRepeats) {
  const std::vector<std::string> names = HookNames(SmallSpec());
  EXPECT_EQ(names.size(), 2u + 2 * 18 + 2);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names[0], "hook_embed");
  EXPECT_EQ(names[2], "blocks.0.hook_resid_pre");
  EXPECT_EQ(names[19], "blocks.0.hook_resid_post");
  EXPECT_EQ(names.back(), "ln_final.hook_normalized");
}

}  // namespace
}  // namespace sumscope
