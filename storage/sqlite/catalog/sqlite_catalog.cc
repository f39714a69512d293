#include "storage/sqlite/catalog/sqlite_catalog.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "storage/sqlite/base/analysis_row.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/catalog_reads.h"
#include "storage/sqlite/catalog/fact_rows.h"
#include "storage/sqlite/catalog/headline_rows.h"
#include "storage/sqlite/catalog/question_set_rows.h"
#include "storage/sqlite/catalog/removal_rows.h"
#include "storage/sqlite/catalog/run_row.h"
#include "storage/sqlite/catalog/sequence.h"

namespace sumscope::storage {
namespace {

std::optional<int64_t> Nanos(const std::optional<absl::Time>& time) {
  return time.has_value() ? std::make_optional(ToNanos(*time)) : std::nullopt;
}

std::optional<int64_t> LogEntries(const Event& event) {
  return event.log_entries.has_value() ? std::make_optional(Saturated(*event.log_entries)) : std::nullopt;
}

// "a = excluded.a, b = excluded.b" of columns that are no key.
std::string TakeOver(absl::string_view columns, const std::set<absl::string_view>& keys) {
  std::string update;
  for (const absl::string_view column : absl::StrSplit(columns, ", ")) {
    if (keys.count(column) > 0) continue;
    absl::StrAppend(&update, update.empty() ? "" : ", ", column, " = excluded.", column);
  }
  return update;
}

// "?, ?, ?"
std::string Marks(int count) {
  std::string marks = "?";
  for (int i = 1; i < count; ++i) marks += ", ?";
  return marks;
}

class Transaction final : public CatalogReads<CatalogTransaction> {
 public:
  Transaction(Connection& connection, const Catalog::LegalTransition& legal, Clock* clock)
      : CatalogReads(connection), legal_(legal), clock_(clock) {}

  absl::Status InsertRun(const v1::Run& run) override { return PutRun(run, /*is_new=*/true); }
  absl::Status UpdateRun(const v1::Run& run) override { return PutRun(run, /*is_new=*/false); }

  absl::Status RemoveRun(const std::string& run) override {
    return Do([&] { DeleteRun(connection_, run); });
  }

  absl::Status InsertJob(Job* job) override {
    return connection_.Guard([&] {
      Query(connection_,
            absl::StrCat("INSERT INTO jobs (id, run, analysis, state, reason, detail, attempt, segment, slot, "
                         "create_time, start_time, end_time) VALUES (",
                         Marks(12), ")"))
          .Bind(job->id, job->run, job->analysis, v1::State_Name(job->state), job->reason, job->detail, job->attempt,
                job->segment, job->slot, ToNanos(job->create_time), Nanos(job->start_time), Nanos(job->end_time))
          .Run();
      job->queue_position = static_cast<uint64_t>(connection_.last_insert_rowid());
      return absl::OkStatus();
    });
  }

  absl::Status UpdateJob(const Job& job) override {
    SUMSCOPE_ASSIGN_OR_RETURN(const Job before, GetJob(job.id));
    if (before.state != job.state && !legal_(before.state, job.state)) {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
          absl::StrCat("a job cannot go from ", v1::State_Name(before.state), " to ", v1::State_Name(job.state)));
    }
    return connection_.Guard([&] {
      Query(connection_,
            "UPDATE jobs SET state = ?, reason = ?, detail = ?, attempt = ?, segment = ?, slot = ?, start_time = ?, "
            "end_time = ? WHERE id = ?")
          .Bind(v1::State_Name(job.state), job.reason, job.detail, job.attempt, job.segment, job.slot,
                Nanos(job.start_time), Nanos(job.end_time), job.id)
          .Run();
      return absl::OkStatus();
    });
  }

  absl::Status InsertRequest(const RequestRecord& record) override {
    return connection_.Guard([&] {
      Query(connection_, "INSERT INTO requests (request_id, digest, resource, create_time) VALUES (?, ?, ?, ?)")
          .Bind(record.request_id, record.digest, record.resource, ToNanos(clock_->Now()))
          .Run();
      return absl::OkStatus();
    });
  }

  absl::Status AppendEvent(Event* event) override {
    return connection_.Guard([&] {
      Query(connection_, absl::StrCat("INSERT INTO events (run, job, time, state, reason, detail, attempt, segment, "
                                      "of_training, log_entries) VALUES (",
                                      Marks(10), ")"))
          .Bind(event->run, event->job, ToNanos(event->time), v1::State_Name(event->change.state()),
                event->change.reason(), event->change.detail(), event->change.attempt(), event->change.segment(),
                event->of_training, LogEntries(*event))
          .Run();
      event->sequence = static_cast<uint64_t>(connection_.last_insert_rowid());
      return absl::OkStatus();
    });
  }

  absl::Status PruneHistory(absl::Time older_than) override {
    return Do([&] {
      // By sequence, the one order there is: everything before the first event that is young enough.
      Query(connection_,
            "UPDATE event_log SET pruned_through = max(pruned_through, ifnull((SELECT min(sequence) - 1 FROM events "
            "WHERE time >= ?), ifnull((SELECT max(sequence) FROM events), 0)))")
          .Bind(ToNanos(older_than))
          .Run();
      Query(connection_, "DELETE FROM events WHERE sequence <= (SELECT pruned_through FROM event_log)").Run();
      Query(connection_, "DELETE FROM requests WHERE create_time < ?").Bind(ToNanos(older_than)).Run();
    });
  }

