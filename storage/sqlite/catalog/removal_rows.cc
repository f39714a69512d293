#include "storage/sqlite/catalog/removal_rows.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/fact_rows.h"
#include "storage/sqlite/catalog/headline_rows.h"

namespace sumscope::storage {
namespace {

constexpr char kInsert[] = "INSERT OR IGNORE INTO removals (run, analysis, question_set) ";
// Old, and named by no analysis of whatever state, of deleted runs too: they may be undeleted.
constexpr char kUnnamed[] =
    " FROM question_sets WHERE upload_time < ? AND NOT EXISTS (SELECT 1 FROM analyses WHERE uploaded = sha256 AND "
    "uploaded <> '')";

}  // namespace

std::vector<Removal> ReadRemovals(Connection& connection) {
  std::vector<Removal> removals;
  Query query(connection, "SELECT run, analysis, question_set FROM removals");
  while (query.Next()) removals.push_back({query.Text(0), query.Text(1), query.Text(2)});
  return removals;
}

void InsertRemoval(Connection& connection, const Removal& removal) {
  Query(connection, absl::StrCat(kInsert, "VALUES (?, ?, ?)"))
      .Bind(removal.run, removal.analysis, removal.question_set)
      .Run();
}

void DeleteRemoval(Connection& connection, const Removal& removal) {
  Query(connection, "DELETE FROM removals WHERE run = ? AND analysis = ? AND question_set = ?")
      .Bind(removal.run, removal.analysis, removal.question_set)
      .Run();
}

void DeleteRun(Connection& connection, const std::string& run) {
  Query(connection, "DELETE FROM removals WHERE run = ?").Bind(run).Run();  // its analyses' go with it
  Query(connection, absl::StrCat(kInsert, "SELECT id, '', '' FROM runs WHERE id = ?")).Bind(run).Run();
  Query(connection, "DELETE FROM runs WHERE id = ?").Bind(run).Run();  // jobs, labels, analyses, facts follow
  Query(connection, "DELETE FROM events WHERE run = ?").Bind(run).Run();
}

void DeleteAnalysis(Connection& connection, const std::string& run, const std::string& analysis) {
  DeleteFacts(connection, run, analysis);
  DeleteHeadline(connection, run, analysis);
  Query(connection, absl::StrCat(kInsert, "SELECT run, id, '' FROM analyses WHERE run = ? AND id = ?"))
      .Bind(run, analysis)
      .Run();
  Query(connection, "DELETE FROM analyses WHERE run = ? AND id = ?").Bind(run, analysis).Run();
  // '' stands for the training.
  Query(connection, "DELETE FROM jobs WHERE run = ? AND analysis = ? AND analysis <> ''").Bind(run, analysis).Run();
}

void DeleteUnnamedQuestionSets(Connection& connection, absl::Time uploaded_before) {
  const int64_t before = ToNanos(uploaded_before);
  Query(connection, absl::StrCat(kInsert, "SELECT '', '', sha256", kUnnamed)).Bind(before).Run();
  Query(connection, absl::StrCat("DELETE", kUnnamed)).Bind(before).Run();
}

}  // namespace sumscope::storage
