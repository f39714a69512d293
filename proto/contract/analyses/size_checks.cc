#include "proto/contract/analyses/size_checks.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope {

absl::Status CheckComponents(absl::string_view field, uint32_t components, uint32_t maximum) {
  if (components >= 1 && components <= maximum) return absl::OkStatus();
  return InvalidField("COMPONENTS_OUT_OF_RANGE", field,
                      absl::StrCat("components is ", components, "; expected 1 to ", maximum));
}

absl::Status CheckAtLeast(absl::string_view analysis, uint64_t count, uint64_t least) {
  if (count >= least) return absl::OkStatus();
  return InvalidField("TOO_FEW_QUESTIONS", "question_set",
                      absl::StrCat(analysis, " is asked about ", count, " questions; it needs ", least));
}

absl::Status CheckHeldBytes(absl::string_view field, uint64_t values, uint64_t count, absl::string_view advice) {
  const uint64_t bytes = values * count * sizeof(double);
  if (bytes <= limits::kMaxHeldBytes) return absl::OkStatus();
  return InvalidField("RESULT_TOO_LARGE", field,
                      absl::StrCat(values, " numbers of each of ", count, " questions take ", bytes, " bytes; at most ",
                                   limits::kMaxHeldBytes, " are held at once: ", advice));
}

}  // namespace sumscope
