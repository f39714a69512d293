#include "storage/sqlite/run_file/sqlite_run_file.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/files/files.h"
#include "storage/sqlite/run_file/metric_blocks.h"
#include "storage/sqlite/run_file/record_rows.h"
#include "storage/sqlite/run_file/run_state.h"
#include "storage/sqlite/run_file/tensor_rows.h"

namespace sumscope::storage {
namespace {

// Writes that change what is counted in the run's row: it is read before and written after the whole transaction.
class Transaction final : public RunFileTransaction {
 public:
  Transaction(Connection& connection, RunState state) : connection_(connection), state_(std::move(state)) {}
  const RunState& state() const { return state_; }

  absl::Status PutRun(const v1::Run& run) override {
    SUMSCOPE_ASSIGN_OR_RETURN(state_.description, ToJson(run));
    return absl::OkStatus();
  }

  absl::Status AppendMetrics(Series series, const v1::MetricBlock& block,
                             std::optional<uint64_t>* diverged_step) override {
    SUMSCOPE_RETURN_IF_ERROR(CheckRoomForBulk(connection_.file()));
    return connection_.Guard(
        [&] { return AppendMetricRows(connection_, series, block, &state_.steps(series), diverged_step); });
  }

  absl::StatusOr<int64_t> BeginTensorSet(TensorSetKind kind, uint64_t step, const std::vector<StoredTensor>& tensors,
                                         absl::Time now) override {
    return connection_.Guard([&] { return InsertTensorSet(connection_, kind, step, tensors, now); });
  }

  absl::Status AppendTensorBytes(int64_t set, absl::string_view bytes) override {
    SUMSCOPE_RETURN_IF_ERROR(CheckRoomForBulk(connection_.file()));
    return connection_.Guard([&] { return InsertChunks(connection_, set, bytes); });
  }

  absl::Status FinishTensorSet(int64_t set, std::optional<double> heldout_loss) override {
    return connection_.Guard([&] { return FinishSet(connection_, set, heldout_loss, &state_.tensor_sets); });
  }

  absl::StatusOr<uint64_t> AppendLog(const LogEntry& entry) override {
    LogEntry numbered = entry;
    numbered.sequence = static_cast<uint64_t>(state_.log_entries) + 1;
    SUMSCOPE_RETURN_IF_ERROR(connection_.Guard([&] {
      InsertLogEntry(connection_, numbered);
      return absl::OkStatus();
    }));
    ++state_.log_entries;
    return numbered.sequence;
  }

  absl::Status PutAnalysis(const v1::Analysis& analysis) override {
    const absl::StatusOr<bool> is_new =
        connection_.Guard([&]() -> absl::StatusOr<bool> { return PutAnalysisRow(connection_, analysis); });
    if (is_new.ok() && *is_new) ++state_.analyses;
    return is_new.status();
  }

  absl::Status RemoveAnalysis(const std::string& analysis) override {
    const absl::StatusOr<bool> removed =
        connection_.Guard([&]() -> absl::StatusOr<bool> { return DeleteAnalysisRow(connection_, analysis); });
    if (removed.ok() && *removed) --state_.analyses;
    return removed.status();
  }

