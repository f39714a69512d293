#include "server/devices/device_monitor.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "server/devices/binding.h"
#include "server/devices/device_events.h"

namespace sumscope::devices {
namespace {

constexpr absl::Duration kMaxLookWait = absl::Seconds(2);  // for the look of another thread
constexpr absl::Duration kHangs = absl::Seconds(30);       // of one look: a driver starts in a few seconds
constexpr absl::Duration kFresh = absl::Seconds(1);        // a look that AvailabilityNow believes
constexpr absl::Duration kReturnLookInterval = absl::Seconds(1);
constexpr absl::Duration kRestartInterval = absl::Seconds(30);  // of NVML while a GPU is lost
constexpr uint64_t kMiB = 1 << 20;
constexpr char kCpu[] = "cpu";

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, "model name")) continue;
    return std::string(absl::StripAsciiWhitespace(line.substr(std::min(line.size(), line.find(':') + 1))));
  }
  return "";
}

std::string GpuName(size_t index) { return absl::StrCat("cuda:", index); }

}  // namespace

DeviceMonitor::DeviceMonitor(MonitorOptions options)
    : options_(std::move(options)),
      machine_(options_.machine()),
      cpu_model_(CpuModel()),
      restarted_(options_.clock->Monotonic()) {
  if (!options_.nvml_library.empty()) {
    auto opened = Nvml::Open(options_.nvml_library);
    nvml_status_ = opened.status();
    if (opened.ok()) nvml_ = std::move(*opened);
  } else {
    nvml_status_ = MakeError(absl::StatusCode::kNotFound, "NVML_MISSING", "no NVML library is configured");
  }
  if (nvml_ != nullptr) {
    const absl::StatusOr<uint32_t> count = nvml_->Count();
    if (!count.ok()) nvml_status_ = count.status();
    MutexLock lock(&mutex_);
    for (uint32_t i = 0; i < count.value_or(0); ++i) devices_.emplace_back().name = GpuName(i);
  }
  {
    MutexLock lock(&mutex_);
    devices_.emplace_back().name = kCpu;
  }
  Look();
}

DeviceMonitor::~DeviceMonitor() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void DeviceMonitor::SetListener(Listener listener) { listener_ = std::move(listener); }

void DeviceMonitor::Start() {
  {
    MutexLock lock(&mutex_);
    started_ = true;
  }
  thread_ = std::thread([this] { Loop(); });
}

void DeviceMonitor::Stop() {
  {
    MutexLock lock(&mutex_);
    ends_ = true;
    changed_.NotifyAll();
  }
  MutexLock lock(&delivery_mutex_);
  silent_ = true;
}

void DeviceMonitor::Loop() {
  while (WaitForNext()) {
    Look();
    Deliver();
  }
}

void DeviceMonitor::Deliver() {
  MutexLock delivery(&delivery_mutex_);
  std::vector<DeviceEvent> events;
  {
    MutexLock lock(&mutex_);
    events.swap(events_);
  }
  if (listener_ == nullptr || silent_) return;
  for (const DeviceEvent& event : events) listener_(event);
}

bool DeviceMonitor::WaitForNext() {
  MutexLock lock(&mutex_);
  while (!ends_ && !look_now_ && events_.empty()) {
    const absl::Duration interval = returns_.empty() ? options_.interval : kReturnLookInterval;
    if (!changed_.WaitFor(&mutex_, absl::ToChronoMilliseconds(interval))) break;
  }
  look_now_ = false;
  return !ends_;
}

void DeviceMonitor::Look() {
  {
    MutexLock lock(&mutex_);
    if (looking_) {
      if (HangsLocked()) return;
      const absl::Time until = absl::Now() + kMaxLookWait;
      while (looking_ && absl::Now() < until) {
        changed_.WaitFor(&mutex_, absl::ToChronoMilliseconds(until - absl::Now()) + std::chrono::milliseconds(1));
      }
      return;
    }
    looking_ = true;
    look_began_ = options_.clock->Monotonic();
  }
  LookAlone();
  bool started;
  {
    MutexLock lock(&mutex_);
    looking_ = false;
    looked_ = options_.clock->Monotonic();
    started = started_;
    changed_.NotifyAll();
  }
  if (!started) Deliver();
}

