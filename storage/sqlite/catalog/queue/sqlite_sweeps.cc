#include "storage/sqlite/catalog/queue/sqlite_sweeps.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/not_found.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"
#include "storage/sqlite/catalog/rows/sequence.h"

namespace sumscope::storage {
namespace {

constexpr char kSweepColumns[] =
    "id, owner, visibility, state, state_detail, create_time, end_time, definition, sequence";
constexpr int kCreateTimeColumn = 5;
constexpr int kSequenceColumn = 8;

absl::Status NoSweep(const std::string& sweep) { return NotFound("SWEEP_NOT_FOUND", "sweep", sweep); }

// The current row. DATA_LOSS CATALOG_ROW_CORRUPT when it cannot be read.
absl::StatusOr<v1::Sweep> ReadSweep(Query& query) {
  v1::Sweep sweep;
  const std::string name = SweepName(query.Text(0)), state = query.Text(3);
  const auto damaged = [&](absl::string_view what) { return CorruptRow(query.file(), name, what); };
  const absl::Status definition = FromJson(query.Text(7), &sweep);
  if (!definition.ok()) return damaged(definition.message());
  sweep.set_name(name);
  sweep.set_owner(query.Text(1));
  v1::Visibility visibility = v1::VISIBILITY_UNSPECIFIED;
  if (!v1::Visibility_Parse(query.Text(2), &visibility)) return damaged("its visibility is unknown");
  sweep.set_visibility(visibility);
  v1::SweepState kept = v1::SWEEP_STATE_UNSPECIFIED;
  if (!v1::SweepState_Parse(state, &kept)) return damaged(absl::StrCat("there is no state ", state));
  sweep.set_state(kept);
  sweep.set_state_detail(query.Text(4));
  *sweep.mutable_create_time() = TimestampFromNanos(query.Int(kCreateTimeColumn));
  if (const auto time = query.OptionalInt(6)) *sweep.mutable_end_time() = TimestampFromNanos(*time);
  if (!query.sound()) return damaged("a text of it is not UTF-8");
  return sweep;
}

// The same for a list, which shows a damaged row by name, time and damage, in no state.
v1::Sweep ReadListedSweep(Query& query) {
  absl::StatusOr<v1::Sweep> sweep = ReadSweep(query);
  if (sweep.ok()) return *std::move(sweep);
  v1::Sweep damaged;
  damaged.set_name(ReplaceInvalidUtf8(SweepName(query.Text(0))));
  *damaged.mutable_create_time() = TimestampFromNanos(query.Int(kCreateTimeColumn));
  damaged.set_state_detail(absl::StrCat(kRowCorrupt, ": ", sweep.status().message()));
  return damaged;
}

std::optional<int64_t> EndTime(const v1::Sweep& sweep) {
  return sweep.has_end_time() ? std::make_optional(ToNanos(sweep.end_time())) : std::nullopt;
}

// What is kept of the state, for the rest is counted.
std::string KeptState(const v1::Sweep& sweep) {
  return v1::SweepState_Name(sweep.state() == v1::SWEEP_CANCELLED ? v1::SWEEP_CANCELLED : v1::SWEEP_STATE_UNSPECIFIED);
}

}  // namespace

absl::StatusOr<v1::Sweep> SqliteSweeps::Get(const Viewer& viewer, const std::string& sweep) {
  return connection_.Guard([&]() -> absl::StatusOr<v1::Sweep> {
    Query query(connection_,
                absl::StrCat("SELECT ", kSweepColumns, " FROM sweeps WHERE id = ?", AndSweepIsSeen(viewer)));
    query.Bind(sweep);
    BindViewer(query, viewer);
    if (!query.Next()) return NoSweep(sweep);
    return ReadSweep(query);
  });
}

absl::StatusOr<std::vector<std::string>> SqliteSweeps::Find(const Viewer& viewer, const std::string& prefix,
                                                            int limit) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> found;
    Query query(connection_, absl::StrCat("SELECT id FROM sweeps WHERE id >= ? AND id < ?", AndSweepIsSeen(viewer),
                                          " ORDER BY id LIMIT ?"));
    query.Bind(prefix, prefix + "\x7f");  // ids are ASCII
    BindViewer(query, viewer);
    query.Bind(limit);
    while (query.Next()) {
      std::string id = query.Text(0);
      if (query.sound()) found.push_back(std::move(id));
    }
    return found;
  });
}

absl::StatusOr<std::string> SqliteSweeps::Latest(const Viewer& viewer, const std::string& owner) {
  return connection_.Guard([&]() -> absl::StatusOr<std::string> {
    Query query(connection_, absl::StrCat("SELECT id FROM sweeps WHERE owner = ?", AndSweepIsSeen(viewer),
                                          " ORDER BY sequence DESC LIMIT 1"));
    query.Bind(owner);
    BindViewer(query, viewer);
    return query.Next() ? query.Text(0) : std::string();
  });
}

