#include "server/engine/probing/interventions/intervener/row_values.h"

#include <algorithm>
#include <numeric>

#include "server/engine/probing/interventions/intervener/row_sums.h"

namespace sumscope::engine {
namespace {

void AddTo(const std::vector<double>& from, std::vector<double>* to) {
  for (size_t i = 0; i < to->size(); ++i) (*to)[i] += from[i];
}

std::vector<float> MeansOf(const std::vector<double>& sums, uint64_t count) {
  std::vector<float> mean(sums.size());
  std::transform(sums.begin(), sums.end(), mean.begin(),
                 [&](double sum) { return static_cast<float>(sum / static_cast<double>(count)); });
  return mean;
}

}  // namespace

MeanSums::MeanSums(const RowTables& tables, size_t places)
    : z(places * static_cast<size_t>(tables.config.n_heads) * tables.z_width),
      mid(places * tables.width),
      hidden(places * tables.hidden_width) {}

void MeanSums::Add(const MeanSums& other) {
  count += other.count;
  AddTo(other.z, &z);
  AddTo(other.mid, &mid);
  AddTo(other.hidden, &hidden);
}

RowValues::RowValues(const RowTables& tables, size_t places, NodeValue kind)
    : kind_(kind),
      n_heads_(static_cast<size_t>(tables.config.n_heads)),
      z_width_(tables.z_width),
      width_(tables.width),
      hidden_width_(tables.hidden_width),
      z_(places * n_heads_ * z_width_),
      head_residual_(places * n_heads_ * width_),
      head_hidden_(places * n_heads_ * hidden_width_),
      mlp_(places * width_),
      residual_(places * width_) {}

void RowValues::Take(const RowTables& tables, const ChangePlan& plan, const MeanSums& sums) {
  z_ = MeansOf(sums.z, sums.count);
  const std::vector<float> mid = MeansOf(sums.mid, sums.count), hidden = MeansOf(sums.hidden, sums.count);
  // As the rows of a question are computed: where all have the same value, the mean is that value to the last bit.
  std::vector<uint32_t> unit(hidden_width_);
  std::vector<float> value(hidden_width_ * kProductRows);
  for (size_t place = 0; place < plan.places().size(); ++place) {
    const Change& moved = plan.places()[place].moved;
    if (!moved.mlp && !moved.residual) continue;
    const size_t count =
        FindActive(&hidden[place * hidden_width_], 1, hidden_width_ / kSumBlock, kSumBlock, unit.data(), value.data());
    for (size_t column = 0; column < width_; column += kSumBlock) {
      MultiplyActive(unit.data(), value.data(), count, &tables.out[column * hidden_width_], &tables.out_bias[column], 1,
                     &mlp_[place * width_ + column], width_);
    }
    for (size_t i = place * width_; i < (place + 1) * width_; ++i) residual_[i] = mid[i] + mlp_[i];
  }
  const auto places = static_cast<int64_t>(plan.places().size());
  const torch::Tensor z = torch::from_blob(z_.data(), {places, tables.config.n_heads, static_cast<int64_t>(z_width_)})
                              .slice(2, 0, tables.config.d_head)
                              .to(torch::kFloat64);
  for (size_t head = 0; head < n_heads_; ++head) {
    const RowTables::Written written =
        tables.Write(z.select(1, static_cast<int64_t>(head)), static_cast<int64_t>(head));
    for (size_t place = 0; place < plan.places().size(); ++place) {
      std::copy_n(&written.residual[place * width_], width_, &head_residual_[At(place, head) * width_]);
      std::copy_n(&written.hidden[place * hidden_width_], hidden_width_,
                  &head_hidden_[At(place, head) * hidden_width_]);
    }
  }
}

}  // namespace sumscope::engine
