#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_NOT_FOUND_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_NOT_FOUND_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::storage {

// NOT_FOUND with that reason: "there is no `what` `id`".
inline absl::Status NotFound(absl::string_view reason, absl::string_view what, absl::string_view id) {
  return MakeError(absl::StatusCode::kNotFound, reason, absl::StrCat("there is no ", what, " ", Quote(id)));
}

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_NOT_FOUND_H_
