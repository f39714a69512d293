#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_INSERTION_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_INSERTION_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/model/weights.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// The trained model that an insert mode takes weights from.
struct SourceModel {
  ModelConfig config;
  NamedTensors weights;
  std::vector<std::pair<int, int>> useful_heads;  // (layer, head) that its useful-node map names at any position
};

// The insert modes of science.md section 2. Thread-compatible.
class Insertion {
 public:
  // Copies the whole source into `weights`, those of a model of `config` in their fixed order: layer i to layer i, head
  // h to head h; what the source does not have stays. Keeps views of `weights` for later. Throws kInvalidArgument:
  // INIT_FROM_MISMATCH when digits, format, d_model, d_head or d_mlp differ, the source has more layers or heads, or a
  // useful head that it does not have; and what CheckedWeights throws.
  Insertion(InsertMode mode, const ModelConfig& config, const SourceModel& source, NamedTensors* weights);

  // After the optimiser's update of `step` (0, 1, ..): writes back what the mode keeps: the useful heads, or all heads
  // and MLPs, at every 100th step or always.
  void WriteBack(uint64_t step) const;

 private:
  InsertMode mode_;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> kept_;  // view of the weights, the source's values
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_INSERTION_H_
