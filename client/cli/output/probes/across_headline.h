#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ACROSS_HEADLINE_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ACROSS_HEADLINE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope::client {

// Which numbers and values of an analysis people want first when many runs were asked: the place of `path` among them,
// less is earlier; none for the long remainder.
std::optional<size_t> HeadlinePlace(absl::string_view analysis, absl::string_view path);

// Whether `text` is of the form `pattern`, in which '*' is any text without '.', and "**" any text.
bool MatchesPath(absl::string_view pattern, absl::string_view text);

// A path in the words that the tables of one run use, where it has other ones: "floor where each digit reads" for
// floor.at_measured_k of cascades.
std::string HeadlineWords(absl::string_view analysis, absl::string_view path);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_PROBES_ACROSS_HEADLINE_H_
