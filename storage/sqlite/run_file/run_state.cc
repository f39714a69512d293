#include "storage/sqlite/run_file/run_state.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

std::string Checksum(const RunState& state) {
  return RowChecksum()
      .Text(state.description)
      .Int(state.deterministic_steps)
      .Int(state.timing_steps)
      .Int(state.log_entries)
      .Int(state.tensor_sets)
      .Int(state.analyses)
      .Digest();
}

// Whether the description is of `run`. Ours begin with the name, so that none has to be parsed for it.
bool Describes(const std::string& description, const std::string& run) {
  if (absl::StartsWith(description, absl::StrCat("{\"name\":\"", RunName(run), "\""))) return true;
  v1::Run parsed;
  return FromJson(description, &parsed).ok() && parsed.name() == RunName(run);
}

absl::Status Misplaced(const FileIdentity& file, const std::string& description, const std::string& run) {
  v1::Run parsed;
  FromJson(description, &parsed).IgnoreError();
  return MakeError(
      absl::StatusCode::kDataLoss, "RUN_FILE_MISPLACED",
      absl::StrCat("the run file ", file.path, " holds ", parsed.name().empty() ? "no run" : parsed.name(), " and not ",
                   RunName(run), ": it was copied or linked over another; restore the right one from a backup"));
}

}  // namespace

absl::StatusOr<RunState> ReadRunState(Connection& connection) {
  Query query(connection,
              "SELECT description, deterministic_steps, timing_steps, log_entries, tensor_sets, analyses, checksum "
              "FROM run WHERE id = 1");
  if (!query.Next()) return connection.Corrupt("it describes no run");
  RunState state;
  state.description = query.Text(0);
  state.deterministic_steps = query.Int(1);
  state.timing_steps = query.Int(2);
  state.log_entries = query.Int(3);
  state.tensor_sets = query.Int(4);
  state.analyses = query.Int(5);
  if (query.Text(6) != Checksum(state)) return connection.Corrupt("the run's description is damaged");
  return state;
}

absl::Status CheckIdentity(Connection& connection, const std::string& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const RunState state, ReadRunState(connection));
  return Describes(state.description, run) ? absl::OkStatus() : Misplaced(connection.file(), state.description, run);
}

void WriteRunState(Connection& connection, const RunState& state) {
  Query(connection,
        "INSERT OR REPLACE INTO run (id, description, deterministic_steps, timing_steps, log_entries, tensor_sets, "
        "analyses, checksum) VALUES (1, ?, ?, ?, ?, ?, ?, ?)")
      .Bind(state.description, state.deterministic_steps, state.timing_steps, state.log_entries, state.tensor_sets,
            state.analyses, Checksum(state))
      .Run();
}

}  // namespace sumscope::storage
