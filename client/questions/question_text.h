#ifndef SUMSCOPE_CLIENT_QUESTIONS_QUESTION_TEXT_H_
#define SUMSCOPE_CLIENT_QUESTIONS_QUESTION_TEXT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope::client {

// "123+456" of " 123 + 456 = +0579": spaces beside the numbers go, and so does an answer, which no model is told.
// nullopt for what is no question. Only the server knows how many digits there may be.
std::optional<std::string> QuestionOf(absl::string_view text);

// What is wrong with the answer that a question was written with: "123+456 is 579, not +0580". "" where it is right,
// and where there is none, no question, or numbers longer than any model has.
std::string WrongAnswerOf(absl::string_view text);

// The cells of one line of a table, without spaces around them. Cells that are parted by commas may be quoted as in
// RFC 4180, but hold no end of line.
std::vector<std::string> CellsOf(absl::string_view line, char delimiter);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_QUESTIONS_QUESTION_TEXT_H_
