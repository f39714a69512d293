#include "storage/sqlite/catalog/headline_rows.h"

#include <optional>

#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

constexpr char kFollow[] =
    "UPDATE runs SET (accuracy, accuracy_questions, nines) = (SELECT accuracy, accuracy_questions, nines FROM "
    "headlines WHERE headlines.run = runs.id AND headlines.accuracy IS NOT NULL ORDER BY step DESC, sequence DESC "
    "LIMIT 1), (reads_to, sure_to, look_back_exact) = (SELECT reads_to, sure_to, look_back_exact FROM headlines WHERE "
    "headlines.run = runs.id AND headlines.reads_to IS NOT NULL ORDER BY step DESC, sequence DESC LIMIT 1) WHERE id = "
    "?";

}  // namespace

void ReplaceHeadline(Connection& connection, const std::string& run, uint64_t step, const std::string& analysis,
                     const Headline& headline) {
  if (!headline.accuracy.has_value() && !headline.look_back.has_value()) {
    DeleteHeadline(connection, run, analysis);
    return;
  }
  const auto& [accuracy, look_back] = headline;
  using Real = std::optional<double>;
  using Int = std::optional<int64_t>;
  Query(connection,
        "INSERT OR REPLACE INTO headlines (run, analysis, step, accuracy, accuracy_questions, nines, reads_to, "
        "sure_to, look_back_exact) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .Bind(run, analysis, Saturated(step), accuracy ? Real(accuracy->exact) : Real(),
            accuracy ? Int(accuracy->questions) : Int(), accuracy ? Int(accuracy->nines) : Int(),
            look_back ? Int(look_back->reads_to) : Int(), look_back ? Int(look_back->sure_to) : Int(),
            look_back ? Int(look_back->exact) : Int())
      .Run();
  Query(connection, kFollow).Bind(run).Run();
}

void DeleteHeadline(Connection& connection, const std::string& run, const std::string& analysis) {
  Query(connection, "DELETE FROM headlines WHERE run = ? AND analysis = ?").Bind(run, analysis).Run();
  Query(connection, kFollow).Bind(run).Run();
}

}  // namespace sumscope::storage
