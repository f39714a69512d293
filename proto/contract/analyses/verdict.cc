#include "proto/contract/analyses/verdict.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/tasks.h"

namespace sumscope {

absl::Status CheckPerCell(absl::string_view field, uint32_t per_cell) {
  if (per_cell >= 1 && per_cell <= limits::kMaxPerCell) return absl::OkStatus();
  return InvalidField("PER_CELL_OUT_OF_RANGE", field,
                      absl::StrCat("per_cell is ", per_cell, "; expected 1 to ", limits::kMaxPerCell));
}

double VerdictQuestions(const v1::TrainSpec& spec, uint32_t per_cell) {
  const double n = spec.n_digits();
  const double cells = (RunHasOperation(spec, v1::ADD) ? n * (n + 1) / 2 : 0) +
                       (RunHasOperation(spec, v1::SUB) ? n * (n - 1) : 0);  // both signs
  return cells * per_cell;
}

// Everything of the verdict is generated; the held-out loss is not.
Work WorkOfVerdict(const v1::TrainSpec& spec, uint32_t per_cell, double questions) {
  const bool adds = RunHasOperation(spec, v1::ADD), subtracts = RunHasOperation(spec, v1::SUB);
  const double of_classes = 2.0 * per_cell * (adds + subtracts);
  const double heldout = adds ? kHeldoutQuestions : 0;
  return WorkOfAnswers(spec, {questions + heldout, heldout, VerdictQuestions(spec, per_cell) + of_classes + questions});
}

}  // namespace sumscope