 private:
  Connection& connection_;
  RunState state_;
};

// A read with a value, on one snapshot.
template <typename Value, typename Body>
absl::StatusOr<Value> ReadValue(Database& database, Body body) {
  absl::StatusOr<Value> value = absl::InternalError("not read");
  const absl::Status status = database.Read([&](Connection& connection) {
    value = connection.Guard([&]() -> absl::StatusOr<Value> { return body(connection); });
    return value.status();
  });
  if (!status.ok()) return status;
  return value;
}

absl::Status WriteDescription(Connection& connection, const v1::Run& run) {
  RunState state;
  SUMSCOPE_ASSIGN_OR_RETURN(state.description, ToJson(run));
  WriteRunState(connection, state);
  return absl::OkStatus();
}

}  // namespace

SqliteRunFile::SqliteRunFile(const std::string& run, const std::string& path, Env* env)
    : run_(run), database_({path, FileKind::kRunFile}, &RunFileSchema(), env, [this](Connection& connection) {
        return CheckIdentity(connection, run_);
      }) {}

absl::Status SqliteRunFile::CreateFile(const std::string& path, const v1::Run& run, Env* env) {
  const std::string temporary = path + ".new";
  const auto remove_both = [env, &temporary]() -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(env->RemoveFile(temporary + "-journal"));  // first: it must never meet another file
    return env->RemoveFile(temporary);
  };
  SUMSCOPE_RETURN_IF_ERROR(remove_both());
  absl::Cleanup remove = [&] { remove_both().IgnoreError(); };
  {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection,
                              Connection::Open({temporary, FileKind::kRunFile}, Connection::Mode::kCreate));
    SUMSCOPE_RETURN_IF_ERROR(connection->Transaction("BEGIN IMMEDIATE", [&](Connection& inner) {
      return inner.Guard([&] {
        ApplyMigrations(inner, RunFileSchema(), 0);
        return WriteDescription(inner, run);
      });
    }));
  }
  SUMSCOPE_RETURN_IF_ERROR(env->RenameFile(temporary, path));
  std::move(remove).Cancel();
  return env->FsyncDirectory(DirectoryOf(path));
}

absl::Status SqliteRunFile::Initialise(const v1::Run& run) {
  return database_.Write(
      [&](Connection& connection) { return connection.Guard([&] { return WriteDescription(connection, run); }); });
}

absl::Status SqliteRunFile::Check() {
  return database_.Read(
      [](Connection& connection) { return connection.Guard([&] { return ReadRunState(connection).status(); }); });
}

absl::Status SqliteRunFile::Write(const std::function<absl::Status(RunFileTransaction&)>& body) {
  return database_.Write([&](Connection& connection) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(RunState state, connection.Guard([&] { return ReadRunState(connection); }));
    Transaction transaction(connection, std::move(state));
    SUMSCOPE_RETURN_IF_ERROR(body(transaction));
    return connection.Guard([&] {
      WriteRunState(connection, transaction.state());
      return absl::OkStatus();
    });
  });
}

absl::StatusOr<v1::Run> SqliteRunFile::GetRun() {
  return ReadValue<v1::Run>(database_, [](Connection& connection) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(const RunState state, ReadRunState(connection));
    v1::Run run;
    if (!FromJson(state.description, &run).ok()) return connection.Corrupt("the run's description is damaged");
    if (run.visibility() == v1::VISIBILITY_UNSPECIFIED) run.set_visibility(v1::LAB);  // of before there was another
    return run;
  });
}

absl::StatusOr<uint64_t> SqliteRunFile::MetricSteps(Series series) {
  return ReadValue<uint64_t>(database_, [&](Connection& connection) -> absl::StatusOr<uint64_t> {
    SUMSCOPE_ASSIGN_OR_RETURN(RunState state, ReadRunState(connection));
    return static_cast<uint64_t>(state.steps(series));
  });
}

absl::StatusOr<v1::MetricBlock> SqliteRunFile::ReadMetrics(Series series, uint64_t first_step, uint32_t max_rows) {
  return ReadValue<v1::MetricBlock>(database_, [&](Connection& connection) -> absl::StatusOr<v1::MetricBlock> {
    SUMSCOPE_ASSIGN_OR_RETURN(RunState state, ReadRunState(connection));
    return ReadMetricRows(connection, series, state.steps(series), first_step, max_rows);
  });
}

absl::StatusOr<std::vector<TensorSet>> SqliteRunFile::ListTensorSets(TensorSetKind kind) {
  using Sets = std::vector<TensorSet>;
  return ReadValue<Sets>(database_, [&](Connection& connection) -> absl::StatusOr<Sets> {
    SUMSCOPE_ASSIGN_OR_RETURN(const RunState state, ReadRunState(connection));
    return ReadTensorSets(connection, kind, state.tensor_sets);
  });
}