absl::StatusOr<SweepPage> SqliteSweeps::List(const Viewer& viewer, uint32_t page_size, const std::string& page_token) {
  constexpr char kQueryHash[] = "sweeps by sequence";
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(seal_, kQueryHash, page_token));
  }
  return connection_.Guard([&]() -> absl::StatusOr<SweepPage> {
    SweepPage page;
    PagePosition last;
    size_t bytes = 0;
    Query query(connection_, absl::StrCat("SELECT ", kSweepColumns, " FROM sweeps WHERE sequence < ?",
                                          AndSweepIsSeen(viewer), " ORDER BY sequence DESC LIMIT ?"));
    query.Bind(position.key);
    BindViewer(query, viewer);
    query.Bind(page_size + 1);
    while (query.Next()) {
      if (page.sweeps.size() == page_size || bytes > limits::kMaxPageBytes) {
        page.next_page_token = EncodePageToken(seal_, kQueryHash, last);
        break;
      }
      last = {query.Int(kSequenceColumn), query.Text(0)};
      page.sweeps.push_back(ReadListedSweep(query));
      bytes += page.sweeps.back().ByteSizeLong();
    }
    return page;
  });
}

absl::StatusOr<std::vector<std::string>> SqliteSweeps::Members(const std::string& sweep) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> runs;
    Query query(connection_, "SELECT id FROM runs WHERE sweep = ? ORDER BY sequence");
    query.Bind(sweep);
    while (query.Next()) runs.push_back(query.Text(0));
    return runs;
  });
}

absl::StatusOr<SweepTally> SqliteSweeps::Tally(const Viewer& viewer, const std::string& sweep) {
  return connection_.Guard([&]() -> absl::StatusOr<SweepTally> {
    SweepTally tally;
    double done = 0;
    uint64_t members = 0;
    // `sweep <> ''` is the partial index's condition. A spec is looked at only where a training is on its way.
    Query runs(
        connection_,
        absl::StrCat(
            "SELECT state, count(*), sum(CASE WHEN state = 'SUCCEEDED' THEN 1.0 WHEN steps_done = 0 THEN 0.0 ELSE "
            "min(1.0, ifnull(CAST(steps_done AS REAL) / iif(json_valid(spec), json_extract(spec, '$.steps'), "
            "NULL), 0.0)) END) FROM runs WHERE sweep = ? AND sweep <> '' AND +delete_time IS NULL",
            AndIsSeen(viewer), " GROUP BY state"));
    BindViewer(runs.Bind(sweep), viewer);
    while (runs.Next()) {
      const auto count = static_cast<uint32_t>(runs.Int(1));
      tally.runs[StateFromName(runs.Text(0))] += count;
      members += count;
      done += runs.Real(2);
    }
    if (members > 0) tally.progress = std::min(1.0, done / static_cast<double>(members));
    // An analysis whose job was queued again counts once.
    Query analyses(
        connection_,
        absl::StrCat(
            "SELECT analyses.state, count(*) FROM (SELECT DISTINCT run, analysis FROM jobs WHERE sweep = ? AND "
            "sweep <> '' AND analysis <> '' AND EXISTS (SELECT 1 FROM runs INDEXED BY runs_seen WHERE runs.id = "
            "jobs.run "
            "AND +runs.delete_time IS NULL",
            AndIsSeen(viewer),
            ")) AS ordered CROSS JOIN analyses ON analyses.run = ordered.run AND analyses.id = ordered.analysis "
            "GROUP BY analyses.state"));
    BindViewer(analyses.Bind(sweep), viewer);
    while (analyses.Next()) {
      tally.analyses[StateFromName(analyses.Text(0))] += static_cast<uint32_t>(analyses.Int(1));
    }
    return tally;
  });
}

absl::Status SqliteSweeps::Insert(const v1::Sweep& sweep) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseSweepName(sweep.name()));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string definition, ToJson(sweep));
  return connection_.Guard([&]() -> absl::Status {
    Query found(connection_, "SELECT 1 FROM sweeps WHERE id = ?");
    if (found.Bind(id).Next()) {
      return MakeError(absl::StatusCode::kAlreadyExists, "SWEEP_EXISTS",
                       absl::StrCat("there is a sweep ", Quote(id), " already"));
    }
    const v1::Visibility visibility = sweep.visibility() == v1::VISIBILITY_UNSPECIFIED ? v1::LAB : sweep.visibility();
    Query(connection_, absl::StrCat("INSERT INTO sweeps (", kSweepColumns, ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        .Bind(id, sweep.owner(), v1::Visibility_Name(visibility), KeptState(sweep), sweep.state_detail(),
              ToNanos(sweep.create_time()), EndTime(sweep), definition, NextSequence(connection_))
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteSweeps::Update(const v1::Sweep& sweep) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseSweepName(sweep.name()));
  return connection_.Guard([&]() -> absl::Status {
    Query found(connection_, "SELECT 1 FROM sweeps WHERE id = ?");
    if (!found.Bind(id).Next()) return NoSweep(id);
    Query(connection_, "UPDATE sweeps SET state = ?, state_detail = ?, end_time = ? WHERE id = ?")
        .Bind(KeptState(sweep), sweep.state_detail(), EndTime(sweep), id)
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteSweeps::Remove(const std::string& sweep) {
  return connection_.Guard([&] {
    Query(connection_, "UPDATE runs SET sweep = '' WHERE sweep = ? AND sweep <> ''").Bind(sweep).Run();
    Query(connection_, "UPDATE jobs SET sweep = '' WHERE sweep = ? AND sweep <> ''").Bind(sweep).Run();
    Query(connection_, "DELETE FROM sweeps WHERE id = ?").Bind(sweep).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
