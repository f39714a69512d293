#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_TERMINAL_TEXT_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_TERMINAL_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope {

// Text from elsewhere (labels, file names, error messages) made safe for a terminal: control characters, marks that
// change the writing direction and malformed UTF-8 become visible escapes, \x1b or \u202e. Newlines too, unless kept.
std::string EscapeText(absl::string_view text, bool keep_newlines = false);

// A JSON document with the same characters as \uXXXX, which inside its strings means the same.
std::string EscapeJson(absl::string_view json);

// Columns that well-formed UTF-8 without control characters takes on a terminal.
int DisplayWidth(absl::string_view text);

// `text`, cut with ".." at the end where it is wider than `width` columns.
std::string FitWidth(absl::string_view text, int width);

// `text` in lines of at most `width` columns, cut at its spaces; a longer word is cut behind a comma or slash, or where
// the room ends. At least one line.
std::vector<std::string> WrapWords(absl::string_view text, int width);

// `text` with no line wider than `width` columns: what is wider goes on below, cut at its spaces, under the value where
// the line is "name   value", and a command behind a colon on a line of its own, as people copy it. As it is where
// `width` is 0.
std::string FitLines(absl::string_view text, int width);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_TERMINAL_TEXT_H_
