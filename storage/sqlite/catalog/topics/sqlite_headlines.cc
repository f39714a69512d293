#include "storage/sqlite/catalog/topics/sqlite_headlines.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

// The headline of a run's last checkpoint that has `column`; of several there the first in `order`. What an answer
// about an early checkpoint said is not what the run can. Rows from before checkpoint_step show the newest while they
// train.
std::string OfLastCheckpoint(const std::string& columns, const std::string& column, const std::string& order) {
  return absl::StrCat("(", columns, ") = (SELECT ", columns,
                      " FROM headlines WHERE headlines.run = runs.id AND headlines.", column,
                      " IS NOT NULL AND headlines.step >= ifnull(runs.checkpoint_step, "
                      "iif(runs.state = 'SUCCEEDED', runs.steps_done, 0)) ",
                      "ORDER BY step DESC, ", order, " LIMIT 1)");
}

}  // namespace

absl::Status SqliteHeadlines::Put(const std::string& run, uint64_t step, const std::string& analysis,
                                  const Headline& headline) {
  return connection_.Guard([&] {
    if (!headline.accuracy.has_value() && !headline.look_back.has_value()) {
      Delete(connection_, run, analysis);
      return absl::OkStatus();
    }
    const auto& [accuracy, look_back] = headline;
    using Real = std::optional<double>;
    using Int = std::optional<int64_t>;
    Query(connection_,
          "INSERT OR REPLACE INTO headlines (run, analysis, step, accuracy, accuracy_questions, nines, reads_to, "
          "sure_to, look_back_exact, look_back_questions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .Bind(run, analysis, Saturated(step), accuracy ? Real(accuracy->exact) : Real(),
              accuracy ? Int(accuracy->questions) : Int(), accuracy ? Int(accuracy->nines) : Int(),
              look_back ? Int(look_back->reads_to) : Int(), look_back ? Int(look_back->sure_to) : Int(),
              look_back ? Int(look_back->exact) : Int(), int64_t{look_back ? look_back->questions : 0})
        .Run();
    Follow(connection_, run);
    return absl::OkStatus();
  });
}

void SqliteHeadlines::Delete(Connection& connection, const std::string& run, const std::string& analysis) {
  Query(connection, "DELETE FROM headlines WHERE run = ? AND analysis = ?").Bind(run, analysis).Run();
  Follow(connection, run);
}

void SqliteHeadlines::Follow(Connection& connection, const std::string& run) {
  // A few questions are no better answer for being asked later.
  const std::string accuracy = OfLastCheckpoint("accuracy, accuracy_questions, nines", "accuracy",
                                                "headlines.accuracy_questions DESC, headlines.sequence DESC");
  const std::string look_back = OfLastCheckpoint("reads_to, sure_to, look_back_exact", "reads_to",
                                                 "headlines.look_back_questions DESC, headlines.sequence DESC");
  Query(connection, absl::StrCat("UPDATE runs SET ", accuracy, ", ", look_back, " WHERE id = ?")).Bind(run).Run();
}

}  // namespace sumscope::storage
