#ifndef SUMSCOPE_PROTO_CONTRACT_ERRORS_STATUS_MACROS_H_
#define SUMSCOPE_PROTO_CONTRACT_ERRORS_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Small stand-ins for macros that this Abseil (20220623) does not have yet, with upstream's semantics.

// Returns from the enclosing function when `expression` (an absl::Status) is not OK.
#define SUMSCOPE_RETURN_IF_ERROR(expression)                                  \
  do {                                                                        \
    if (absl::Status sumscope_status = (expression); !sumscope_status.ok()) { \
      return sumscope_status;                                                 \
    }                                                                         \
  } while (false)

// Declares or assigns `lhs` from `expression` (an absl::StatusOr), or returns its error.
#define SUMSCOPE_ASSIGN_OR_RETURN(lhs, expression) \
  SUMSCOPE_ASSIGN_OR_RETURN_IMPL_(SUMSCOPE_CONCAT_(sumscope_or_, __LINE__), lhs, expression)
#define SUMSCOPE_CONCAT_INNER_(a, b) a##b
#define SUMSCOPE_CONCAT_(a, b) SUMSCOPE_CONCAT_INNER_(a, b)
#define SUMSCOPE_ASSIGN_OR_RETURN_IMPL_(variable, lhs, expression) \
  auto variable = (expression);                                    \
  if (!variable.ok()) return std::move(variable).status();         \
  lhs = *std::move(variable)

#endif  // SUMSCOPE_PROTO_CONTRACT_ERRORS_STATUS_MACROS_H_
