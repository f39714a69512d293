#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_QUESTION_SET_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_QUESTION_SET_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "storage/catalog.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// What uploaded question sets hold, as rows of `question_sets`: see CatalogReader and CatalogTransaction.

// Guards itself. Newest first.
absl::StatusOr<QuestionSetPage> ReadQuestionSetPage(Connection& connection, uint32_t page_size,
                                                    const std::string& page_token);

// These throw SQLite::Exception: use inside Guard.
absl::StatusOr<v1::UploadedQuestionSet> ReadQuestionSetRow(Connection& connection, const std::string& sha256);
void InsertQuestionSetRow(Connection& connection, const v1::UploadedQuestionSet& question_set);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_QUESTION_SET_ROWS_H_
