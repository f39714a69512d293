#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_CHUNKS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_CHUNKS_H_

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine::step {

// How many chunks a pass over rows x width numbers is cut into: as many as there are threads where the work is worth
// it. Depends on nothing else, and so does the order of what the chunks sum up.
inline int64_t ChunkCount(int64_t rows, int64_t width) {
  constexpr int64_t kWorthAThread = 1 << 15;
  return std::max<int64_t>(1, std::min<int64_t>({at::get_num_threads(), rows, rows * width / kWorthAThread}));
}

// run(chunk, begin, end) for each chunk of the rows.
template <class Run>
void ForChunks(int64_t chunks, int64_t rows, const Run& run) {
  if (chunks == 1) {
    run(int64_t{0}, int64_t{0}, rows);
    return;
  }
  at::parallel_for(0, chunks, 1, [&](int64_t from, int64_t to) {
    for (int64_t chunk = from; chunk < to; ++chunk) run(chunk, chunk * rows / chunks, (chunk + 1) * rows / chunks);
  });
}

// The column sums of each chunk, put together in the order of the chunks.
template <class T>
class ColumnSums {
 public:
  // Zeros [chunks][width].
  void Begin(int64_t chunks, int64_t width) {
    chunks_ = chunks;
    width_ = width;
    sums_.assign(static_cast<size_t>(chunks * width), 0);
  }
  T* Of(int64_t chunk) { return sums_.data() + chunk * width_; }
  // Sets to[i] to the sum of column first + i.
  void Take(int64_t first, int64_t count, T* to) const {
    const T* const sums = sums_.data() + first;
    std::copy(sums, sums + count, to);
    for (int64_t chunk = 1; chunk < chunks_; ++chunk) {
      for (int64_t i = 0; i < count; ++i) to[i] += sums[chunk * width_ + i];
    }
  }

 private:
  std::vector<T> sums_;
  int64_t chunks_ = 0, width_ = 0;
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_CHUNKS_H_
