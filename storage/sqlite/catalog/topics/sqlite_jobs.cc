#include "storage/sqlite/catalog/topics/sqlite_jobs.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/columns.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"

namespace sumscope::storage {
namespace {

constexpr char kJobColumns[] =
    "queue_position, id, run, analysis, state, reason, detail, attempt, segment, slot, create_time, start_time, "
    "end_time";
constexpr int kJobColumnCount = 13;

Job ReadJob(Query& query) {
  Job job;
  int column = 0;
  job.queue_position = static_cast<uint64_t>(query.Int(column++));
  job.id = query.Text(column++);
  job.run = query.Text(column++);
  job.analysis = query.Text(column++);
  job.state = StateFromName(query.Text(column++));
  job.reason = ReplaceInvalidUtf8(query.Text(column++));
  job.detail = ReplaceInvalidUtf8(query.Text(column++));
  job.attempt = static_cast<uint32_t>(query.Int(column++));
  job.segment = static_cast<uint32_t>(query.Int(column++));
  job.slot = ReplaceInvalidUtf8(query.Text(column++));
  job.create_time = FromNanos(query.Int(column++));
  if (const auto time = query.OptionalInt(column++)) job.start_time = FromNanos(*time);
  if (const auto time = query.OptionalInt(column++)) job.end_time = FromNanos(*time);
  return job;
}

std::optional<int64_t> Nanos(const std::optional<absl::Time>& time) {
  return time.has_value() ? std::make_optional(ToNanos(*time)) : std::nullopt;
}

}  // namespace

absl::StatusOr<Job> SqliteJobs::Get(const Viewer& viewer, const std::string& job) {
  return connection_.Guard([&]() -> absl::StatusOr<Job> {
    Query query(connection_,
                absl::StrCat("SELECT ", kJobColumns, " FROM jobs WHERE id = ?", AndRunIsSeen(viewer, "jobs.run")));
    query.Bind(job);
    BindViewer(query, viewer);
    if (!query.Next()) return NotFound("JOB_NOT_FOUND", "job", job);
    return ReadJob(query);
  });
}

absl::StatusOr<Job> SqliteJobs::GetTraining(const Viewer& viewer, const std::string& run) {
  return connection_.Guard([&]() -> absl::StatusOr<Job> {
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns, " FROM jobs WHERE run = ? AND analysis = ''",
                                          AndRunIsSeen(viewer, "jobs.run"), " ORDER BY queue_position DESC LIMIT 1"));
    query.Bind(run);
    BindViewer(query, viewer);
    if (!query.Next()) return NotFound("JOB_NOT_FOUND", "training job of run", run);
    return ReadJob(query);
  });
}

absl::StatusOr<std::vector<Job>> SqliteJobs::ListUnfinished(const Viewer& viewer) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Job>> {
    std::vector<Job> jobs;
    const std::string seen = AndRunIsSeen(viewer, "jobs.run");
    Query query(connection_, absl::StrCat("SELECT ", kJobColumns, ", 1", seen,
                                          " FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') "
                                          "ORDER BY queue_position"));
    BindViewer(query, viewer);
    while (query.Next()) {
      Job job = ReadJob(query);
      if (query.Int(kJobColumnCount) != 0) {
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

absl::StatusOr<uint64_t> SqliteJobs::CountQueued(const Viewer&, uint64_t after, uint64_t through) {
  return connection_.Guard([&]() -> absl::StatusOr<uint64_t> {
    Query query(connection_,
                // The partial index's condition, word for word, then what is asked.
                "SELECT COUNT(*) FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') "
                "AND state = 'QUEUED' AND queue_position > ? AND queue_position <= ?");
    query.Bind(Saturated(after), Saturated(through));
    return query.Next() ? static_cast<uint64_t>(query.Int(0)) : 0;
  });
}

absl::Status SqliteJobs::Insert(Job* job) {
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

absl::Status SqliteJobs::Update(const Job& job) {
  SUMSCOPE_ASSIGN_OR_RETURN(const Job before, Get(Viewer::Server(), job.id));
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

}  // namespace sumscope::storage
