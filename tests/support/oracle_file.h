#ifndef SUMSCOPE_TESTS_SUPPORT_ORACLE_FILE_H_
#define SUMSCOPE_TESTS_SUPPORT_ORACLE_FILE_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/engine/model/weights.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::testing {

// Readers of the reference files in tests/oracles, named relative to that folder. They throw std::runtime_error where a
// file is not what it should be: the files are part of the repository.

nlohmann::json ReadOracleJson(const std::string& file);

// A table with a header line; lines that start with '#' are skipped.
using TableRow = std::map<std::string, std::string>;
std::vector<TableRow> ReadOracleTable(const std::string& file);

// A safetensors file, read whole. Tensors are copies on the CPU.
class OracleTensors {
 public:
  explicit OracleTensors(const std::string& file);

  bool Has(const std::string& name) const { return tensors_.count(name) > 0; }
  const torch::Tensor& At(const std::string& name) const { return tensors_.at(name); }
  const std::map<std::string, torch::Tensor>& all() const { return tensors_; }
  const nlohmann::json& metadata() const { return metadata_; }

  // The weights of a model of these dimensions, in the engine's order.
  engine::NamedTensors Weights(const engine::ModelConfig& config, torch::ScalarType dtype) const;

 private:
  std::map<std::string, torch::Tensor> tensors_;
  nlohmann::json metadata_;
};

}  // namespace sumscope::testing

#endif  // SUMSCOPE_TESTS_SUPPORT_ORACLE_FILE_H_