absl::StatusOr<TensorSet> SqliteRunFile::GetTensorSet(TensorSetKind kind, uint64_t step) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<TensorSet> sets, ListTensorSets(kind));
  for (const TensorSet& set : sets) {
    if (set.step == step) return set;
  }
  return MakeError(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND",
                   absl::StrCat("run ", run_, " has no tensors of step ", step));
}

absl::StatusOr<std::string> SqliteRunFile::ReadTensorBytes(int64_t set, uint64_t offset, uint64_t length) {
  return ReadValue<std::string>(database_,
                                [&](Connection& connection) { return ReadChunks(connection, set, offset, length); });
}

absl::StatusOr<uint64_t> SqliteRunFile::LogEntries() {
  return ReadValue<uint64_t>(database_, [](Connection& connection) -> absl::StatusOr<uint64_t> {
    SUMSCOPE_ASSIGN_OR_RETURN(const RunState state, ReadRunState(connection));
    return static_cast<uint64_t>(state.log_entries);
  });
}

absl::StatusOr<std::vector<LogEntry>> SqliteRunFile::ListLog(uint64_t after_sequence, int limit) {
  using Entries = std::vector<LogEntry>;
  return ReadValue<Entries>(database_, [&](Connection& connection) -> absl::StatusOr<Entries> {
    SUMSCOPE_ASSIGN_OR_RETURN(const RunState state, ReadRunState(connection));
    SUMSCOPE_ASSIGN_OR_RETURN(Entries entries, ReadLog(connection, after_sequence, limit));
    const int64_t last = Saturated(after_sequence) + static_cast<int64_t>(entries.size());
    if (static_cast<int>(entries.size()) < limit && last < state.log_entries) {
      return connection.Corrupt(absl::StrCat("log entries after ", last, " are missing"));
    }
    return entries;
  });
}

absl::StatusOr<v1::Analysis> SqliteRunFile::GetAnalysis(const std::string& analysis) {
  return ReadValue<v1::Analysis>(database_, [&](Connection& connection) -> absl::StatusOr<v1::Analysis> {
    SUMSCOPE_ASSIGN_OR_RETURN(std::vector<v1::Analysis> found, ReadAnalyses(connection, run_, analysis));
    if (!found.empty()) return std::move(found.front());
    return MakeError(absl::StatusCode::kNotFound, "ANALYSIS_NOT_FOUND",
                     absl::StrCat("run ", run_, " has no analysis ", Quote(analysis)));
  });
}

absl::StatusOr<std::vector<v1::Analysis>> SqliteRunFile::ListAnalyses() {
  using Analyses = std::vector<v1::Analysis>;
  return ReadValue<Analyses>(database_, [&](Connection& connection) -> absl::StatusOr<Analyses> {
    SUMSCOPE_ASSIGN_OR_RETURN(const RunState state, ReadRunState(connection));
    SUMSCOPE_ASSIGN_OR_RETURN(Analyses found, ReadAnalyses(connection, run_, ""));
    if (static_cast<int64_t>(found.size()) != state.analyses) return connection.Corrupt("an analysis is missing");
    return found;
  });
}

absl::StatusOr<int> SqliteRunFile::DiscardUnfinishedTensorSets() {
  // Looked at first: a sealed file is not opened for writing without need.
  SUMSCOPE_ASSIGN_OR_RETURN(const int64_t count,
                            ReadValue<int64_t>(database_, [](Connection& connection) -> absl::StatusOr<int64_t> {
                              return CountUnfinishedSets(connection);
                            }));
  if (count == 0) return 0;
  SUMSCOPE_RETURN_IF_ERROR(database_.Write([](Connection& connection) {
    return connection.Guard([&] {
      DeleteUnfinishedSets(connection);
      return absl::OkStatus();
    });
  }));
  return static_cast<int>(count);
}

}  // namespace sumscope::storage
