#ifndef SUMSCOPE_SERVER_RPC_QUESTIONS_QUESTION_TEXT_H_
#define SUMSCOPE_SERVER_RPC_QUESTIONS_QUESTION_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/question_sets.pb.h"

namespace sumscope::rpc {

inline constexpr uint32_t kMaxUploadedQuestions = 1'000'000;
inline constexpr uint64_t kMaxUploadedQuestionBytes = uint64_t{64} << 20;

// Reads an uploaded list of questions, cut anywhere, into its normalised text: one question a line, both operands
// padded to n digits. Blank lines and those that begin with '#' are skipped. Thread-compatible.
class QuestionText {
 public:
  explicit QuestionText(uint32_t n_digits) { set_.set_n_digits(n_digits); }

  // INVALID_ARGUMENT QUESTION_INVALID naming the line; RESOURCE_EXHAUSTED QUESTIONS_OUT_OF_RANGE.
  absl::Status Append(absl::string_view bytes);
  // After the last byte: takes a line that has no end. INVALID_ARGUMENT EMPTY_QUESTION_SET.
  absl::Status Finish();

  const std::string& text() const { return text_; }
  // What it takes in memory.
  uint64_t held_bytes() const { return text_.capacity() + partial_.capacity(); }
  // Hash, digits and counts, once finished.
  const v1::UploadedQuestionSet& question_set() const { return set_; }

 private:
  absl::Status TakeLine(absl::string_view line);
  absl::Status LineError(absl::string_view line, absl::string_view problem) const;

  v1::UploadedQuestionSet set_;
  std::string text_;
  std::string partial_;  // of a line whose end has not come
  uint64_t bytes_ = 0;
  uint64_t lines_ = 0;
};

// Whether a run of `spec` can be asked the uploaded questions. INVALID_ARGUMENT WRONG_DIGITS, OPERATION_NOT_OF_RUN.
absl::Status CheckUploadedQuestions(const v1::TrainSpec& spec, const v1::UploadedQuestionSet& set);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUESTIONS_QUESTION_TEXT_H_