void DeviceMonitor::LookAlone() {
  std::vector<DeviceState> devices = Devices();
  const absl::StatusOr<Readings> readings = ReadGpus(options_.clock->Monotonic());
  for (size_t i = 0; i + 1 < devices.size(); ++i) {
    DeviceState& device = devices[i];
    if (!readings.ok()) {
      Lose(readings.status(), &device);
      continue;
    }
    // Numbers change when a GPU goes, UUIDs do not; one that never answered is known by its number alone.
    const GpuReading* found = nullptr;
    for (const auto& reading : *readings) {
      if (reading.ok() && !device.uuid.empty() && reading->uuid == device.uuid) found = &*reading;
    }
    const bool at_its_place = i < readings->size();
    if (device.uuid.empty() && at_its_place && (*readings)[i].ok()) found = &*(*readings)[i];
    if (found != nullptr) {
      Describe(*found, &device);
    } else if (at_its_place && !(*readings)[i].ok()) {
      Lose((*readings)[i].status(), &device);
    } else {
      Lose(absl::UnavailableError("the machine does not have it any more"), &device);
    }
  }
  devices.back() = DescribeCpu();
  const absl::Time now = options_.clock->Now();
  for (DeviceState& device : devices) device.looked_at = now;
  Store(std::move(devices), options_.clock->Monotonic());
}

absl::StatusOr<DeviceMonitor::Readings> DeviceMonitor::ReadGpus(absl::Duration now) {
  if (nvml_ == nullptr) return Readings();
  bool any_lost = false;
  for (const DeviceState& device : Devices()) any_lost |= device.lost;
  if (any_lost && now - restarted_ >= kRestartInterval) {
    restarted_ = now;
    SUMSCOPE_RETURN_IF_ERROR(nvml_->Restart());
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t count, nvml_->Count());
  Readings readings;
  for (uint32_t i = 0; i < count; ++i) readings.push_back(nvml_->Read(i));
  return readings;
}

DeviceState DeviceMonitor::DescribeCpu() const {
  DeviceState device;
  device.name = kCpu;
  device.model = cpu_model_;
  device.memory_total = machine_.memory_bytes;
  device.memory_used = machine_.memory_bytes - std::min(machine_.memory_bytes, options_.free_memory());
  return device;
}

void DeviceMonitor::Describe(const GpuReading& reading, DeviceState* device) const {
  const std::string name = device->name;
  *device = DeviceState();
  device->name = name;
  device->uuid = reading.uuid;
  device->model = reading.model;
  device->memory_total = reading.memory_total;
  device->memory_used = reading.memory_used;
  device->utilisation = reading.utilisation;
  device->temperature = reading.temperature;
  // A process whose memory the driver keeps to itself holds at most what no other does.
  uint64_t unexplained = reading.memory_used;
  for (const GpuProcess& process : reading.processes) {
    unexplained -= std::min(unexplained, process.memory_bytes.value_or(0));
  }
  for (const GpuProcess& process : reading.processes) {
    const std::optional<std::string> owner = options_.owner(process.pid);
    if (!owner.has_value()) continue;
    const bool ours = options_.is_ours != nullptr && options_.is_ours(process.pid);
    (ours ? device->ours : device->foreign)
        .push_back({process.pid, *owner, process.memory_bytes.value_or(unexplained) / kMiB});
  }
}

void DeviceMonitor::Lose(const absl::Status& why, DeviceState* device) const {
  DeviceState lost;
  lost.name = device->name;
  lost.uuid = device->uuid;
  lost.model = device->model;
  lost.lost = true;
  lost.lost_reason = std::string(why.message());
  *device = std::move(lost);
}

void DeviceMonitor::Store(std::vector<DeviceState> devices, absl::Duration now) {
  MutexLock lock(&mutex_);
  for (size_t i = 0; i < devices.size(); ++i) {
    AddChanges(devices_[i], devices[i], options_.foreign_memory_mib, &events_);
  }
  devices_ = std::move(devices);
  const std::vector<ReturnWatch::Outcome> outcomes =
      returns_.Step(now, [this](const std::string& device, int64_t pid)
                             ABSL_NO_THREAD_SAFETY_ANALYSIS { return MemoryLocked(device, pid); });
  for (const ReturnWatch::Outcome& outcome : outcomes) {
    events_.push_back(EventOf(outcome));
    if (!outcome.returned) kept_[outcome.device] = {events_.back().text, now + kKeptShown};
  }
  for (DeviceState& device : devices_) {
    const auto kept = kept_.find(device.name);
    if (kept != kept_.end() && now < kept->second.until) device.memory_kept = kept->second.text;
  }
}

