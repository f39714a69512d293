#include "storage/sqlite/catalog/queue/sqlite_jobs.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/columns.h"
#include "storage/sqlite/catalog/rows/job_row.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"

namespace sumscope::storage {
namespace {

// The partial index's condition, word for word.
constexpr char kUnfinished[] = "state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')";

// What the job waits for, as far as the viewer may know.
std::vector<std::string> ReadDependencies(Connection& connection, const Viewer& viewer, const std::string& job) {
  Query query(connection, absl::StrCat("SELECT run FROM job_dependencies WHERE job = ?",
                                       AndRunIsSeen(viewer, "job_dependencies.run"), " ORDER BY run"));
  query.Bind(job);
  BindViewer(query, viewer);
  std::vector<std::string> runs;
  while (query.Next()) runs.push_back(query.Text(0));
  return runs;
}

// The same of all unfinished jobs at once, by job.
std::unordered_map<std::string, std::vector<std::string>> ReadAllDependencies(Connection& connection,
                                                                              const Viewer& viewer) {
  Query query(connection, absl::StrCat("SELECT job_dependencies.job, job_dependencies.run FROM jobs CROSS JOIN "
                                       "job_dependencies ON job_dependencies.job = jobs.id WHERE ",
                                       kUnfinished, AndRunIsSeen(viewer, "job_dependencies.run"),
                                       " ORDER BY jobs.queue_position, job_dependencies.run"));
  BindViewer(query, viewer);
  std::unordered_map<std::string, std::vector<std::string>> runs;
  while (query.Next()) runs[query.Text(0)].push_back(query.Text(1));
  return runs;
}

std::string UpdateStatement() {
  const auto assign = [](std::string* text, absl::string_view column) { absl::StrAppend(text, column, " = ?"); };
  const std::vector<absl::string_view> columns = absl::StrSplit(kJobChangedColumns, ", ");
  return absl::StrCat("UPDATE jobs SET ", absl::StrJoin(columns, ", ", assign), " WHERE id = ?");
}

}  // namespace

absl::StatusOr<Job> SqliteJobs::Get(const Viewer& viewer, const std::string& job) {
  return connection_.Guard([&]() -> absl::StatusOr<Job> {
    Query query(connection_,
                absl::StrCat("SELECT ", kJobColumns, " FROM jobs WHERE id = ?", AndRunIsSeen(viewer, "jobs.run")));
    query.Bind(job);
    BindViewer(query, viewer);
    if (!query.Next()) return NotFound("JOB_NOT_FOUND", "job", job);
    Job found = ReadJob(query);
    found.dependencies = ReadDependencies(connection_, viewer, job);
    return found;
  });
}

absl::StatusOr<Job> SqliteJobs::GetTraining(const Viewer& viewer, const std::string& run) {
  return connection_.Guard([&]() -> absl::StatusOr<Job> {
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns, " FROM jobs WHERE run = ? AND analysis = ''",
                                          AndRunIsSeen(viewer, "jobs.run"), " ORDER BY queue_position DESC LIMIT 1"));
    query.Bind(run);
    BindViewer(query, viewer);
    if (!query.Next()) return NotFound("JOB_NOT_FOUND", "training job of run", run);
    Job found = ReadJob(query);
    found.dependencies = ReadDependencies(connection_, viewer, found.id);
    return found;
  });
}

absl::StatusOr<std::vector<Job>> SqliteJobs::ListUnfinished(const Viewer& viewer) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Job>> {
    auto dependencies = ReadAllDependencies(connection_, viewer);
    std::vector<Job> jobs;
    const std::string seen = AndRunIsSeen(viewer, "jobs.run");
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns, ", 1", seen, " FROM jobs WHERE ", kUnfinished,
                                          " ORDER BY queue_position"));
    BindViewer(query, viewer);
    while (query.Next()) {
      Job job = ReadJob(query);
      if (query.Int(kJobColumnCount) != 0) {
        if (const auto found = dependencies.find(job.id); found != dependencies.end()) {
          job.dependencies = std::move(found->second);
        }
        jobs.push_back(std::move(job));
      } else if (job.state == v1::QUEUED) {
        Job of_another_user;
        of_another_user.queue_position = job.queue_position;
        jobs.push_back(std::move(of_another_user));
      }
    }
    return jobs;
  });
}

absl::StatusOr<std::vector<std::string>> SqliteJobs::ListToCancel(const std::string& sweep) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> jobs;
    Query query(connection_,
                absl::StrCat("SELECT id FROM jobs INDEXED BY jobs_by_sweep WHERE sweep = ? AND sweep <> '' "
                             "AND ",
                             kUnfinished, " AND state <> 'CANCELLING' ORDER BY +queue_position"));
    query.Bind(sweep);
    while (query.Next()) jobs.push_back(query.Text(0));
    return jobs;
  });
}

