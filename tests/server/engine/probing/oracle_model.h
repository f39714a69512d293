#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ORACLE_MODEL_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ORACLE_MODEL_H_

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "server/engine/device/device.h"
#include "server/engine/model/transformer.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {

// A trained model of tests/oracles.
struct OracleModel {
  const char* name;
  ModelConfig config;
  Format format;
};

inline const auto kOracleModels =
    ::testing::Values(OracleModel{"add_d5_l1_h3", {1, 3, 510, 170, 2040, 18, 12}, Format::kPlain},
                      OracleModel{"mix_d5_l2_h3_early", {2, 3, 96, 32, 384, 19, 15}, Format::kSigned},
                      OracleModel{"mix_d5_l2_h3_small", {2, 3, 96, 32, 384, 19, 15}, Format::kSigned});

inline std::string OracleName(const ::testing::TestParamInfo<OracleModel>& info) { return info.param.name; }

// Losses agree within the tolerance of tests/oracles/README.md; null is NaN.
inline void ExpectLoss(double loss, const nlohmann::json& expected) {
  if (expected.is_null()) {
    EXPECT_TRUE(std::isnan(loss));
  } else {
    EXPECT_NEAR(loss, expected.get<double>(), 1e-5 + 1e-4 * expected.get<double>());
  }
}

// The model of the parameter, its expected.json and its question sets.
class OracleModelTest : public ::testing::TestWithParam<OracleModel> {
 protected:
  OracleModelTest() : expected_(testing::ReadOracleJson(std::string(GetParam().name) + "/expected.json")) {
    SetThreads(2);
    const testing::OracleTensors file(std::string(GetParam().name) + "/model.safetensors");
    model_ = {GetParam().config, 5, GetParam().format, file.Weights(GetParam().config, torch::kFloat32), torch::kCPU};
    for (const auto& row : testing::ReadOracleTable(std::string(GetParam().name) + "/questions.tsv")) {
      const std::string op = row.count("op") > 0 ? row.at("op") : "+";
      sets_[row.at("set")].push_back(ParseQuestion(row.at("a") + op + row.at("b"), 5));
      classes_[row.at("set")].push_back(row.at("class"));
    }
    if (sets_.count("add_uniform") > 0) {
      Questions both = sets_["add_uniform"];
      both.insert(both.end(), sets_["sub_uniform"].begin(), sets_["sub_uniform"].end());
      both_ = std::move(both);
    }
  }

  bool mixed() const { return !both_.empty(); }
  // The sets that expected.json's probes are about, by the name of their entry ("" where there is one entry only).
  std::map<std::string, Questions> UniformSets() {
    if (!mixed()) return {{"", sets_["uniform"]}};
    return {{"add_uniform", sets_["add_uniform"]}, {"sub_uniform", sets_["sub_uniform"]}};
  }
  static const nlohmann::json& Entry(const nlohmann::json& probe, const std::string& set) {
    return set.empty() ? probe : probe.at(set);
  }

  const nlohmann::json expected_;
  Model model_;
  std::map<std::string, Questions> sets_;
  std::map<std::string, std::vector<std::string>> classes_;
  Questions both_;  // of a mixed model: additions, then subtractions
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ORACLE_MODEL_H_
