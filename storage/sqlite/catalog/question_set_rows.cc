#include "storage/sqlite/catalog/question_set_rows.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/run_order.h"
#include "storage/sqlite/catalog/sequence.h"

namespace sumscope::storage {
namespace {

constexpr char kColumns[] = "sha256, n_digits, count, additions, subtractions, products, create_time, owner";

v1::UploadedQuestionSet ReadRow(Query& query) {
  v1::UploadedQuestionSet question_set;
  question_set.set_sha256(ReplaceInvalidUtf8(query.Text(0)));
  question_set.set_name(absl::StrCat("questionSets/", question_set.sha256()));
  question_set.set_n_digits(static_cast<uint32_t>(query.Int(1)));
  question_set.set_count(static_cast<uint32_t>(query.Int(2)));
  question_set.set_additions(static_cast<uint32_t>(query.Int(3)));
  question_set.set_subtractions(static_cast<uint32_t>(query.Int(4)));
  question_set.set_products(static_cast<uint32_t>(query.Int(5)));
  *question_set.mutable_create_time() = TimestampFromNanos(query.Int(6));
  question_set.set_owner(ReplaceInvalidUtf8(query.Text(7)));
  return question_set;
}

}  // namespace

absl::StatusOr<QuestionSetPage> ReadQuestionSetPage(Connection& connection, uint32_t page_size,
                                                    const std::string& page_token) {
  constexpr char kQueryHash[] = "question sets by sequence";
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(kQueryHash, page_token));
  }
  return connection.Guard([&]() -> absl::StatusOr<QuestionSetPage> {
    QuestionSetPage page;
    PagePosition last;
    Query query(connection, absl::StrCat("SELECT ", kColumns,
                                         ", sequence FROM question_sets WHERE sequence < ? ORDER BY sequence DESC "
                                         "LIMIT ?"));
    query.Bind(position.key, page_size + 1);
    while (query.Next()) {
      if (page.question_sets.size() == page_size) {
        page.next_page_token = EncodePageToken(kQueryHash, last);
        break;
      }
      page.question_sets.push_back(ReadRow(query));
      last = {query.Int(8), query.Text(0)};
    }
    return page;
  });
}

absl::StatusOr<v1::UploadedQuestionSet> ReadQuestionSetRow(Connection& connection, const std::string& sha256) {
  Query query(connection, absl::StrCat("SELECT ", kColumns, " FROM question_sets WHERE sha256 = ?"));
  query.Bind(sha256);
  if (query.Next()) return ReadRow(query);
  return MakeError(absl::StatusCode::kNotFound, "QUESTION_SET_NOT_FOUND",
                   absl::StrCat("there is no question set ", Quote(sha256), "; upload it first"));
}

void InsertQuestionSetRow(Connection& connection, const v1::UploadedQuestionSet& question_set) {
  const int64_t now = ToNanos(question_set.create_time());
  Query(connection, absl::StrCat("INSERT INTO question_sets (", kColumns,
                                 ", upload_time, sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) "
                                 "DO UPDATE SET upload_time = excluded.upload_time"))
      .Bind(question_set.sha256(), question_set.n_digits(), question_set.count(), question_set.additions(),
            question_set.subtractions(), question_set.products(), now, question_set.owner(), now,
            NextSequence(connection))
      .Run();
}

}  // namespace sumscope::storage
