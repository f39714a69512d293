#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_QUESTION_SETS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_QUESTION_SETS_H_

#include <cstdint>
#include <string>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/question_sets.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `question_sets`, inside one transaction of the connection, and confined to its thread.
class SqliteQuestionSets final : public QuestionSets {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteQuestionSets(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<v1::UploadedQuestionSet> Get(const Viewer& viewer, const std::string& sha256) override;
  absl::StatusOr<QuestionSetPage> List(const Viewer& viewer, uint32_t page_size,
                                       const std::string& page_token) override;

  absl::Status Insert(const v1::UploadedQuestionSet& question_set) override;
  absl::Status ForgetUnnamed(absl::Time uploaded_before) override;

 private:
  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_QUESTION_SETS_H_
