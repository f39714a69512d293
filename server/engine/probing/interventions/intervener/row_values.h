#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_VALUES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/probing/interventions/intervener/change_plan.h"
#include "server/engine/probing/interventions/intervener/intervener.h"
#include "server/engine/probing/interventions/intervener/row_tables.h"

namespace sumscope::engine {

// What is added up for the means of the nodes of a plan, place by place (ChangePlan::places).
struct MeanSums {
  MeanSums(const RowTables& tables, size_t places);
  void Add(const MeanSums& other);

  uint64_t count = 0;
  std::vector<double> z;       // [places][n_heads][z_width]
  std::vector<double> mid;     // [places][width]
  std::vector<double> hidden;  // [places][hidden_width]
};

// What nodes are replaced by at the places of a plan, but for donors. Rows of zeros where nothing was added up.
class RowValues {
 public:
  RowValues(const RowTables& tables, size_t places, NodeValue kind);
  // Takes the means. `plan` says which of them are asked for.
  void Take(const RowTables& tables, const ChangePlan& plan, const MeanSums& sums);

  NodeValue kind() const { return kind_; }
  const float* z(size_t place, size_t head) const { return &z_[(place * n_heads_ + head) * z_width_]; }
  const float* residual_of_head(size_t place, size_t head) const { return &head_residual_[At(place, head) * width_]; }
  const float* hidden_of_head(size_t place, size_t head) const {
    return &head_hidden_[At(place, head) * hidden_width_];
  }
  const float* mlp(size_t place) const { return &mlp_[place * width_]; }
  const float* residual(size_t place) const { return &residual_[place * width_]; }

 private:
  size_t At(size_t place, size_t head) const { return place * n_heads_ + head; }

  const NodeValue kind_;
  const size_t n_heads_, z_width_, width_, hidden_width_;
  std::vector<float> z_, head_residual_, head_hidden_, mlp_, residual_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_VALUES_H_
