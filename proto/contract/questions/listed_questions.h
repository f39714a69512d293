#ifndef SUMSCOPE_PROTO_CONTRACT_QUESTIONS_LISTED_QUESTIONS_H_
#define SUMSCOPE_PROTO_CONTRACT_QUESTIONS_LISTED_QUESTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Pads both operands of "12345+67890", "1-2" or "1*2" to n digits and says which operation it is. INVALID_ARGUMENT
// QUESTION_INVALID; PRODUCT_TOO_LONG for one that does not fit n+1 digits. `label` is what the message calls the
// question: "question 3", "line 12".
absl::Status NormaliseQuestion(uint32_t n_digits, absl::string_view field, absl::string_view label,
                               std::string* question, v1::Operation* operation);

// The same, and the run must answer such questions: OPERATION_NOT_OF_RUN; of `asked`, unless that is unspecified:
// QUESTION_INVALID.
absl::Status NormaliseQuestionOfRun(const v1::TrainSpec& spec, absl::string_view field, absl::string_view label,
                                    v1::Operation asked, std::string* question, v1::Operation* operation);

// OPERATION_NOT_OF_RUN. `asked` is what was: "12345+67890".
absl::Status NotOfRun(const v1::TrainSpec& spec, absl::string_view field, absl::string_view asked);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_QUESTIONS_LISTED_QUESTIONS_H_