  absl::Status PutAnalysis(const v1::Analysis& analysis) override {
    SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRow row, ToAnalysisRow(analysis));
    SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(analysis.name()));
    return connection_.Guard([&] {
      Query query(connection_, absl::StrCat("INSERT INTO analyses (", kAnalysisColumns,
                                            ", run, uploaded, sequence) VALUES (", Marks(kAnalysisColumnCount + 3),
                                            ") ON CONFLICT (run, id) DO UPDATE SET uploaded = excluded.uploaded, ",
                                            TakeOver(kAnalysisColumns, {"id"})));
      BindAnalysis(query, row);
      query.Bind(name.run, analysis.question_set().uploaded().sha256(), NextSequence(connection_)).Run();
      return absl::OkStatus();
    });
  }

  absl::Status RemoveAnalysis(const std::string& run, const std::string& analysis) override {
    return Do([&] { DeleteAnalysis(connection_, run, analysis); });
  }

  absl::Status PutFacts(const std::string& run, uint64_t step, const std::string& analysis,
                        const std::vector<v1::NodeTag>& tags, absl::Time now) override {
    return connection_.Guard([&] { return ReplaceFacts(connection_, run, step, analysis, tags, now); });
  }

  absl::Status PutLastCheckpoint(const std::string& run, uint64_t step) override {
    return Do([&] {
      Query(connection_, "UPDATE runs SET checkpoint_step = ? WHERE id = ?").Bind(Saturated(step), run).Run();
      FollowHeadlines(connection_, run);
    });
  }

  absl::Status PutHeadline(const std::string& run, uint64_t step, const std::string& analysis,
                           const Headline& headline) override {
    return Do([&] { ReplaceHeadline(connection_, run, step, analysis, headline); });
  }

  absl::Status InsertQuestionSet(const v1::UploadedQuestionSet& question_set) override {
    return Do([&] {
      InsertQuestionSetRow(connection_, question_set);
      DeleteRemoval(connection_, {"", "", question_set.sha256()});
    });
  }

  absl::Status ForgetQuestionSets(absl::Time uploaded_before) override {
    return Do([&] { DeleteUnnamedQuestionSets(connection_, uploaded_before); });
  }

  absl::Status PutRemoval(const Removal& removal) override {
    return Do([&] { InsertRemoval(connection_, removal); });
  }

  absl::Status EndRemoval(const Removal& removal) override {
    return Do([&] { DeleteRemoval(connection_, removal); });
  }

 private:
  // Guards statements that have no answer.
  template <typename Statements>
  absl::Status Do(Statements statements) {
    return connection_.Guard([&] {
      statements();
      return absl::OkStatus();
    });
  }

  absl::Status PutRun(const v1::Run& run, bool is_new) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseRunName(run.name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string spec, ToJson(run.spec()));
    return connection_.Guard([&]() -> absl::Status {
      Query before(connection_, "SELECT state, steps_done FROM runs WHERE id = ?");
      const bool found = before.Bind(id).Next();
      if (found && is_new) {
        return MakeError(absl::StatusCode::kAlreadyExists, "RUN_EXISTS",
                         absl::StrCat("there is a run ", Quote(id), " already; choose another id, or none"));
      }
      if (!found && !is_new) {
        return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", absl::StrCat("there is no run ", Quote(id)));
      }
      const bool moved =
          found && (before.Text(0) != v1::State_Name(run.state()) || before.Int(1) != Saturated(run.steps_done()));
      // A run's sequence is that of its insertion, its end's that of the update which brought it.
      const int64_t sequence = NextSequence(connection_);
      Query query(connection_,
                  absl::StrCat("INSERT INTO runs (", kRunColumns, ", sequence, end_sequence) VALUES (",
                               Marks(kRunColumnCount + 2), ") ON CONFLICT (id) DO UPDATE SET ",
                               "end_sequence = iif(excluded.end_sequence IS NULL, NULL, ifnull(end_sequence, "
                               "excluded.end_sequence)), ",
                               TakeOver(kRunColumns, {"id"})));
      BindRun(query, id, run, spec);
      query.Bind(sequence, run.has_end_time() ? std::make_optional(sequence) : std::nullopt).Run();
      WriteLabels(connection_, id, run);
      // Before, neither its steps nor its state bear on them.
      if (moved && run.state() == v1::SUCCEEDED) FollowHeadlines(connection_, id);
      if (is_new) DeleteRemoval(connection_, {id, "", ""});
      return absl::OkStatus();
    });
  }

  const Catalog::LegalTransition& legal_;
  Clock* const clock_;
};

}  // namespace

SqliteCatalog::SqliteCatalog(const std::string& path, LegalTransition legal, Clock* clock, Env* env)
    : database_({path, FileKind::kCatalog}, &CatalogSchema(), env), legal_(std::move(legal)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<SqliteCatalog>> SqliteCatalog::Open(const std::string& path, LegalTransition legal,
                                                                   Clock* clock, Env* env) {
  auto catalog = std::unique_ptr<SqliteCatalog>(new SqliteCatalog(path, std::move(legal), clock, env));
  SUMSCOPE_RETURN_IF_ERROR(catalog->database_.Write([](Connection&) { return absl::OkStatus(); }));
  return catalog;
}

absl::Status SqliteCatalog::Write(const std::function<absl::Status(CatalogTransaction&)>& body) {
  return database_.Write([&](Connection& connection) {
    Transaction transaction(connection, legal_, clock_);
    return body(transaction);
  });
}

absl::Status SqliteCatalog::Read(const std::function<absl::Status(CatalogReader&)>& body) {
  return database_.Read([&](Connection& connection) {
    CatalogReads<CatalogReader> reader(connection);
    return body(reader);
  });
}

int SqliteCatalog::schema_version() const { return CatalogSchema().version(); }

}  // namespace sumscope::storage
