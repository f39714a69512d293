#ifndef SUMSCOPE_STORAGE_CATALOG_QUESTION_SETS_H_
#define SUMSCOPE_STORAGE_CATALOG_QUESTION_SETS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/question_sets.pb.h"

namespace sumscope::storage {

struct QuestionSetPage {
  std::vector<v1::UploadedQuestionSet> question_sets;
  std::string next_page_token;
};

// What uploaded question sets hold, without their texts (storage/question_sets.h). A viewer sees one that they
// uploaded, with the time and place in the list of their own first upload; one that an analysis of a run names which
// they see, with the owner, time and place of the first such analysis; and one of before uploads were anybody's. That
// others have uploaded the same shows nowhere.
class QuestionSetsReader {
 public:
  virtual ~QuestionSetsReader() = default;
  // NOT_FOUND QUESTION_SET_NOT_FOUND.
  virtual absl::StatusOr<v1::UploadedQuestionSet> Get(const Viewer& viewer, const std::string& sha256) = 0;
  // The newest first. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<QuestionSetPage> List(const Viewer& viewer, uint32_t page_size,
                                               const std::string& page_token) = 0;
};

class QuestionSets : public QuestionSetsReader {
 public:
  // Keeps a question set as an upload of its owner's, everybody's where it has none; one that is there already counts
  // as uploaded anew. Ends the removal of its text.
  virtual absl::Status Insert(const v1::UploadedQuestionSet& question_set) = 0;
  // Forgets question sets that no analysis names and nobody has uploaded since, their texts become removals; and
  // uploads whose user has not uploaded it since and sees no analysis that names it.
  virtual absl::Status ForgetUnnamed(absl::Time uploaded_before) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_QUESTION_SETS_H_
