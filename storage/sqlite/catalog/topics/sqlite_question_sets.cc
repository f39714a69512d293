#include "storage/sqlite/catalog/topics/sqlite_question_sets.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"
#include "storage/sqlite/catalog/rows/sequence.h"
#include "storage/sqlite/catalog/topics/sqlite_removals.h"

namespace sumscope::storage {
namespace {

constexpr char kColumns[] = "sha256, n_digits, count, additions, subtractions, products, create_time, owner";

// Up to the end of a WHERE: what `viewer` sees, as they see it, in kColumns and `place`, which orders it. `which` is a
// condition over question_sets, with one parameter. To be bound by BindSeen.
std::string SelectSeen(const Viewer& viewer, absl::string_view which) {
  if (viewer.sees_everything()) {
    return absl::StrCat("SELECT ", kColumns, ", sequence AS place FROM question_sets WHERE ", which);
  }
  return absl::StrCat(
      "SELECT question_sets.sha256, n_digits, count, additions, subtractions, products, "
      "coalesce(own.create_time, of_all.create_time, naming.create_time), "
      "iif(own.user IS NOT NULL, own.user, iif(of_all.user IS NULL, naming.owner, "
      "iif(of_all.sequence = question_sets.sequence, question_sets.owner, ''))), "
      "coalesce(own.sequence, of_all.sequence, naming.sequence) AS place FROM question_sets "
      "LEFT JOIN question_set_uploads AS own ON own.sha256 = question_sets.sha256 AND own.user = ? "
      "LEFT JOIN question_set_uploads AS of_all ON of_all.sha256 = question_sets.sha256 AND of_all.user = '' "
      "LEFT JOIN analyses AS naming ON naming.rowid = (SELECT analyses.rowid FROM analyses JOIN runs INDEXED BY "
      "runs_seen ON "
      "runs.id = analyses.run WHERE uploaded = question_sets.sha256 AND uploaded <> ''",
      AndIsSeen(viewer), " ORDER BY analyses.sequence LIMIT 1) WHERE place IS NOT NULL AND ", which);
}

void BindSeen(Query& query, const Viewer& viewer, const SqlValue& which) {
  BindViewer(query, viewer);
  BindViewer(query, viewer);
  query.Bind(which);
}

// Uploads of a user who has not repeated them, and sees no analysis that names the set.
constexpr char kForgetUploads[] =
    "DELETE FROM question_set_uploads WHERE upload_time < ? AND NOT EXISTS (SELECT 1 FROM analyses JOIN runs ON "
    "runs.id = analyses.run WHERE uploaded = sha256 AND uploaded <> '' AND (+runs.visibility = 'LAB' OR "
    "+runs.owner = user))";
// Old, and named by no analysis of whatever state, of deleted runs too: they may be undeleted.
constexpr char kUnnamed[] =
    " FROM question_sets WHERE upload_time < ? AND NOT EXISTS (SELECT 1 FROM analyses WHERE uploaded = sha256 AND "
    "uploaded <> '')";

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

absl::StatusOr<v1::UploadedQuestionSet> SqliteQuestionSets::Get(const Viewer& viewer, const std::string& sha256) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::UploadedQuestionSet> {
    Query query(connection_, SelectSeen(viewer, "question_sets.sha256 = ?"));
    BindSeen(query, viewer, sha256);
    if (query.Next()) return ReadRow(query);
    return MakeError(absl::StatusCode::kNotFound, "QUESTION_SET_NOT_FOUND",
                     absl::StrCat("there is no question set ", Quote(sha256), "; upload it first"));
  });
}

absl::StatusOr<QuestionSetPage> SqliteQuestionSets::List(const Viewer& viewer, uint32_t page_size,
                                                         const std::string& page_token) {
  constexpr char kQueryHash[] = "question sets by sequence";
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(seal_, kQueryHash, page_token));
  }
  return connection_.Guard([&]() -> absl::StatusOr<QuestionSetPage> {
    QuestionSetPage page;
    PagePosition last;
    Query query(connection_, absl::StrCat(SelectSeen(viewer, "place < ?"), " ORDER BY place DESC LIMIT ?"));
    BindSeen(query, viewer, position.key);
    query.Bind(page_size + 1);
    while (query.Next()) {
      if (page.question_sets.size() == page_size) {
        page.next_page_token = EncodePageToken(seal_, kQueryHash, last);
        break;
      }
      page.question_sets.push_back(ReadRow(query));
      last = {query.Int(8), query.Text(0)};
    }
    return page;
  });
}

absl::Status SqliteQuestionSets::Insert(const v1::UploadedQuestionSet& question_set) {
  return connection_.Guard([&] {
    const int64_t now = ToNanos(question_set.create_time()), sequence = NextSequence(connection_);
    Query(connection_,
          absl::StrCat("INSERT INTO question_sets (", kColumns,
                       ", upload_time, sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) "
                       "DO UPDATE SET upload_time = excluded.upload_time"))
        .Bind(question_set.sha256(), question_set.n_digits(), question_set.count(), question_set.additions(),
              question_set.subtractions(), question_set.products(), now, question_set.owner(), now, sequence)
        .Run();
    Query(connection_,
          "INSERT INTO question_set_uploads (sha256, user, create_time, upload_time, sequence) VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT (sha256, user) DO UPDATE SET upload_time = excluded.upload_time")
        .Bind(question_set.sha256(), question_set.owner(), now, now, sequence)
        .Run();
    SqliteRemovals::Delete(connection_, {"", "", question_set.sha256()});
    return absl::OkStatus();
  });
}

absl::Status SqliteQuestionSets::ForgetUnnamed(absl::Time uploaded_before) {
  return connection_.Guard([&] {
    const int64_t before = ToNanos(uploaded_before);
    Query(connection_, kForgetUploads).Bind(before).Run();
    Query(connection_, absl::StrCat(SqliteRemovals::kInsert, "SELECT '', '', sha256", kUnnamed)).Bind(before).Run();
    Query(connection_, absl::StrCat("DELETE", kUnnamed)).Bind(before).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
