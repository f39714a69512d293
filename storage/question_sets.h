#ifndef SUMSCOPE_STORAGE_QUESTION_SETS_H_
#define SUMSCOPE_STORAGE_QUESTION_SETS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

// The texts of uploaded question sets, question_sets/<sha256> in the data directory: one normalised question a line.
// What they hold is a row of the catalog (InsertQuestionSet). Thread-safe.
class QuestionSetTexts {
 public:
  virtual ~QuestionSetTexts() = default;
  // Durable when it returned OK; the same text again changes nothing. RESOURCE_EXHAUSTED DISK_FULL.
  virtual absl::Status Put(const std::string& sha256, absl::string_view text) = 0;
  // NOT_FOUND QUESTION_SET_NOT_FOUND; DATA_LOSS QUESTION_SET_CORRUPT when its hash differs.
  virtual absl::StatusOr<std::string> Get(const std::string& sha256) = 0;
  // OK also when there is none.
  virtual absl::Status Remove(const std::string& sha256) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_QUESTION_SETS_H_
