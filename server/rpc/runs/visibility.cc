#include "server/rpc/runs/visibility.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

absl::StatusOr<v1::Visibility> CompleteVisibility(v1::Visibility asked, v1::Visibility usual) {
  const v1::Visibility meant = asked == v1::VISIBILITY_UNSPECIFIED ? usual : asked;
  if (meant == v1::LAB || meant == v1::PRIVATE) return meant;
  return InvalidField("VISIBILITY_INVALID", "visibility",
                      absl::StrCat("visibility is ", static_cast<int>(meant), "; expected LAB or PRIVATE"));
}

}  // namespace sumscope::rpc
