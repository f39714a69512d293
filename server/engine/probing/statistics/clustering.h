#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_CLUSTERING_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_CLUSTERING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sumscope::engine {

// Points [count, dims], row-major. Borrowed.
struct Points {
  const double* values = nullptr;
  size_t count = 0;
  size_t dims = 0;

  double Square(size_t i, size_t j) const;  // squared Euclidean distance of two points
};

// Mean silhouette of labels 0 .. over the points, Euclidean; a point alone in its group counts 0. Absent unless at
// least two groups have a point.
std::optional<double> Silhouette(const Points& points, const std::vector<int>& labels);

// Calinski-Harabasz index of g groups: (between-group dispersion / (g-1)) / (within-group dispersion / (count-g)).
// Absent unless 2 <= g < count; infinite when no group has any spread.
std::optional<double> CalinskiHarabasz(const Points& points, const std::vector<int>& labels);

// Lloyd's algorithm from `starts` seeded k-means++ starts: the clusters of the least inertia, the earlier start among
// equals. k <= count. Fewer than k clusters may have points where points coincide.
std::vector<int> KMeans(const Points& points, int k, int starts, uint64_t seed);

// Share of points whose cluster's most frequent label is theirs.
double Agreement(const std::vector<int>& clusters, const std::vector<int>& labels);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_CLUSTERING_H_
