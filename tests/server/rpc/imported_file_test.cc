#include "server/rpc/imported_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "proto/contract/complete_spec.h"
#include "proto/contract/errors.h"
#include "proto/contract/model_shapes.h"
#include "proto/contract/safetensors.h"
#include "tests/support/temp_directory.h"

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
std::string FileOf(const std::vector<SafetensorsTensor>& tensors) {
  std::string file = MakeSafetensorsPrefix(tensors, {});
  float value = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    uint64_t count = 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    for (uint64_t i = 0; i < count; ++i, value += 1) file.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return file;
}

struct Imported {
  absl::StatusOr<ImportedFile> file = absl::UnknownError("");
  std::unique_ptr<UploadSpool> spool;
};

Imported Import(const std::string& bytes, const std::string& like = "") {
  const TempDirectory folder;
  Imported imported;
  imported.spool = *UploadSpool::Create(folder.path());
  EXPECT_TRUE(imported.spool->Append(bytes).ok());
  v1::ImportHeader header;
  header.set_like_model_name(like);
  imported.file = ReadImportedFile(header, *imported.spool);
  return imported;
}

TEST(ImportedFile_Test, TensorsComeInOurOrderWhateverTheFilesOrder) {
  std::vector<SafetensorsTensor> tensors = ModelTensors(Tiny());
  std::swap(tensors.front(), tensors.back());
  const std::string bytes = FileOf(tensors);
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
  EXPECT_EQ(ErrorReason(Import(FileOf(tensors)).file.status()), "MODEL_TENSOR_MISSING");

  std::string bytes = FileOf(ModelTensors(Tiny()));
  const float nan = std::nanf("");
  std::memcpy(bytes.data() + bytes.size() - sizeof(nan), &nan, sizeof(nan));
  EXPECT_EQ(ErrorReason(Import(bytes).file.status()), "WEIGHTS_NOT_FINITE");

  EXPECT_EQ(ErrorReason(Import(FileOf(ModelTensors(Tiny())), "add_d3_l1_h1").file.status()), "LIKE_MISMATCH");
}

TEST(ImportedFile_Test, EveryTruncationIsRefused) {
  const std::string bytes = FileOf(ModelTensors(Tiny()));
  for (size_t length = 0; length < bytes.size(); length += 97) {
    EXPECT_FALSE(Import(bytes.substr(0, length)).file.ok()) << length;
  }
}

}  // namespace
}  // namespace sumscope::rpc
