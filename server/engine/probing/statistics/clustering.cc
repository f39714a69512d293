#include "server/engine/probing/statistics/clustering.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/engine/data/philox.h"

namespace sumscope::engine {
namespace {

constexpr uint32_t kKMeansColumn = 67;  // of the analysis stream; step = k, row = 2^16 start + centre
constexpr int kMaxRounds = 300;

std::vector<size_t> GroupSizes(const std::vector<int>& labels) {
  std::vector<size_t> sizes;
  for (const int label : labels) {
    if (sizes.size() <= static_cast<size_t>(label)) sizes.resize(static_cast<size_t>(label) + 1, 0);
    ++sizes[static_cast<size_t>(label)];
  }
  return sizes;
}

size_t Present(const std::vector<size_t>& sizes) {
  return sizes.size() - static_cast<size_t>(std::count(sizes.begin(), sizes.end(), size_t{0}));
}

double Square(const double* left, const double* right, size_t dims) {
  double sum = 0;
  for (size_t d = 0; d < dims; ++d) sum += (left[d] - right[d]) * (left[d] - right[d]);
  return sum;
}

// The mean of each group [groups, dims]; groups without a point keep what `means` holds.
void MoveToMeans(const Points& points, const std::vector<int>& labels, std::vector<double>* means) {
  std::vector<double> sums(means->size(), 0);
  std::vector<size_t> sizes(means->size() / points.dims, 0);
  for (size_t i = 0; i < points.count; ++i) {
    const auto group = static_cast<size_t>(labels[i]);
    ++sizes[group];
    for (size_t d = 0; d < points.dims; ++d) sums[group * points.dims + d] += points.values[i * points.dims + d];
  }
  for (size_t j = 0; j < sums.size(); ++j) {
    if (sizes[j / points.dims] > 0) (*means)[j] = sums[j] / static_cast<double>(sizes[j / points.dims]);
  }
}

// k-means++: each next centre is a point drawn with a probability proportional to its squared distance from the
// nearest.
std::vector<double> StartCentres(const Points& points, int k, int start, uint64_t seed) {
  std::vector<double> centres;
  std::vector<double> nearest(points.count, 1.0);
  for (int c = 0; c < k; ++c) {
    double total = 0;
    for (const double weight : nearest) total += weight;
    const uint32_t row = static_cast<uint32_t>(start) * 65536u + static_cast<uint32_t>(c);
    const uint32_t word = DrawBlock(seed, Stream::kAnalysis, static_cast<uint64_t>(k), row, kKMeansColumn)[0];
    double left = word / 4294967296.0 * total;
    size_t chosen = 0;
    for (size_t i = 0; i < points.count; ++i) {
      if (nearest[i] <= 0) continue;
      chosen = i;  // the last possible point takes what rounding leaves over
      if (left < nearest[i]) break;
      left -= nearest[i];
    }
    const double* centre = points.values + chosen * points.dims;
    centres.insert(centres.end(), centre, centre + points.dims);
    for (size_t i = 0; i < points.count; ++i) {
      const double square = points.Square(i, chosen);
      nearest[i] = c == 0 ? square : std::min(nearest[i], square);
    }
  }
  return centres;
}

// Puts each point into the cluster of its nearest centre, the first among equals; returns the inertia.
double Assign(const Points& points, const std::vector<double>& centres, std::vector<int>* clusters) {
  double inertia = 0;
  for (size_t i = 0; i < points.count; ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c * points.dims < centres.size(); ++c) {
      const double square = Square(points.values + i * points.dims, centres.data() + c * points.dims, points.dims);
      if (square < least) {
        least = square;
        (*clusters)[i] = static_cast<int>(c);
      }
    }
    inertia += least;
  }
  return inertia;
}

}  // namespace

double Points::Square(size_t i, size_t j) const { return engine::Square(values + i * dims, values + j * dims, dims); }

