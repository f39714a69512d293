#include "tests/support/oracle_file.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace sumscope::testing {
namespace {

std::string ReadAll(const std::string& file) {
  const std::string path = std::string(SUMSCOPE_ORACLE_DIR) + "/" + file;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) cells.push_back(cell);
  return cells;
}

}  // namespace

nlohmann::json ReadOracleJson(const std::string& file) { return nlohmann::json::parse(ReadAll(file)); }

std::vector<TableRow> ReadOracleTable(const std::string& file) {
  std::stringstream stream(ReadAll(file));
  std::vector<std::string> header;
  std::vector<TableRow> rows;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> cells = Split(line);
    if (header.empty()) {
      header = cells;
      continue;
    }
    TableRow row;
    for (size_t i = 0; i < header.size(); ++i) row[header[i]] = i < cells.size() ? cells[i] : "";
    rows.push_back(std::move(row));
  }
  return rows;
}

OracleTensors::OracleTensors(const std::string& file) {
  const std::string bytes = ReadAll(file);
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  const nlohmann::json header = nlohmann::json::parse(bytes.substr(8, header_size));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      metadata_ = entry;
      continue;
    }
    const std::string type = entry.at("dtype");
    const torch::ScalarType dtype = type == "F32"   ? torch::kFloat32
                                    : type == "F64" ? torch::kFloat64
                                    : type == "I64" ? torch::kInt64
                                                    : throw std::runtime_error("dtype " + type + " in " + file);
    torch::Tensor tensor = torch::empty(entry.at("shape").get<std::vector<int64_t>>(), dtype);
    const auto range = entry.at("data_offsets").get<std::vector<size_t>>();
    if (range.at(1) - range.at(0) != tensor.nbytes() || 8 + header_size + range.at(1) > bytes.size()) {
      throw std::runtime_error("bad offsets of " + name + " in " + file);
    }
    std::memcpy(tensor.data_ptr(), bytes.data() + 8 + header_size + range[0], tensor.nbytes());
    tensors_.emplace(name, tensor);
  }
}

engine::NamedTensors OracleTensors::Weights(const engine::ModelConfig& config, torch::ScalarType dtype) const {
  engine::NamedTensors weights;
  for (const engine::ParameterInfo& info : engine::ParameterList(config)) {
    weights.emplace_back(info.name, At(info.name).to(dtype).clone());
  }
  return weights;
}

}  // namespace sumscope::testing
