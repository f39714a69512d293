#include "server/rpc/runs/imports/imported_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/safetensors/safetensors.h"
#include "tests/server/rpc/runs/imports/weight_files.h"

namespace sumscope::rpc {
namespace {

v1::TrainSpec Tiny() {
  v1::TrainSpec spec;
  spec.set_n_digits(2);
  spec.set_n_heads(1);
  spec.set_d_model(4);
  spec.set_d_head(4);
  spec.set_d_mlp(8);
  return CompleteSpec(spec);
}

// A safetensors file whose floats count up from 0, so that every byte has one place.
std::string CountingFile(const std::vector<SafetensorsTensor>& tensors) {
  std::string file = MakeSafetensorsPrefix(tensors, {});
  float value = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    uint64_t count = 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    for (uint64_t i = 0; i < count; ++i, value += 1) file.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return file;
}

TEST(ImportedFile_Test, TensorsComeInOurOrderWhateverTheFilesOrder) {
  std::vector<SafetensorsTensor> tensors = ModelTensors(Tiny());
  std::swap(tensors.front(), tensors.back());
  const std::string bytes = CountingFile(tensors);
  const Imported imported = Import(bytes);
  ASSERT_TRUE(imported.file.ok()) << imported.file.status();
  EXPECT_EQ(imported.file->spec.n_digits(), 2u);
  const std::vector<SafetensorsTensor> expected = ModelTensors(Tiny());
  ASSERT_EQ(imported.file->weights.tensors.size(), expected.size());
  EXPECT_EQ(imported.file->weights.tensors.front().name, expected.front().name);
  // The first tensor of ours is the last of the file.
  const uint64_t length = imported.file->weights.tensors.front().bytes;
  EXPECT_EQ(*imported.file->weights.read(0, length), bytes.substr(bytes.size() - length));
  EXPECT_EQ(imported.file->weights.read(0, imported.file->weights.data_bytes)->size(),
            imported.file->weights.data_bytes);
}

TEST(ImportedFile_Test, MissingTensorNotFiniteWeightAndOtherShapeAreRefused) {
  std::vector<SafetensorsTensor> tensors = ModelTensors(Tiny());
  tensors.pop_back();
  EXPECT_EQ(ErrorReason(Import(CountingFile(tensors)).file.status()), "MODEL_TENSOR_MISSING");

  std::string bytes = CountingFile(ModelTensors(Tiny()));
  const float nan = std::nanf("");
  std::memcpy(bytes.data() + bytes.size() - sizeof(nan), &nan, sizeof(nan));
  EXPECT_EQ(ErrorReason(Import(bytes).file.status()), "WEIGHTS_NOT_FINITE");

  EXPECT_EQ(ErrorReason(Import(CountingFile(ModelTensors(Tiny())), "add_d3_l1_h1").file.status()), "LIKE_MISMATCH");
}

// The bytes of all weights as they are stored; read in pieces that cut tensors and elements.
std::string Stored(const Imported& imported, uint64_t piece) {
  std::string bytes;
  while (bytes.size() < imported.file->weights.data_bytes) {
    bytes +=
        *imported.file->weights.read(bytes.size(), std::min(piece, imported.file->weights.data_bytes - bytes.size()));
  }
  return bytes;
}

std::string Data(const std::string& file) { return file.substr(*SafetensorsPrefixBytes(file, file.size())); }

TEST(ForeignWeights_Test, HalfPrecisionIsWidenedAndSaid) {
  const std::string ours = Data(FileOf(Weights(Odd())));
  for (const char* dtype : {"F16", "BF16"}) {
    std::vector<Weight> weights = Weights(Odd());
    for (Weight& weight : weights) weight.dtype = dtype;
    weights.back().dtype = "F32";  // as mixed precision leaves them
    const Imported imported = Import(FileOf(weights));
    ASSERT_TRUE(imported.file.ok()) << imported.file.status();
    EXPECT_EQ(imported.file->weights.tensors.front().dtype, "F32");
    EXPECT_EQ(imported.file->spec.precision(), v1::FLOAT32);
    EXPECT_EQ(Stored(imported, 37), ours) << dtype;
    EXPECT_THAT(imported.file->weights.notes, testing::ElementsAre(testing::HasSubstr(dtype)));
  }
  std::vector<Weight> infinite = Weights(Odd());
  infinite[3].dtype = "F16";
  infinite[3].values[0] = 65536;  // its bits are those of infinity
  EXPECT_EQ(ErrorReason(Import(FileOf(infinite)).file.status()), "WEIGHTS_NOT_FINITE");
}

TEST(ForeignWeights_Test, FoldedLayerNormsAreOneAndZero) {
  const auto is_norm = [](const Weight& weight) { return weight.name.find("ln") != std::string::npos; };
  std::vector<Weight> ours = Weights(Odd()), folded;
  for (Weight& weight : ours) {
    if (is_norm(weight)) {
      weight.values.assign(6, weight.name.back() == 'w' ? 1 : 0);
    } else {
      folded.push_back(weight);
    }
  }
  const Imported imported = Import(FileOf(folded));
  ASSERT_TRUE(imported.file.ok()) << imported.file.status();
  EXPECT_EQ(imported.file->spec.n_layers(), 2u);
  EXPECT_EQ(Stored(imported, 50), Data(FileOf(ours)));
  EXPECT_THAT(imported.file->weights.notes, testing::ElementsAre(testing::HasSubstr("folded")));
  // One that is there says that the model is not folded.
  for (const char* left : {"blocks.1.ln2.w", "ln_final.b", "blocks.0.ln1.b"}) {
    std::vector<Weight> partly = folded;
    partly.push_back({left, "F32", {6}, std::vector<double>(6, 1)});
    EXPECT_EQ(ErrorReason(Import(FileOf(partly)).file.status()), "MODEL_TENSOR_MISSING") << left;
  }
}

// TransformerLens 3: nn.Linear's layout, all heads in one matrix.
std::vector<Weight> Newer(std::vector<Weight> weights, uint64_t heads) {
  const auto change = [](std::string* name, const std::string& from, const std::string& to) {
    if (name->size() < from.size() || name->substr(name->size() - from.size()) != from) return false;
    name->replace(name->size() - from.size(), from.size(), to);
    return true;
  };
  for (Weight& weight : weights) {
    const std::vector<double> ours = weight.values;
    const std::vector<uint64_t> shape = weight.shape;
    const auto transposed = [&] {
      weight.shape = {shape[1], shape[0]};
      for (uint64_t r = 0; r < shape[0]; ++r) {
        for (uint64_t c = 0; c < shape[1]; ++c) weight.values[c * shape[0] + r] = ours[r * shape[1] + c];
      }
    };
    for (const std::string matrix : {"Q", "K", "V"}) {
      const std::string newer = std::string("attn.") + static_cast<char>(std::tolower(matrix[0]));
      if (change(&weight.name, "attn.b_" + matrix, newer + ".bias")) weight.shape = {shape[0] * shape[1]};
      if (!change(&weight.name, "attn.W_" + matrix, newer + ".weight")) continue;
      weight.shape = {heads * shape[2], shape[1]};
      for (uint64_t h = 0; h < heads; ++h) {
        for (uint64_t m = 0; m < shape[1]; ++m) {
          for (uint64_t e = 0; e < shape[2]; ++e) {
            weight.values[(h * shape[2] + e) * shape[1] + m] = ours[(h * shape[1] + m) * shape[2] + e];
          }
        }
      }
    }
    if (change(&weight.name, "attn.W_O", "attn.o.weight")) {
      weight.shape = {shape[2], heads * shape[1]};
      for (uint64_t row = 0; row < heads * shape[1]; ++row) {
        for (uint64_t m = 0; m < shape[2]; ++m) weight.values[m * heads * shape[1] + row] = ours[row * shape[2] + m];
      }
    }
    if (change(&weight.name, "mlp.W_in", "mlp.in.weight") || change(&weight.name, "mlp.W_out", "mlp.out.weight") ||
        change(&weight.name, "unembed.W_U", "unembed.weight")) {
      transposed();
    }
    change(&weight.name, "attn.b_O", "attn.o.bias") || change(&weight.name, "mlp.b_in", "mlp.in.bias") ||
        change(&weight.name, "mlp.b_out", "mlp.out.bias") || change(&weight.name, "unembed.b_U", "unembed.bias") ||
        change(&weight.name, "pos_embed.W_pos", "pos_embed.weight") ||
        change(&weight.name, "embed.W_E", "embed.weight") || change(&weight.name, ".w", ".weight") ||
        change(&weight.name, ".b", ".bias");
  }
  return weights;
}

TEST(ForeignWeights_Test, NewerNamesAndLayoutsBecomeOurs) {
  const std::string ours = Data(FileOf(Weights(Odd())));
  std::vector<Weight> weights = Newer(Weights(Odd()), 2);
  const std::string file = FileOf(weights);
  EXPECT_EQ(ErrorReason(Import(file).file.status()), "MODEL_HEADS_UNKNOWN");
  const Imported liked = Import(file, "add_d2_l2_h2");
  ASSERT_TRUE(liked.file.ok()) << liked.file.status();
  EXPECT_EQ(liked.file->spec.n_heads(), 2u);
  EXPECT_EQ(liked.file->spec.d_head(), 4u);
  EXPECT_EQ(Stored(liked, 1 << 20), ours);
  EXPECT_EQ(Stored(liked, 23), ours);
  EXPECT_THAT(liked.file->weights.notes, testing::ElementsAre(testing::HasSubstr("newer TransformerLens names")));

  for (Weight& weight : weights) weight.name = "model." + weight.name;
  weights.push_back({"model.blocks.0.attn.mask", "F32", {1}, {1}});
  const Imported said = Import(FileOf(weights, {{"n_heads", "2"}}));
  ASSERT_TRUE(said.file.ok()) << said.file.status();
  EXPECT_EQ(Stored(said, 1 << 20), ours);
  EXPECT_EQ(said.file->weights.notes.size(), 2u);
  EXPECT_EQ(ErrorReason(Import(FileOf(weights, {{"n_heads", "3"}})).file.status()), "MODEL_TENSOR_SHAPE");
}

// Headers of 16 MiB and tensors that were held whole came out of nobody's share of the memory.
TEST(ForeignWeights_Test, WhatIsHeldOfAFileIsHeldInTheRoom) {
  const std::string plain = FileOf(Weights(Odd())), newer = FileOf(Newer(Weights(Odd()), 2));
  const uint64_t header = 15 * (newer.size() - Data(newer).size());
  EXPECT_TRUE(Import(newer, "add_d2_l2_h2", header).file.ok());
  EXPECT_EQ(ErrorReason(Import(newer, "add_d2_l2_h2", header - 1).file.status()), "UPLOAD_MEMORY_FULL");
  const Imported imported = Import(newer, "add_d2_l2_h2", header);
  IncomingRoom::Hold others(imported.room.get());
  EXPECT_EQ(ErrorReason(others.HoldMemory(header)), "UPLOAD_MEMORY_FULL") << "a tensor is held";
  EXPECT_TRUE(others.HoldMemory(header - 4096).ok()) << "and its header no more";
}

TEST(ForeignWeights_Test, PrefixesAreLeftOutAndOurOwnFilesHaveNoNotes) {
  for (const char* prefix : {"", "model.", "_orig_mod.module."}) {
    std::vector<Weight> weights = Weights(Odd());
    for (Weight& weight : weights) weight.name = prefix + weight.name;
    const Imported imported = Import(FileOf(weights));
    ASSERT_TRUE(imported.file.ok()) << imported.file.status();
    EXPECT_EQ(Stored(imported, 1 << 20), Data(FileOf(Weights(Odd()))));
    EXPECT_EQ(imported.file->weights.notes.size(), *prefix == 0 ? 0u : 1u);
  }
}

TEST(ForeignWeights_Test, WhenNamesAreUnknownThenTheErrorSaysWhatTheFileHas) {
  const absl::Status other =
      Import(FileOf(std::vector<Weight>{{"transformer.wte.weight", "F32", {1}, {1}}})).file.status();
  EXPECT_EQ(ErrorReason(other), "MODEL_TENSOR_MISSING");
  EXPECT_THAT(std::string(other.message()), testing::HasSubstr("transformer.wte.weight"));
  std::vector<Weight> weights = Weights(Odd());
  weights.back().name = "unembed.bias_U";
  EXPECT_THAT(std::string(Import(FileOf(weights)).file.status().message()), testing::HasSubstr("unembed.bias_U"));
  weights = Weights(Odd());
  weights.push_back(weights.front());
  weights.back().name = "embed.weight";
  EXPECT_EQ(ErrorReason(Import(FileOf(weights)).file.status()), "MODEL_TENSOR_TWICE");
}

TEST(ImportedFile_Test, EveryTruncationIsRefused) {
  const std::string bytes = CountingFile(ModelTensors(Tiny()));
  for (size_t length = 0; length < bytes.size(); length += 97) {
    EXPECT_FALSE(Import(bytes.substr(0, length)).file.ok()) << length;
  }
}

}  // namespace
}  // namespace sumscope::rpc