std::optional<double> Silhouette(const Points& points, const std::vector<int>& labels) {
  const std::vector<size_t> sizes = GroupSizes(labels);
  if (Present(sizes) < 2) return std::nullopt;
  double total = 0;
  std::vector<double> distance(sizes.size());
  for (size_t i = 0; i < points.count; ++i) {
    const auto own = static_cast<size_t>(labels[i]);
    if (sizes[own] == 1) continue;
    std::fill(distance.begin(), distance.end(), 0);
    for (size_t j = 0; j < points.count; ++j) {
      distance[static_cast<size_t>(labels[j])] += std::sqrt(points.Square(i, j));
    }
    const double inside = distance[own] / static_cast<double>(sizes[own] - 1);
    double outside = std::numeric_limits<double>::infinity();
    for (size_t g = 0; g < sizes.size(); ++g) {
      if (g != own && sizes[g] > 0) outside = std::min(outside, distance[g] / static_cast<double>(sizes[g]));
    }
    const double larger = std::max(inside, outside);
    if (larger > 0) total += (outside - inside) / larger;
  }
  return total / static_cast<double>(points.count);
}

std::optional<double> CalinskiHarabasz(const Points& points, const std::vector<int>& labels) {
  const std::vector<size_t> sizes = GroupSizes(labels);
  const size_t groups = Present(sizes);
  if (groups < 2 || groups >= points.count) return std::nullopt;
  std::vector<double> means(sizes.size() * points.dims, 0), centre(points.dims, 0);
  MoveToMeans(points, labels, &means);
  MoveToMeans(points, std::vector<int>(points.count, 0), &centre);
  double between = 0, within = 0;
  for (size_t g = 0; g < sizes.size(); ++g) {
    if (sizes[g] == 0) continue;
    between += static_cast<double>(sizes[g]) * Square(means.data() + g * points.dims, centre.data(), points.dims);
  }
  for (size_t i = 0; i < points.count; ++i) {
    within += Square(points.values + i * points.dims, means.data() + static_cast<size_t>(labels[i]) * points.dims,
                     points.dims);
  }
  if (within <= 0) return std::numeric_limits<double>::infinity();
  return (between / static_cast<double>(groups - 1)) / (within / static_cast<double>(points.count - groups));
}

std::vector<int> KMeans(const Points& points, int k, int starts, uint64_t seed) {
  std::vector<int> best(points.count, 0);
  double least = std::numeric_limits<double>::infinity();
  for (int start = 0; start < starts; ++start) {
    std::vector<double> centres = StartCentres(points, k, start, seed);
    std::vector<int> clusters(points.count, 0), before;
    double inertia = 0;
    for (int round = 0; round < kMaxRounds && clusters != before; ++round) {
      before = clusters;
      inertia = Assign(points, centres, &clusters);
      MoveToMeans(points, clusters, &centres);
      if (round == 0) before.clear();  // the clusters before the first round are no assignment
    }
    if (inertia < least) {
      least = inertia;
      best = clusters;
    }
  }
  return best;
}

double Agreement(const std::vector<int>& clusters, const std::vector<int>& labels) {
  const size_t n_clusters = GroupSizes(clusters).size(), n_labels = GroupSizes(labels).size();
  std::vector<size_t> counts(n_clusters * n_labels, 0);
  for (size_t i = 0; i < clusters.size(); ++i) {
    ++counts[static_cast<size_t>(clusters[i]) * n_labels + static_cast<size_t>(labels[i])];
  }
  size_t agreeing = 0;
  for (size_t c = 0; c < n_clusters; ++c) {
    const auto row = counts.begin() + static_cast<std::ptrdiff_t>(c * n_labels);
    agreeing += *std::max_element(row, row + static_cast<std::ptrdiff_t>(n_labels));
  }
  return static_cast<double>(agreeing) / static_cast<double>(clusters.size());
}

}  // namespace sumscope::engine