absl::StatusOr<std::vector<Job>> SqliteJobs::ListDependents(const std::string& run) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Job>> {
    std::vector<Job> jobs;
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns,
                                          " FROM jobs WHERE id IN (SELECT job FROM job_dependencies AS waiting WHERE "
                                          "waiting.run = ?) AND state = 'QUEUED' ORDER BY +queue_position"));
    query.Bind(run);
    while (query.Next()) {
      jobs.push_back(ReadJob(query));
      jobs.back().dependencies = ReadDependencies(connection_, Viewer::Server(), jobs.back().id);
    }
    return jobs;
  });
}

absl::StatusOr<std::vector<double>> SqliteJobs::EstimateRatios(int limit) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<double>> {
    std::vector<double> ratios;
    Query query(connection_,
                // The partial index's condition, word for word, then what could divide by nothing.
                "SELECT CAST(end_time - create_time AS REAL) / (expected_end_time - create_time) FROM jobs WHERE "
                "state = 'SUCCEEDED' AND expected_end_time IS NOT NULL AND expected_end_time > create_time AND "
                "end_time >= create_time ORDER BY queue_position DESC LIMIT ?");
    query.Bind(limit);
    while (query.Next()) ratios.push_back(query.Real(0));
    return ratios;
  });
}

absl::StatusOr<v1::Analysis> SqliteJobs::GetOrder(const std::string& job) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::Analysis> {
    Query query(connection_, "SELECT analysis FROM orders WHERE job = ?");
    query.Bind(job);
    if (!query.Next()) return NotFound("ORDER_NOT_FOUND", "analysis that waits for its run, of job", job);
    v1::Analysis analysis;
    absl::Status read = FromJson(query.Text(0), &analysis);
    if (read.ok() && !query.sound()) read = absl::InternalError("a text of it is not UTF-8");
    if (!read.ok()) return CorruptRow(query.file(), absl::StrCat("order of ", JobName(job)), read.message());
    return analysis;
  });
}

absl::StatusOr<std::optional<PartialResult>> SqliteJobs::GetPartialResult(const std::string& job) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<PartialResult>> {
    Query query(connection_, "SELECT fits, done, state FROM partial_results WHERE job = ?");
    query.Bind(job);
    if (!query.Next()) return std::optional<PartialResult>();
    PartialResult partial{query.Text(0), static_cast<uint64_t>(query.Int(1)), std::string(query.Blob(2))};
    if (!query.sound()) return std::optional<PartialResult>();  // counted anew
    return std::make_optional(std::move(partial));
  });
}

absl::Status SqliteJobs::Insert(Job* job) {
  return connection_.Guard([&] {
    Query query(connection_, absl::StrCat("INSERT INTO jobs (", kJobFixedColumns, ", ", kJobChangedColumns,
                                          ") VALUES (", Marks(kJobColumnCount - 1), ")"));
    query.Bind(job->id, job->run, job->analysis, ToNanos(job->create_time), job->owner);
    BindJobChange(query, *job);
    query.Run();
    job->queue_position = static_cast<uint64_t>(connection_.last_insert_rowid());
    WriteDependencies(connection_, *job);
    return absl::OkStatus();
  });
}

absl::Status SqliteJobs::Update(const Job& job) {
  SUMSCOPE_ASSIGN_OR_RETURN(Job before, Get(Viewer::Server(), job.id));
  if (before.state != job.state && !legal_(before.state, job.state)) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
        absl::StrCat("a job cannot go from ", v1::State_Name(before.state), " to ", v1::State_Name(job.state)));
  }
  std::vector<std::string> dependencies = job.dependencies;
  std::sort(dependencies.begin(), dependencies.end());
  return connection_.Guard([&] {
    static const auto* const kUpdate = new std::string(UpdateStatement());
    Query query(connection_, *kUpdate);
    BindJobChange(query, job);
    query.Bind(job.id).Run();
    if (IsTerminal(job.state)) {
      Query(connection_, "DELETE FROM partial_results WHERE job = ?").Bind(job.id).Run();
    }
    if (dependencies != before.dependencies) {
      Query(connection_, "DELETE FROM job_dependencies WHERE job = ?").Bind(job.id).Run();
      WriteDependencies(connection_, job);
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteJobs::PutOrder(const std::string& job, const v1::Analysis& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, ToJson(analysis));
  return connection_.Guard([&] {
    Query(connection_, "INSERT OR REPLACE INTO orders (job, analysis) VALUES (?, ?)").Bind(job, text).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteJobs::RemoveOrder(const std::string& job) {
  return connection_.Guard([&] {
    Query(connection_, "DELETE FROM orders WHERE job = ?").Bind(job).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteJobs::PutPartialResult(const std::string& job, const PartialResult& partial) {
  return connection_.Guard([&] {
    Query query(connection_,
                absl::StrCat("INSERT INTO partial_results (job, fits, done, state) SELECT id, ?, ?, ? FROM "
                             "jobs WHERE id = ? AND ",
                             kUnfinished,
                             " ON CONFLICT (job) DO UPDATE SET fits = excluded.fits, done = "
                             "excluded.done, state = excluded.state"));
    query.Bind(partial.fits, partial.done, BlobView{partial.state}, job).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
