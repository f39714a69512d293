#ifndef SUMSCOPE_STORAGE_CATALOG_HEADLINES_H_
#define SUMSCOPE_STORAGE_CATALOG_HEADLINES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace sumscope::storage {

// What one answer says of its run as a whole: an evaluation of uniform questions, or a look-back verdict.
struct Headline {
  struct Accuracy {
    double exact = 0;  // share of questions answered right
    uint32_t questions = 0;
    uint32_t nines = 0;
  };
  struct LookBack {
    uint32_t reads_to = 0, sure_to = 0;
    bool exact = false;
    uint32_t questions = 0;  // per digit and length
  };
  std::optional<Accuracy> accuracy;
  std::optional<LookBack> look_back;
};

// The headlines of runs. Runs show them: nobody reads them alone.
class Headlines {
 public:
  virtual ~Headlines() = default;
  // Replaces what `analysis` of the checkpoint at `step` says of its run; an empty headline is none. Of several
  // headlines of one checkpoint the run shows that of most questions, of as many what was put last.
  virtual absl::Status Put(const std::string& run, uint64_t step, const std::string& analysis,
                           const Headline& headline) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_HEADLINES_H_