std::vector<DeviceState> DeviceMonitor::Devices() const {
  MutexLock lock(&mutex_);
  return devices_;
}

std::optional<DeviceState> DeviceMonitor::Find(const std::string& device) const {
  MutexLock lock(&mutex_);
  const DeviceState* const found = FindLocked(device);
  return found == nullptr ? std::nullopt : std::make_optional(*found);
}

Availability DeviceMonitor::AvailabilityOf(const std::string& device) const {
  if (nvml_ == nullptr && device != kCpu) return {};
  MutexLock lock(&mutex_);
  const DeviceState* const found = FindLocked(device);
  if (found == nullptr) {
    return {MakeError(absl::StatusCode::kNotFound, "DEVICE_UNKNOWN",
                      absl::StrCat("this machine has no ", device, "; NVML knows of ", devices_.size() - 1, " GPUs")),
            std::nullopt};
  }
  if (device != kCpu && HangsLocked()) {
    return {MakeError(absl::StatusCode::kUnavailable, "DEVICE_LOST",
                      absl::StrCat(device, " is lost: its driver has not answered for ", absl::FormatDuration(kHangs),
                                   " or more")),
            std::nullopt};
  }
  return devices::AvailabilityOf(*found, options_.foreign_memory_mib);
}

Availability DeviceMonitor::AvailabilityNow(const std::string& device) {
  bool fresh;
  {
    MutexLock lock(&mutex_);
    fresh = options_.clock->Monotonic() - looked_ < kFresh;
  }
  if (!fresh) Look();
  return AvailabilityOf(device);
}

uint64_t DeviceMonitor::MemoryOf(const std::string& device, int64_t pid) const {
  MutexLock lock(&mutex_);
  return MemoryLocked(device, pid);
}

void DeviceMonitor::WatchReturn(const std::string& device, int64_t pid, uint64_t baseline) {
  MutexLock lock(&mutex_);
  returns_.Add(device, pid, baseline, options_.clock->Monotonic());
  look_now_ = true;
  changed_.NotifyAll();
}

absl::Status DeviceMonitor::CheckBinding(const std::string& device, const std::string& worker_uuid) const {
  MutexLock lock(&mutex_);
  const DeviceState* const found = FindLocked(device);
  return found == nullptr ? absl::OkStatus() : devices::CheckBinding(device, found->uuid, worker_uuid);
}

std::vector<std::string> DeviceMonitor::Warnings() const {
  std::vector<std::string> warnings;
  if (absl::IsUnavailable(nvml_status_)) warnings.emplace_back(nvml_status_.message());
  for (const DeviceState& device : Devices()) {
    const absl::Status status = AvailabilityOf(device.name).status;
    if (!status.ok()) warnings.emplace_back(status.message());
    if (!device.memory_kept.empty()) warnings.push_back(device.memory_kept);
  }
  return warnings;
}

std::string DeviceMonitor::DebugString() const {
  MutexLock lock(&mutex_);
  const auto describe = [](std::string* out, const DeviceState& device) {
    absl::StrAppend(out, device.name, device.lost ? " lost" : absl::StrCat(" ", device.memory_used / kMiB, " MiB used"),
                    ", foreign ", device.foreign.size(), ", ours ", device.ours.size());
  };
  return absl::StrCat("devices: ", absl::StrJoin(devices_, "; ", describe), looking_ ? "; looking" : "",
                      returns_.empty() ? "" : "; waiting for memory");
}

const DeviceState* DeviceMonitor::FindLocked(const std::string& device) const {
  for (const DeviceState& state : devices_) {
    if (state.name == device) return &state;
  }
  return nullptr;
}

uint64_t DeviceMonitor::MemoryLocked(const std::string& device, int64_t pid) const {
  const DeviceState* const found = FindLocked(device);
  if (found == nullptr) return 0;
  for (const DeviceProcess& process : found->ours) {
    if (process.pid == pid) return process.memory_mib * kMiB;
  }
  return 0;
}

bool DeviceMonitor::HangsLocked() const { return looking_ && options_.clock->Monotonic() - look_began_ > kHangs; }

}  // namespace sumscope::devices
