#include "storage/sqlite/catalog/topics/sqlite_events.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/columns.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"

namespace sumscope::storage {
namespace {

// A damaged one keeps its place in the order, in no state, so that what follows is shown.
Event ReadEvent(Query& query) {
  Event event;
  event.sequence = static_cast<uint64_t>(query.Int(0));
  event.run = query.Text(1);
  event.job = query.Text(2);
  event.time = FromNanos(query.Int(3));
  event.change.set_state(StateFromName(query.Text(4)));
  event.change.set_reason(query.Text(5));
  event.change.set_detail(query.Text(6));
  event.change.set_attempt(static_cast<uint32_t>(query.Int(7)));
  event.change.set_segment(static_cast<uint32_t>(query.Int(8)));
  if (!query.sound() || !IsState(query.Text(4))) {
    event.change.set_state(v1::STATE_UNSPECIFIED);
    event.change.set_reason(kRowCorrupt);
    event.change.set_detail(absl::StrCat("the row of event ", event.sequence, " in the catalog is damaged"));
  }
  event.of_training = query.Int(9) != 0;
  if (const auto entries = query.OptionalInt(10)) event.log_entries = static_cast<uint64_t>(*entries);
  return event;
}

std::optional<int64_t> LogEntries(const Event& event) {
  return event.log_entries.has_value() ? std::make_optional(Saturated(*event.log_entries)) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::vector<Event>> SqliteEvents::List(const Viewer& viewer, const std::string& run,
                                                      uint64_t after_sequence, int limit) {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Event>> {
    // 0 is the start of what there is: nothing was promised to who never read.
    Query pruned(connection_, "SELECT pruned_through FROM event_log");
    if (after_sequence > 0 && pruned.Next() && Saturated(after_sequence) < pruned.Int(0)) {
      return MakeError(absl::StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED",
                       "events after this resume token were pruned; read the run again and watch from now");
    }
    std::vector<Event> events;
    constexpr char kColumns[] =
        "sequence, run, job, time, state, reason, detail, attempt, segment, of_training, log_entries";
    const std::string of_run = run.empty() ? "" : "run = ? AND ";
    Query query(connection_, absl::StrCat("SELECT ", kColumns, " FROM events WHERE ", of_run, "sequence > ?",
                                          AndRunIsSeen(viewer, "events.run"), " ORDER BY sequence LIMIT ?"));
    if (!run.empty()) query.Bind(run);
    query.Bind(Saturated(after_sequence));
    BindViewer(query, viewer);
    query.Bind(limit);
    while (query.Next()) events.push_back(ReadEvent(query));
    return events;
  });
}

absl::Status SqliteEvents::Append(Event* event) {
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

absl::Status SqliteEvents::Prune(absl::Time older_than) {
  return connection_.Guard([&] {
    // By sequence, the one order there is: everything before the first event that is young enough.
    Query(connection_,
          "UPDATE event_log SET pruned_through = max(pruned_through, ifnull((SELECT min(sequence) - 1 FROM events "
          "WHERE time >= ?), ifnull((SELECT max(sequence) FROM events), 0)))")
        .Bind(ToNanos(older_than))
        .Run();
    Query(connection_, "DELETE FROM events WHERE sequence <= (SELECT pruned_through FROM event_log)").Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
