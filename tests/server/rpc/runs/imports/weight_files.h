#ifndef SUMSCOPE_TESTS_SERVER_RPC_RUNS_IMPORTS_WEIGHT_FILES_H_
#define SUMSCOPE_TESTS_SERVER_RPC_RUNS_IMPORTS_WEIGHT_FILES_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/safetensors/safetensors.h"
#include "server/rpc/runs/imports/imported_file.h"
#include "tests/support/temp_directory.h"

// Files of weights as others publish them, and their import.
namespace sumscope::rpc {

struct Imported {
  std::unique_ptr<IncomingRoom> room;
  absl::StatusOr<ImportedFile> file = absl::UnknownError("");
  std::unique_ptr<UploadSpool> spool;
};

// `operation`: what the caller says, UNSPECIFIED for nothing.
inline Imported Import(const std::string& bytes, const std::string& like = "", uint64_t memory = 1 << 20,
                       v1::Operation operation = v1::ADD) {
  const TempDirectory folder;
  Imported imported;
  imported.room = std::make_unique<IncomingRoom>([] { return uint64_t{0}; }, 0, memory);
  imported.spool = *UploadSpool::Create(folder.path(), storage::Env::Real());
  EXPECT_TRUE(imported.spool->Append(bytes).ok());
  v1::ImportHeader header;
  header.set_like_model_name(like);
  if (operation != v1::OPERATION_UNSPECIFIED) header.set_operation(operation);
  imported.file = ReadImportedFile(header, *imported.spool, imported.room.get());
  return imported;
}

// A tensor with its values, to write files as others publish them.
struct Weight {
  std::string name, dtype;
  std::vector<uint64_t> shape;
  std::vector<double> values;
};

// A model whose values are small integers, exact in every type.
inline std::vector<Weight> Weights(const v1::TrainSpec& spec) {
  std::vector<Weight> weights;
  int next = 0;
  for (const SafetensorsTensor& tensor : ModelTensors(spec)) {
    Weight weight{tensor.name, "F32", tensor.shape, {}};
    uint64_t count = 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    for (uint64_t i = 0; i < count; ++i) weight.values.push_back(next++ % 121 - 60);
    weights.push_back(std::move(weight));
  }
  return weights;
}

inline uint16_t HalfBits(double value) {  // of integers below 2,048
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);  // 0.5 .. 1
  return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) | (exponent + 14) << 10 |
                               static_cast<int>(std::ldexp(fraction, 11) - 1024));
}

template <typename T>
void Put(T value, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

inline std::string FileOf(const std::vector<Weight>& weights, const std::map<std::string, std::string>& metadata = {}) {
  std::vector<SafetensorsTensor> tensors;
  std::string data;
  for (const Weight& weight : weights) {
    tensors.push_back({weight.name, weight.dtype, weight.shape});
    for (const double value : weight.values) {
      const auto narrow = static_cast<float>(value);
      uint32_t bits;
      std::memcpy(&bits, &narrow, sizeof(bits));
      if (weight.dtype == "F64") Put(value, &data);
      if (weight.dtype == "F32") Put(narrow, &data);
      if (weight.dtype == "F16") Put(HalfBits(value), &data);
      if (weight.dtype == "BF16") Put(static_cast<uint16_t>(bits >> 16), &data);
    }
  }
  return MakeSafetensorsPrefix(tensors, metadata) + data;
}

// Two heads of four, two layers, d_model 6: no two dimensions alike.
inline v1::TrainSpec Odd() {
  v1::TrainSpec spec;
  spec.set_n_digits(2);
  spec.set_n_layers(2);
  spec.set_n_heads(2);
  spec.set_d_model(6);
  spec.set_d_head(4);
  spec.set_d_mlp(5);
  return CompleteSpec(spec);
}

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_RUNS_IMPORTS_WEIGHT_FILES_H_
