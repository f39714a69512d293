#include "server/jobs/rates/rate_book.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace sumscope::jobs {
namespace {

constexpr uint32_t kTrustedSamples = 3;  // samples after which one alone cannot change much
constexpr double kLatestWeight = 0.25;   // of the latest sample
constexpr size_t kNearestShapes = 5;
constexpr double kShapeBlur = 0.25;      // shapes nearer than this are as good as the same
constexpr double kModelDistance = 2;     // at which a shape says as much as the model
constexpr double kMostCorrection = 1e4;  // a factor beyond is nobody's rate

bool IsRateOfWork(double seconds) { return std::isfinite(seconds) && seconds > 0; }

double WeightAtDistance(double distance) { return 1 / (kShapeBlur * kShapeBlur + distance * distance); }

double MixedSeconds(double so_far, double sample, double weight) { return so_far * std::pow(sample / so_far, weight); }

}  // namespace

RateBook::Entry* RateBook::Insert(const storage::Rate& rate) {
  if (!IsRateOfWork(rate.seconds_per_unit) || !IsRateOfWork(rate.model_seconds_per_unit)) return nullptr;
  Shapes& shapes = shapes_[{rate.device, rate.threads, rate.kind}];
  if (const auto found = shapes.find(rate.shape); found != shapes.end()) return &found->second;
  const std::optional<v1::TrainSpec> spec = ReadShapeKey(rate.shape);
  if (!spec.has_value()) return nullptr;
  ++size_;
  return &shapes.emplace(rate.shape, Entry{rate, *spec, PointOf(*spec)}).first->second;
}

void RateBook::ForgetTheOldest() {
  Shapes* of = nullptr;
  std::string shape;
  absl::Time oldest = absl::InfiniteFuture();
  for (auto& [key, shapes] : shapes_) {
    for (const auto& [name, entry] : shapes) {
      if (entry.rate.update_time >= oldest) continue;
      oldest = entry.rate.update_time;
      of = &shapes;
      shape = name;
    }
  }
  if (of == nullptr) return;
  of->erase(shape);
  --size_;
}

void RateBook::Load(const std::vector<storage::Rate>& rates) {
  for (const storage::Rate& rate : rates) {
    if (size_ >= most_) return;  // the latest come first
    if (Entry* const entry = Insert(rate); entry != nullptr) entry->rate = rate;
  }
}

storage::Rate RateBook::Learn(const storage::Rate& sample) {
  storage::Rate first = sample;
  first.samples = 0;
  Entry* const entry = Insert(first);
  if (entry == nullptr) return first;
  storage::Rate& rate = entry->rate;
  const double weight = std::max(1.0 / (rate.samples + 1.0), kLatestWeight);
  double seconds = sample.seconds_per_unit;
  if (rate.samples >= kTrustedSamples) {
    seconds = std::clamp(seconds, rate.seconds_per_unit / 2, rate.seconds_per_unit * 2);
  }
  rate.seconds_per_unit = MixedSeconds(rate.seconds_per_unit, seconds, weight);
  rate.model_seconds_per_unit = MixedSeconds(rate.model_seconds_per_unit, sample.model_seconds_per_unit, weight);
  rate.update_time = sample.update_time;
  ++rate.samples;
  const storage::Rate learnt = rate;
  while (size_ > most_) ForgetTheOldest();
  return learnt;
}

RateBook::Correction RateBook::Correct(const Place& place, const std::string& kind, const v1::TrainSpec& spec,
                                       ShapeOf of, const Model& model, bool model_is_measured) const {
  Correction correction{1, model_is_measured ? Basis::kCalibration : Basis::kAssumed, 0};
  const auto found = shapes_.find({place.device, place.threads, kind});
  if (found == shapes_.end()) return correction;
  const auto ratio = [&](const Entry& entry) {
    const double modelled = model ? model(entry.spec) : entry.rate.model_seconds_per_unit;
    return std::clamp(entry.rate.seconds_per_unit / modelled, 1 / kMostCorrection, kMostCorrection);
  };
  if (const auto same = found->second.find(ShapeKey(spec, of)); same != found->second.end()) {
    return {ratio(same->second), Basis::kThisShape, same->second.rate.samples};
  }
  std::vector<std::pair<double, const Entry*>> near;  // by distance
  const ShapePoint point = PointOf(spec);
  for (const auto& [shape, entry] : found->second) near.emplace_back(ShapeDistance(point, entry.point, of), &entry);
  const auto end = near.begin() + static_cast<std::ptrdiff_t>(std::min(near.size(), kNearestShapes));
  std::partial_sort(near.begin(), end, near.end(),
                    [](const auto& one, const auto& other) { return one.first < other.first; });
  const double weight_of_model = model_is_measured ? WeightAtDistance(kModelDistance) : 0;
  double weights = 0, sum = 0;
  for (auto next = near.begin(); next != end; ++next) {
    const double weight = WeightAtDistance(next->first);
    weights += weight;
    sum += weight * std::log(ratio(*next->second));
  }
  if (weights == 0) return correction;
  correction.factor = std::exp(sum / (weights + weight_of_model));
  if (weights < weight_of_model) return correction;
  correction.basis = Basis::kNearShapes;
  correction.count = static_cast<uint32_t>(end - near.begin());
  return correction;
}

std::vector<storage::Rate> RateBook::List() const {
  std::vector<storage::Rate> rates;
  for (const auto& [key, shapes] : shapes_) {
    for (const auto& [shape, entry] : shapes) rates.push_back(entry.rate);
  }
  return rates;
}

}  // namespace sumscope::jobs
