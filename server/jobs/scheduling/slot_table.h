#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_SLOT_TABLE_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_SLOT_TABLE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/jobs/scheduling/policy/fleet.h"
#include "server/jobs/state/device_gate.h"
#include "server/workers/worker_pool.h"

namespace sumscope::jobs {

// What slots and devices are like, as they were looked at last. Thread-compatible.
class SlotTable {
 public:
  // What a look finds, which may take a while.
  struct Look {
    std::vector<v1::Slot> slots;
    std::map<std::string, DeviceOpening> devices;
  };
  // `gate` may be null.
  static Look LookAt(const workers::WorkerPool& pool, DeviceGate* gate);
  // True when something has changed that a plan goes by.
  bool Take(const Look& look);
  bool SetOpening(const std::string& device, const DeviceOpening& opening);

  void SetIdle(const std::string& slot) { idle_.insert(slot); }
  void SetBusy(const std::string& slot) { idle_.erase(slot); }
  const std::set<std::string>& idle() const { return idle_; }
  // "" for a slot that is not known.
  std::string DeviceOf(const std::string& slot) const;
  // Null: it is open.
  const DeviceOpening* ClosureOf(const std::string& device) const;
  // Of the slots of a machine's processors that are no quick ones, the most threads; 1 where there are none.
  uint32_t MostThreads() const;

  // Without what runs.
  Fleet MakeFleet() const;

 private:
  std::map<std::string, SlotState> slots_;  // what a look says; idle ones are in idle_
  std::map<std::string, DeviceOpening> devices_;
  std::set<std::string> idle_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_SLOT_TABLE_H_
