#include "storage/sqlite/catalog/rows/run_row.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {
namespace {

std::optional<int64_t> Nanos(bool present, const google::protobuf::Timestamp& time) {
  return present ? std::make_optional(ToNanos(time)) : std::nullopt;
}

// SQLite turns NaN into NULL by itself; a loss that is not a number is absent in so many words.
std::optional<double> Real(bool present, double value) {
  return present && !std::isnan(value) ? std::make_optional(value) : std::nullopt;
}

// Returns whether they can be read.
bool ReadLabels(Connection& connection, const std::string& id, v1::Run* run) {
  Query query(connection, "SELECT key, value FROM labels WHERE run = ?");
  query.Bind(id);
  while (query.Next()) {
    const std::string key = query.Text(0), value = query.Text(1);
    if (!query.sound()) return false;
    (*run->mutable_labels())[key] = value;
  }
  return true;
}

}  // namespace

void BindRun(Query& query, const std::string& id, const v1::Run& run, const std::string& spec_json) {
  query.Bind(id, run.model_name(), run.owner(), v1::State_Name(run.state()), run.state_reason(), run.state_detail(),
             run.imported(), run.mixed_hardware(), run.attempt(), run.segment(), run.job(), Saturated(run.steps_done()),
             Real(run.has_loss(), run.loss()), Real(run.has_heldout_loss(), run.heldout_loss()),
             ToNanos(run.create_time()), Nanos(run.has_start_time(), run.start_time()),
             Nanos(run.has_end_time(), run.end_time()), Nanos(run.has_delete_time(), run.delete_time()), spec_json);
}

absl::StatusOr<v1::Run> ReadRun(Connection& connection, Query& query) {
  v1::Run run;
  int column = 0;
  const auto damaged = [&](absl::string_view what) { return CorruptRow(query.file(), RunName(query.Text(0)), what); };
  run.set_name(RunName(query.Text(column++)));
  run.set_model_name(query.Text(column++));
  run.set_owner(query.Text(column++));
  run.set_state(StateFromName(query.Text(column++)));
  const std::string state = query.Text(column - 1);
  if (!IsState(state)) return damaged(absl::StrCat("there is no state ", state));
  run.set_state_reason(query.Text(column++));
  run.set_state_detail(query.Text(column++));
  run.set_imported(query.Int(column++) != 0);
  run.set_mixed_hardware(query.Int(column++) != 0);
  run.set_attempt(static_cast<uint32_t>(query.Int(column++)));
  run.set_segment(static_cast<uint32_t>(query.Int(column++)));
  run.set_job(query.Text(column++));
  run.set_steps_done(static_cast<uint64_t>(query.Int(column++)));
  if (const auto loss = query.OptionalReal(column++)) run.set_loss(*loss);
  if (const auto loss = query.OptionalReal(column++)) run.set_heldout_loss(*loss);
  *run.mutable_create_time() = TimestampFromNanos(query.Int(column++));
  if (const auto time = query.OptionalInt(column++)) *run.mutable_start_time() = TimestampFromNanos(*time);
  if (const auto time = query.OptionalInt(column++)) *run.mutable_end_time() = TimestampFromNanos(*time);
  if (const auto time = query.OptionalInt(column++)) *run.mutable_delete_time() = TimestampFromNanos(*time);
  const absl::Status spec = FromJson(query.Text(column++), run.mutable_spec());
  if (!spec.ok()) return damaged(spec.message());
  if (const auto accuracy = query.OptionalReal(column++)) run.set_accuracy(*accuracy);
  const auto count = [&] { return static_cast<uint32_t>(query.Int(column)); };
  if (query.OptionalInt(column)) run.set_accuracy_questions(count());
  if (query.OptionalInt(++column)) run.set_nines(count());
  if (query.OptionalInt(++column)) run.set_reads_to(count());
  if (query.OptionalInt(++column)) run.set_sure_to(count());
  if (const auto exact = query.OptionalInt(++column)) run.set_look_back_exact(*exact != 0);
  const std::string visibility = query.Text(++column);
  v1::Visibility seen = v1::VISIBILITY_UNSPECIFIED;
  if (!v1::Visibility_Parse(visibility, &seen) || seen == v1::VISIBILITY_UNSPECIFIED) {
    return damaged(absl::StrCat("there is no visibility ", visibility));
  }
  run.set_visibility(seen);
  const std::string sweep = query.Text(++column);
  if (!sweep.empty()) run.set_sweep(SweepName(sweep));
  if (!query.sound()) return damaged("a text of it is not UTF-8");
  if (!ReadLabels(connection, query.Text(0), &run)) return damaged("a label of it is not UTF-8");
  return run;
}

v1::Run ReadListedRun(Connection& connection, Query& query) {
  absl::StatusOr<v1::Run> run = ReadRun(connection, query);
  if (run.ok()) return *std::move(run);
  constexpr int kCreateTime = 14;  // of kRunColumns
  v1::Run damaged;
  damaged.set_name(ReplaceInvalidUtf8(RunName(query.Text(0))));
  *damaged.mutable_create_time() = TimestampFromNanos(query.Int(kCreateTime));
  damaged.set_state_reason(kRowCorrupt);
  damaged.set_state_detail(std::string(run.status().message()));
  return damaged;
}

void WriteLabels(Connection& connection, const std::string& id, const v1::Run& run) {
  Query(connection, "DELETE FROM labels WHERE run = ?").Bind(id).Run();
  for (const auto& [key, value] : run.labels()) {
    Query(connection, "INSERT INTO labels (run, key, value) VALUES (?, ?, ?)").Bind(id, key, value).Run();
  }
}

}  // namespace sumscope::storage
