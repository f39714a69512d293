#ifndef SUMSCOPE_STORAGE_CATALOG_EVENTS_H_
#define SUMSCOPE_STORAGE_CATALOG_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

// A state change, in the one order of the server.
struct Event {
  uint64_t sequence = 0;
  std::string run;
  std::string job;
  absl::Time time;
  v1::StateChange change;
  bool of_training = true;  // false: of an analysis
  // How many entries the log of the run's file had before it: what orders the two. Empty where nobody could know.
  std::optional<uint64_t> log_entries;
};

// The event log.
class EventsReader {
 public:
  virtual ~EventsReader() = default;
  // Events of `run` ("" = all) after `sequence`, oldest first. OUT_OF_RANGE RESUME_TOKEN_EXPIRED when `sequence` is
  // older than what pruning left.
  virtual absl::StatusOr<std::vector<Event>> List(const Viewer& viewer, const std::string& run, uint64_t after_sequence,
                                                  int limit) = 0;
};

class Events : public EventsReader {
 public:
  // Sets event->sequence.
  virtual absl::Status Append(Event* event) = 0;
  // Forgets events that are older.
  virtual absl::Status Prune(absl::Time older_than) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_EVENTS_H_
