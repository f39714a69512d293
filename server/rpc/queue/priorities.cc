#include "server/rpc/queue/priorities.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

absl::StatusOr<v1::Priority> CompletePriority(v1::Priority asked) {
  if (asked == v1::PRIORITY_UNSPECIFIED) return v1::NORMAL;
  if (v1::Priority_IsValid(asked)) return asked;
  return InvalidField("PRIORITY_INVALID", "priority",
                      absl::StrCat("priority is ", static_cast<int>(asked), "; expected LOW, NORMAL or HIGH"));
}

absl::Status CheckPriorityIsSaid(v1::Priority asked) {
  if (asked != v1::PRIORITY_UNSPECIFIED) return CompletePriority(asked).status();
  return InvalidField("PRIORITY_MISSING", "priority", "which priority is it to have? expected LOW, NORMAL or HIGH");
}

}  // namespace sumscope::rpc
