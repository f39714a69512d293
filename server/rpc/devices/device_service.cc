#include "server/rpc/devices/device_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"
#include "server/jobs/scheduling/queue.h"
#include "server/rpc/devices/device_messages.h"
#include "server/rpc/queue/job_messages.h"
#include "server/rpc/serve/streams/tick.h"

namespace sumscope::rpc {
namespace {

constexpr absl::Duration kDeviceInterval = absl::Seconds(2);
constexpr absl::Duration kLeastDeviceInterval = absl::Seconds(1);
constexpr absl::Duration kMostDeviceInterval = absl::Hours(1);

absl::StatusOr<absl::Duration> IntervalOf(const v1::WatchDevicesRequest& request) {
  if (!request.has_interval()) return kDeviceInterval;
  const absl::Duration asked =
      absl::Seconds(request.interval().seconds()) + absl::Nanoseconds(request.interval().nanos());
  if (asked >= kLeastDeviceInterval && asked <= kMostDeviceInterval) return asked;
  return InvalidField(
      "INTERVAL_INVALID", "interval",
      absl::StrCat("interval is ", absl::FormatDuration(asked), "; expected ",
                   absl::FormatDuration(kLeastDeviceInterval), " to ", absl::FormatDuration(kMostDeviceInterval)));
}

// The job of each slot that has one.
absl::Status AddJobs(const jobs::QueueView& view, JobMessages* messages, std::vector<v1::Device>* devices) {
  for (v1::Device& device : *devices) {
    for (v1::DeviceSlot& slot : *device.mutable_slots()) {
      const auto running = view.jobs.begin() + static_cast<ptrdiff_t>(view.running);
      const auto queued = std::find_if(view.jobs.begin(), running,
                                       [&](const jobs::QueuedJob& job) { return job.job.slot == slot.name(); });
      if (queued == running) continue;
      SUMSCOPE_ASSIGN_OR_RETURN(v1::Job job, messages->Show(*queued));
      if (!IsTerminal(job.state())) *slot.mutable_job() = std::move(job);
    }
  }
  return absl::OkStatus();
}

// What is news at once: what runs where, who is there, what is wrong; not how full or warm a device is.
std::string NewsOf(const v1::ListDevicesResponse& list) {
  std::string news;
  for (const v1::Device& device : list.devices()) {
    absl::StrAppend(&news, device.name(), device.lost(), device.foreign_size(), ";");
    for (const v1::DeviceSlot& slot : device.slots()) {
      absl::StrAppend(&news, slot.name(), slot.state(), slot.job().name(), slot.job().state(), ";");
    }
  }
  return news;
}

}  // namespace

absl::StatusOr<v1::ListDevicesResponse> DeviceService::List(const storage::Viewer& viewer) const {
  const std::vector<devices::DeviceState> states =
      backend_.devices ? backend_.devices() : std::vector<devices::DeviceState>();
  const std::vector<v1::Slot> slots = backend_.pool->Slots();
  const std::shared_ptr<const jobs::QueueView> view = backend_.manager->queue().View();
  v1::ListDevicesResponse list;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    std::vector<storage::Rate> rates;  // shapes of private runs are among them
    if (viewer.sees_everything()) {
      SUMSCOPE_ASSIGN_OR_RETURN(rates, reader.rates().List());
    }
    std::vector<v1::Device> devices = DeviceMessages(states, slots, rates, backend_.foreign_memory_mib);
    JobMessages messages(&reader, view.get(), backend_.hub, viewer);
    SUMSCOPE_RETURN_IF_ERROR(messages.Begin());
    SUMSCOPE_RETURN_IF_ERROR(AddJobs(*view, &messages, &devices));
    for (v1::Device& device : devices) *list.add_devices() = std::move(device);
    return absl::OkStatus();
  }));
  return list;
}

grpc::Status DeviceService::ListDevices(grpc::ServerContext* context, const v1::ListDevicesRequest* request,
                                        v1::ListDevicesResponse* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return List(caller.viewer()); });
}

absl::Status DeviceService::Watch(const auth::Caller& caller, grpc::ServerContext* context,
                                  const v1::WatchDevicesRequest& request,
                                  grpc::ServerWriter<v1::ListDevicesResponse>* writer) const {
  SUMSCOPE_ASSIGN_OR_RETURN(const absl::Duration interval, IntervalOf(request));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.watchers->Enter());
  std::string shown;
  absl::Duration since_shown = interval;
  while (true) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListDevicesResponse list, List(caller.viewer()));
    if (const std::string news = NewsOf(list); since_shown >= interval || news != shown) {
      if (!writer->Write(list)) return absl::CancelledError("the client went away");
      shown = news;
      since_shown = absl::ZeroDuration();
    }
    const absl::Duration wait = std::min(kLeastDeviceInterval, interval - since_shown);
    SUMSCOPE_RETURN_IF_ERROR(WaitForTick(backend_.hub, context, wait));
    since_shown += wait;
  }
}

grpc::Status DeviceService::WatchDevices(grpc::ServerContext* context, const v1::WatchDevicesRequest* request,
                                         grpc::ServerWriter<v1::ListDevicesResponse>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Watch(caller, context, *request, writer); });
}

}  // namespace sumscope::rpc
