#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_PROGRESS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_PROGRESS_H_

#include <functional>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {

// Called between batches with the share done (0..1); returning false cancels the analysis.
using ProgressFn = std::function<bool(double)>;

// Throws kCancelled (CANCELLED) when `progress` says stop.
inline void Report(const ProgressFn& progress, double done) {
  if (progress && !progress(done)) throw Error(ErrorKind::kCancelled, "CANCELLED", "the analysis was cancelled");
}

// `progress` for a part of the whole that goes from `from` to `to`.
inline ProgressFn Part(const ProgressFn& progress, double from, double to) {
  if (!progress) return nullptr;
  return [progress, from, to](double done) { return progress(from + (to - from) * done); };
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_PROGRESS_H_
