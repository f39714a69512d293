// Every single answer beside the forward pass's in float32. By hand for many:
//   SUMSCOPE_IDENTITY_QUESTIONS=1000000 engine_probing_test --gtest_filter='IdenticalAnswers*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "server/engine/data/sources.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

struct Trained {
  const char* file;
  ModelConfig config;
  Format format;
};

// One of a layer, by tables; two of two layers, by the screen: one that makes hardly a mistake, and one that makes
// many.
constexpr Trained kTrained[] = {{"add_d5_l1_h3", {1, 3, 510, 170, 2040, 18, 12}, Format::kPlain},
                                {"mix_d5_l2_h3_small", {2, 3, 96, 32, 384, 19, 15}, Format::kSigned},
                                {"mix_d5_l2_h3_early", {2, 3, 96, 32, 384, 19, 15}, Format::kSigned}};

uint64_t QuestionsAsked() {
  const char* const asked = std::getenv("SUMSCOPE_IDENTITY_QUESTIONS");
  return asked == nullptr ? 2000 : std::strtoull(asked, nullptr, 10);
}

class IdenticalAnswers_Test : public ::testing::TestWithParam<Trained> {};

TEST_P(IdenticalAnswers_Test, GivenATrainedModelThenNotOneAnswerDiffersFromTheForwardPasses) {
  const torch::NoGradGuard no_grad;
  const auto& [file, config, format] = GetParam();
  const Model model = {
      config, 5, format,
      testing::OracleTensors(std::string(file) + "/model.safetensors").Weights(config, torch::kFloat32), torch::kCPU};
  const uint64_t total = QuestionsAsked();
  const auto source =
      format == Format::kPlain ? UniformSource(Operation::kAdd, 5, total, 11) : MixedSource(5, total, 11);
  const Answerer exact(model, {AnswerBy::kForwardPass, total, nullptr});
  Answerer fast(model);
  if (!fast.by_tables()) fast.MakeScreen(*source, LossSample(total, std::min<uint64_t>(total / 4, kLossSample)));
  ASSERT_TRUE(fast.by_tables() || fast.screened());
  uint64_t different = 0, rechecked = 0;
  double screen_difference = 0;
  Questions batch;
  std::vector<AnswerReading> readings, expected;
  const auto batch_size = static_cast<uint64_t>(fast.batch_size());
  for (uint64_t first = 0; first < total; first += batch_size) {
    source->Fill(first, std::min(batch_size, total - first), &batch);
    const torch::Tensor tokens = fast.encoding().Encode(batch);
    std::vector<int64_t> all(batch.size());
    std::iota(all.begin(), all.end(), 0);
    fast.Read(tokens, all, /*with_loss=*/false, &readings);
    exact.Read(tokens, all, /*with_loss=*/false, &expected);
    for (size_t q = 0; q < batch.size(); ++q) {
      different += readings[q].predicted != expected[q].predicted;
      rechecked += readings[q].rechecked;
      screen_difference = std::max(screen_difference, readings[q].screen_difference);
    }
  }
  EXPECT_EQ(different, 0u);
  EXPECT_LT(rechecked, total / 2);

  std::printf("%s: %llu questions, %llu different, %llu rechecked, bound %.3g, largest difference met %.3g\n", file,
              static_cast<unsigned long long>(total), static_cast<unsigned long long>(different),
              static_cast<unsigned long long>(rechecked), fast.screen_bound(), screen_difference);
}

INSTANTIATE_TEST_SUITE_P(Models, IdenticalAnswers_Test, ::testing::ValuesIn(kTrained),
                         [](const auto& info) { return std::string(info.param.file); });

}  // namespace
}  // namespace sumscope::engine
