#ifndef SUMSCOPE_STORAGE_CATALOG_RATES_H_
#define SUMSCOPE_STORAGE_CATALOG_RATES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sumscope::storage {

// How long finished work took, of one shape on one kind of slot.
struct Rate {
  std::string device;  // cpu, cuda:0
  uint32_t threads = 1;
  std::string kind;                   // train, or the name of an analysis
  std::string shape;                  // what of a spec costs, as text
  double seconds_per_unit = 0;        // of a step, of a question: measured
  double model_seconds_per_unit = 0;  // what the calibration alone would have said
  uint32_t samples = 0;
  absl::Time update_time;
};

class RatesReader {
 public:
  virtual ~RatesReader() = default;
  // All of them, the latest update first; at most limits::kMaxRates.
  virtual absl::StatusOr<std::vector<Rate>> List() = 0;
};

class Rates : public RatesReader {
 public:
  // Inserts or replaces by (device, threads, kind, shape); beyond limits::kMaxRates the oldest go.
  virtual absl::Status Put(const Rate& rate) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_RATES_H_
