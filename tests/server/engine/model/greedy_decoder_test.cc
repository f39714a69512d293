// GreedyDecoder beside the reference transformer, run from the beginning for every token.
#include "server/engine/model/greedy_decoder.h"

#include <gtest/gtest.h>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"

namespace sumscope::engine {
namespace {

TEST(GreedyDecoder_Test, GivenAnyShapeThenItWritesWhatTheReferenceWrites) {
  SetThreads(1);
  for (const Format format : {Format::kPlain, Format::kSigned}) {
    for (const int64_t n_layers : {1, 2, 3}) {
      const Encoding encoding(4, format);
      const ModelConfig config{n_layers, 3, 12, 5, 16, encoding.n_ctx(), encoding.d_vocab()};
      NamedTensors weights = InitialWeights(config, 7, torch::kFloat64);
      torch::manual_seed(n_layers);
      for (auto& [name, tensor] : weights) tensor = tensor + 0.3 * torch::randn_like(tensor);
      Questions questions;
      UniformSource(Operation::kAdd, 4, 20, 5)->Fill(0, 20, &questions);
      const torch::Tensor tokens = encoding.Encode(questions);

      torch::Tensor expected = tokens.clone();
      const Transformer reference(config, weights);
      for (int64_t p = encoding.n_question(); p < encoding.n_ctx(); ++p) {
        expected.select(1, p).copy_(reference.Forward(expected.slice(1, 0, p)).select(1, p - 1).argmax(-1));
      }
      const torch::Tensor written =
          GreedyDecoder(config, encoding, BindWeights(config, weights), torch::kCPU).Write(tokens);
      EXPECT_TRUE(written.equal(expected)) << n_layers << " layers";
    }
  }
}

}  // namespace
}  // namespace sumscope::engine
