#ifndef SUMSCOPE_SERVER_DEVICES_DEVICE_MONITOR_H_
#define SUMSCOPE_SERVER_DEVICES_DEVICE_MONITOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/devices/device_state.h"
#include "server/devices/machine.h"
#include "server/devices/nvml/nvml.h"
#include "server/devices/processes.h"
#include "server/devices/return_watch.h"

namespace sumscope::devices {

inline constexpr uint64_t kForeignMemoryMib = 512;
inline constexpr absl::Duration kLookInterval = absl::Seconds(5);
inline constexpr absl::Duration kKeptShown = absl::Hours(1);

struct MonitorOptions {
  std::string nvml_library = kNvmlLibrary;  // "": none, the CPU alone
  // What others may hold of a GPU before nothing is started on it; a display holds some.
  uint64_t foreign_memory_mib = kForeignMemoryMib;
  absl::Duration interval = kLookInterval;  // of the thread's looks
  Clock* clock = Clock::Real();
  // Whether a process is the server's: it is then not foreign. Called by looks, without a lock. Null: none is.
  std::function<bool(int64_t pid)> is_ours;
  // nullopt: no such process here. Called by looks, without a lock.
  std::function<std::optional<std::string>(int64_t pid)> owner = OwnerOfProcess;
  std::function<Machine()> machine = ThisMachine;
  std::function<uint64_t()> free_memory = FreeMemory;  // bytes, of the CPU
};

// What the devices of this machine are like, from the CPU and NVML. It is looked at once by the constructor, whenever
// Look is called, and from Start on by a thread of its own. GPUs are those of the first look, known by their UUID from
// then on: one that has gone is lost and keeps its name. Its CUDA number is its place on the bus (CUDA_DEVICE_ORDER).
//
// A driver that hangs stops looks and nothing else: what others ask is answered from the last look, and a GPU whose
// look does not end is lost. Thread-safe.
class DeviceMonitor {
 public:
  explicit DeviceMonitor(MonitorOptions options);
  ~DeviceMonitor();
  DeviceMonitor(const DeviceMonitor&) = delete;
  DeviceMonitor& operator=(const DeviceMonitor&) = delete;

  // Who hears of events, each once and in order, without a lock: on the monitor's thread, and before Start on that of
  // Look. It may take its time and ask anything, but must not call Stop. To be set before Start.
  using Listener = std::function<void(const DeviceEvent& event)>;
  void SetListener(Listener listener);
  // Starts the thread. After Stop no event comes any more, though the thread may hang in a driver: the destructor waits
  // for it.
  void Start();
  void Stop();

  // Looks at every device. Where another thread is at it, waits for that one, at most kMaxLookWait.
  void Look();

  // In the order of their numbers, the CPU last.
  std::vector<DeviceState> Devices() const;
  std::optional<DeviceState> Find(const std::string& device) const;
  // By the last look. Without NVML nothing is known of a GPU, which is then available.
  Availability AvailabilityOf(const std::string& device) const;
  // The same by a look that is under a second old: before something is started.
  Availability AvailabilityNow(const std::string& device);

  // What the process `pid` holds of `device`, in bytes; 0 where NVML does not list it.
  uint64_t MemoryOf(const std::string& device, int64_t pid) const;
  // After a job: the worker `pid` must be down to `baseline` bytes (MemoryOf before the job) within kReturnTime. A look
  // follows at once, and one every second; kMemoryReturned or kMemoryKept ends the watch. Of the CPU and of GPUs that
  // are not known kMemoryReturned comes with the next look.
  void WatchReturn(const std::string& device, int64_t pid, uint64_t baseline);

  // Whether a worker that says so computes on `device`. OK also where nobody knows: of the CPU, without NVML, or where
  // the worker says nothing. FAILED_PRECONDITION DEVICE_MISMATCH.
  absl::Status CheckBinding(const std::string& device, const std::string& worker_uuid) const;

  // Lines for devices that others use, that are lost or on which a worker kept memory, and one where NVML is there and
  // does not work.
  std::vector<std::string> Warnings() const;
  // Why no GPU is looked at; OK where NVML works. NOT_FOUND NVML_MISSING, UNAVAILABLE NVML_FAILED.
  const absl::Status& nvml_status() const { return nvml_status_; }
  // For a look into a server that is stuck: a line.
  std::string DebugString() const;

 private:
  using Readings = std::vector<absl::StatusOr<GpuReading>>;

  // Without a lock, by one thread at a time.
  void LookAlone();
  absl::StatusOr<Readings> ReadGpus(absl::Duration now);
  DeviceState DescribeCpu() const;
  void Describe(const GpuReading& reading, DeviceState* device) const;
  void Lose(const absl::Status& why, DeviceState* device) const;
  void Store(std::vector<DeviceState> devices, absl::Duration now) ABSL_LOCKS_EXCLUDED(mutex_);

  const DeviceState* FindLocked(const std::string& device) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t MemoryLocked(const std::string& device, int64_t pid) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The look that is under way should have ended long ago.
  bool HangsLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();
  bool WaitForNext();
  // Tells the listener of what looks found.
  void Deliver();

  const MonitorOptions options_;
  const Machine machine_;
  const std::string cpu_model_;
  std::unique_ptr<Nvml> nvml_;  // null without; only LookAlone calls it
  absl::Status nvml_status_;
  absl::Duration restarted_;  // only LookAlone
  Listener listener_;         // set before Start

  Mutex delivery_mutex_;  // held while the listener hears of events
  bool silent_ ABSL_GUARDED_BY(delivery_mutex_) = false;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<DeviceState> devices_ ABSL_GUARDED_BY(mutex_);  // as Devices()
  ReturnWatch returns_ ABSL_GUARDED_BY(mutex_);
  std::vector<DeviceEvent> events_ ABSL_GUARDED_BY(mutex_);  // that the listener has not heard of
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool looking_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration look_began_ ABSL_GUARDED_BY(mutex_);
  absl::Duration looked_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();  // the end of the last look
  struct Kept {
    std::string text;
    absl::Duration until;
  };
  std::map<std::string, Kept> kept_ ABSL_GUARDED_BY(mutex_);  // by device
  bool look_now_ ABSL_GUARDED_BY(mutex_) = false;
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_DEVICE_MONITOR_H_
