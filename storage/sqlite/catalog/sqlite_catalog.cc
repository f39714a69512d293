#include "storage/sqlite/catalog/sqlite_catalog.h"

#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/catalog/access/sqlite_audit.h"
#include "storage/sqlite/catalog/access/sqlite_tokens.h"
#include "storage/sqlite/catalog/access/sqlite_users.h"
#include "storage/sqlite/catalog/queue/sqlite_jobs.h"
#include "storage/sqlite/catalog/queue/sqlite_rates.h"
#include "storage/sqlite/catalog/queue/sqlite_sweeps.h"
#include "storage/sqlite/catalog/queue/sqlite_usage.h"
#include "storage/sqlite/catalog/topics/sqlite_analyses.h"
#include "storage/sqlite/catalog/topics/sqlite_events.h"
#include "storage/sqlite/catalog/topics/sqlite_facts.h"
#include "storage/sqlite/catalog/topics/sqlite_headlines.h"
#include "storage/sqlite/catalog/topics/sqlite_question_sets.h"
#include "storage/sqlite/catalog/topics/sqlite_removals.h"
#include "storage/sqlite/catalog/topics/sqlite_requests.h"
#include "storage/sqlite/catalog/topics/sqlite_runs.h"

namespace sumscope::storage {
namespace {

// All topics on one connection, inside a transaction. A snapshot shows only the readers among their faces.
class Topics final : public CatalogTransaction {
 public:
  Topics(Connection& connection, const Catalog::LegalTransition& legal, Clock* clock, const TokenSeal& seal)
      : seal_(seal),
        runs_(connection, seal),
        jobs_(connection, legal),
        analyses_(connection, seal),
        facts_(connection, seal),
        headlines_(connection),
        question_sets_(connection, seal),
        events_(connection),
        requests_(connection, clock),
        removals_(connection),
        users_(connection, seal),
        tokens_(connection, seal),
        audit_(connection, seal),
        usage_(connection),
        rates_(connection),
        sweeps_(connection, seal) {}

  Runs& runs() override { return runs_; }
  Jobs& jobs() override { return jobs_; }
  Analyses& analyses() override { return analyses_; }
  Facts& facts() override { return facts_; }
  Headlines& headlines() override { return headlines_; }
  QuestionSets& question_sets() override { return question_sets_; }
  Events& events() override { return events_; }
  Requests& requests() override { return requests_; }
  Removals& removals() override { return removals_; }
  Users& users() override { return users_; }
  Tokens& tokens() override { return tokens_; }
  Audit& audit() override { return audit_; }
  Usages& usage() override { return usage_; }
  Rates& rates() override { return rates_; }
  Sweeps& sweeps() override { return sweeps_; }
  const TokenSeal& token_seal() override { return seal_; }

 private:
  const TokenSeal& seal_;
  SqliteRuns runs_;
  SqliteJobs jobs_;
  SqliteAnalyses analyses_;
  SqliteFacts facts_;
  SqliteHeadlines headlines_;
  SqliteQuestionSets question_sets_;
  SqliteEvents events_;
  SqliteRequests requests_;
  SqliteRemovals removals_;
  SqliteUsers users_;
  SqliteTokens tokens_;
  SqliteAudit audit_;
  SqliteUsage usage_;
  SqliteRates rates_;
  SqliteSweeps sweeps_;
};

// A key that is lost ends the tokens that were given with it, and nothing else.
TokenSeal ReadSeal(Connection& connection) {
  Query query(connection, "SELECT key FROM token_key WHERE id = 1");
  if (!query.Next() || query.Blob(0).size() != TokenSeal::kKeySize) return TokenSeal::Random();
  return TokenSeal(query.Blob(0));
}

}  // namespace

SqliteCatalog::SqliteCatalog(const std::string& path, LegalTransition legal, Clock* clock, Env* env)
    : database_({path, FileKind::kCatalog}, &CatalogSchema(), env), legal_(std::move(legal)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<SqliteCatalog>> SqliteCatalog::Open(const std::string& path, LegalTransition legal,
                                                                   Clock* clock, Env* env) {
  auto catalog = std::unique_ptr<SqliteCatalog>(new SqliteCatalog(path, std::move(legal), clock, env));
  SUMSCOPE_RETURN_IF_ERROR(catalog->database_.Write([&catalog](Connection& connection) {
    return connection.Guard([&] {
      catalog->seal_ = ReadSeal(connection);
      return absl::OkStatus();
    });
  }));
  return catalog;
}

absl::Status SqliteCatalog::Write(const Actor& actor, const std::function<absl::Status(CatalogTransaction&)>& body) {
  CallAudit* const audit = actor.audit();
  const bool owes_row = audit != nullptr && !audit->written;
  AuditRow row;
  SUMSCOPE_RETURN_IF_ERROR(database_.Write([&](Connection& connection) -> absl::Status {
    Topics transaction(connection, legal_, clock_, seal_);
    SUMSCOPE_RETURN_IF_ERROR(body(transaction));
    if (!owes_row) return absl::OkStatus();
    row = audit->row;  // which stays as it is where the commit fails
    row.code = absl::StatusCode::kOk;
    row.reason.clear();
    return transaction.audit().Append(&row);
  }));
  if (owes_row) {
    audit->row = std::move(row);
    audit->written = true;
  }
  return absl::OkStatus();
}

absl::Status SqliteCatalog::Read(const std::function<absl::Status(CatalogReader&)>& body) {
  return database_.Read([&](Connection& connection) {
    Topics reader(connection, legal_, clock_, seal_);
    return body(reader);
  });
}

int SqliteCatalog::schema_version() const { return CatalogSchema().version(); }

}  // namespace sumscope::storage
