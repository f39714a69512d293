#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_MODEL_PARITY_CASE_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_MODEL_PARITY_CASE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/engine/model/transformer.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {

// One file of tests/oracles/parity in one precision. Tolerances are those of tests/oracles/README.md, "parity/".
struct ParityCase {
  ParityCase(const std::string& name, torch::ScalarType type) : oracle("parity/" + name + ".safetensors"), dtype(type) {
    const auto spec = nlohmann::json::parse(oracle.metadata().at("spec").get<std::string>());
    n_digits = spec.at("n");
    format = spec.at("fmt") == "plain" ? Format::kPlain : Format::kSigned;
    config = {spec.at("layers"), spec.at("heads"), spec.at("d_model"), spec.at("d_head"),
              spec.at("d_mlp"),  spec.at("n_ctx"), spec.at("d_vocab")};
    weights = oracle.Weights(config, dtype);
    for (auto& [parameter, tensor] : weights) parameters.push_back(tensor.requires_grad_());
  }

  bool is_double() const { return dtype == torch::kFloat64; }
  double loss_tolerance() const { return is_double() ? 1e-12 : 1e-6; }
  double activation_tolerance() const { return is_double() ? 1e-6 : 1e-5; }
  double tolerance() const { return is_double() ? 2e-7 : 1e-6; }

  torch::Tensor tokens() const { return oracle.At("tokens"); }
  Encoding encoding() const { return Encoding(n_digits, format); }

  // The two losses of logits at the answer rows.
  torch::Tensor Losses(const torch::Tensor& answer_logits) const {
    return AnswerLosses(answer_logits, tokens().slice(1, encoding().n_question()));
  }
  void ExpectLosses(const torch::Tensor& losses) const {
    EXPECT_NEAR(losses.mean().item<double>(), oracle.At("loss").item<double>(), loss_tolerance());
    EXPECT_LE((losses.mean(0) - oracle.At("digit_loss")).abs().max().item<double>(), loss_tolerance());
  }
  void ExpectGradients(const std::vector<torch::Tensor>& gradients) const {
    for (size_t i = 0; i < weights.size(); ++i) ExpectNear(gradients[i], "grad." + weights[i].first, tolerance());
  }
  void ExpectNear(const torch::Tensor& value, const std::string& name, double bound) const {
    const torch::Tensor& expected = oracle.At(name);
    ASSERT_EQ(value.sizes(), expected.sizes()) << name;
    EXPECT_LE((value.to(torch::kFloat64) - expected.to(torch::kFloat64)).abs().max().item<double>(), bound) << name;
  }

  testing::OracleTensors oracle;
  torch::ScalarType dtype;
  int n_digits;
  Format format;
  ModelConfig config;
  NamedTensors weights;
  std::vector<torch::Tensor> parameters;
};

using ParityParameter = std::tuple<const char*, torch::ScalarType>;
inline auto AllParityCases() {
  return ::testing::Combine(::testing::Values("plain_n3_l1_h2", "signed_n5_l2_h3", "signed_n4_l3_h4"),
                            ::testing::Values(torch::kFloat32, torch::kFloat64));
}
inline std::string ParityName(const ::testing::TestParamInfo<ParityParameter>& info) {
  return std::string(std::get<0>(info.param)) + (std::get<1>(info.param) == torch::kFloat64 ? "_float64" : "_float32");
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_MODEL_PARITY_CASE_H_
