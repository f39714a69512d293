#include "storage/sqlite/catalog/rows/job_row.h"

#include <cstdint>
#include <optional>
#include <string>

#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

std::optional<int64_t> Nanos(const std::optional<absl::Time>& time) {
  return time.has_value() ? std::make_optional(ToNanos(*time)) : std::nullopt;
}

std::optional<absl::Time> OptionalTime(Query& query, int column) {
  const std::optional<int64_t> nanos = query.OptionalInt(column);
  return nanos.has_value() ? std::make_optional(FromNanos(*nanos)) : std::nullopt;
}

v1::Priority PriorityFromName(const std::string& name) {
  v1::Priority priority = v1::NORMAL;
  const bool known = v1::Priority_Parse(name, &priority) && priority != v1::PRIORITY_UNSPECIFIED;
  return known ? priority : v1::NORMAL;
}

}  // namespace

Job ReadJob(Query& query) {
  Job job;
  int column = 0;
  job.queue_position = static_cast<uint64_t>(query.Int(column++));
  job.id = query.Text(column++);
  job.run = query.Text(column++);
  job.analysis = query.Text(column++);
  job.create_time = FromNanos(query.Int(column++));
  job.owner = ReplaceInvalidUtf8(query.Text(column++));
  job.state = StateFromName(query.Text(column++));
  job.reason = ReplaceInvalidUtf8(query.Text(column++));
  job.detail = ReplaceInvalidUtf8(query.Text(column++));
  job.attempt = static_cast<uint32_t>(query.Int(column++));
  job.segment = static_cast<uint32_t>(query.Int(column++));
  job.slot = ReplaceInvalidUtf8(query.Text(column++));
  job.start_time = OptionalTime(query, column++);
  job.end_time = OptionalTime(query, column++);
  job.priority = PriorityFromName(query.Text(column++));
  job.quick = query.Int(column++) != 0;
  job.held_by = ReplaceInvalidUtf8(query.Text(column++));
  job.sweep = ReplaceInvalidUtf8(query.Text(column++));
  job.memory_bytes = static_cast<uint64_t>(query.Int(column++));
  job.expected_seconds = query.Real(column++);
  job.device_seconds = query.Real(column++);
  job.charged_until = OptionalTime(query, column++);
  job.expected_end_time = OptionalTime(query, column++);
  return job;
}

void BindJobChange(Query& query, const Job& job) {
  const v1::Priority priority = job.priority == v1::PRIORITY_UNSPECIFIED ? v1::NORMAL : job.priority;
  query.Bind(v1::State_Name(job.state), job.reason, job.detail, job.attempt, job.segment, job.slot,
             Nanos(job.start_time), Nanos(job.end_time), v1::Priority_Name(priority), job.quick, job.held_by, job.sweep,
             Saturated(job.memory_bytes), job.expected_seconds, job.device_seconds, Nanos(job.charged_until),
             Nanos(job.expected_end_time));
}

void WriteDependencies(Connection& connection, const Job& job) {
  for (const std::string& run : job.dependencies) {
    Query(connection, "INSERT OR IGNORE INTO job_dependencies (job, run) VALUES (?, ?)").Bind(job.id, run).Run();
  }
}

}  // namespace sumscope::storage
