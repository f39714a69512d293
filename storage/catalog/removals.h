#ifndef SUMSCOPE_STORAGE_CATALOG_REMOVALS_H_
#define SUMSCOPE_STORAGE_CATALOG_REMOVALS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sumscope::storage {

// Bytes that the catalog has forgotten, or does not know yet, and files may hold: of an analysis and its capture; of a
// run with all that lies beside it, when `analysis` is empty; of the text of a question set, when `run` is empty. What
// removes them ends with Removals::End, so that a crash in between leaves work for the next start and nothing else.
struct Removal {
  std::string run;
  std::string analysis;
  std::string question_set;  // its SHA-256
};

// The removals that files still wait for. They are the server's own and take no viewer.
class RemovalsReader {
 public:
  virtual ~RemovalsReader() = default;
  virtual absl::StatusOr<std::vector<Removal>> List() = 0;
};

class Removals : public RemovalsReader {
 public:
  // Keeps a removal; one that is there already stays the only one.
  virtual absl::Status Put(const Removal& removal) = 0;
  // Ending one that is not there is fine.
  virtual absl::Status End(const Removal& removal) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_REMOVALS_H_
