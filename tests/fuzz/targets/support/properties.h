#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_PROPERTIES_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_PROPERTIES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sumscope::fuzz {

// Prints the property and aborts where it does not hold.
void Require(bool holds, absl::string_view property);

// The same with two texts that must be equal, both of which it prints.
void RequireEqual(absl::string_view found, absl::string_view expected, absl::string_view property);

// Says which call failed, and how.
void RequireOk(const absl::Status& status, absl::string_view call);

// An error as every client can count on: a reason in UPPER_SNAKE, a message in UTF-8, both within what trailers carry,
// and the same again after a journey over the wire.
void RequireToldWell(const absl::Status& error);

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_PROPERTIES_H_
