#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_FORWARD_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_FORWARD_H_

#include <cstdint>
#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/interventions/intervener/change_plan.h"
#include "server/engine/probing/interventions/intervener/row_values.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// Single rows of a one-layer model by the forward pass, each with a change of its own: what decides where tables do
// not. Thread-compatible.
class RowForward {
 public:
  // `weights` on the CPU.
  RowForward(const ModelConfig& config, const ModelWeights& weights);

  struct Row {
    const int64_t* tokens = nullptr;  // [n_ctx]
    const int64_t* donor = nullptr;   // the same, where values are of donors
    size_t place = 0;
    int64_t position = 0;
    Change change;
  };
  // Logits [rows, d_vocab].
  torch::Tensor Logits(const std::vector<Row>& rows, const RowValues& values) const;

 private:
  // Of the same rows unchanged.
  struct Parts {
    torch::Tensor input;  // [rows, d_model]
    torch::Tensor z;      // [rows, n_heads, d_head]
  };
  Parts PartsOf(const std::vector<Row>& rows, bool of_donors) const;
  torch::Tensor Mid(const torch::Tensor& input, const torch::Tensor& z) const;
  torch::Tensor LogitsOfSome(const std::vector<Row>& rows, const RowValues& values) const;

  const ModelConfig config_;
  const ModelWeights weights_;
  torch::Tensor embedding_;  // [pairs, d_model]
  torch::Tensor q_, k_, v_;  // [n_heads, pairs, d_head]
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_FORWARD_H_
