#include "proto/contract/analyses/ablation_mode.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope {

absl::Status CheckMode(absl::string_view field, int mode) {
  if (v1::AblationMode_IsValid(mode)) return absl::OkStatus();
  return InvalidField("ABLATION_MODE_UNKNOWN", field,
                      absl::StrCat("there is no ablation mode ", mode, "; expected mean, zero or resample"));
}

}  // namespace sumscope
