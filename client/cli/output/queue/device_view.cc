#include "client/cli/output/queue/device_view.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/queue/job_view.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::client {
namespace {

std::string MemoryText(const v1::Device& device) {
  if (device.memory_bytes() == 0) return "";
  return absl::StrCat(FormatBytes(device.memory_used_bytes()), " of ", FormatBytes(device.memory_bytes()));
}

// Programs that are not the server's: "PID 4711 of ada, 2.1 GiB".
std::string ForeignText(const v1::Device& device) {
  return absl::StrJoin(device.foreign(), "; ", [](std::string* out, const v1::DeviceProcess& process) {
    absl::StrAppend(out, "PID ", process.pid(), process.user().empty() ? "" : " of ", process.user(), ", ",
                    FormatBytes(process.memory_bytes()));
  });
}

Table DeviceTable(const v1::ListDevicesResponse& response) {
  Table table({{"DEVICE"},
               {"MODEL", kEverywhere, false, /*wrap=*/12},
               {"MEMORY", kForPeople, true},
               {"memory_bytes", kInCsv},
               {"memory_used_bytes", kInCsv},
               {"BUSY", kForPeople, true},
               {"utilization_percent", kInCsv},
               {"TEMP", kForPeople, true},
               {"temperature_celsius", kInCsv},
               {"STATE"},
               {"OTHERS", kForPeople, false, /*wrap=*/16},
               {"foreign", kInCsv},
               {"UUID", kInWide | kInCsv},
               {"warnings", kInCsv}});
  for (const v1::Device& device : response.devices()) {
    const auto optional = [](bool has, uint32_t value, const char* unit) {
      return has ? absl::StrCat(value, unit) : std::string();
    };
    const bool busy = device.has_utilization_percent(), warm = device.has_temperature_celsius();
    table.AddRow({device.name(), device.model(), MemoryText(device), absl::StrCat(device.memory_bytes()),
                  absl::StrCat(device.memory_used_bytes()), optional(busy, device.utilization_percent(), " %"),
                  optional(busy, device.utilization_percent(), ""), optional(warm, device.temperature_celsius(), " C"),
                  optional(warm, device.temperature_celsius(), ""), device.lost() ? "LOST" : "OK", ForeignText(device),
                  ForeignText(device), device.uuid(), absl::StrJoin(device.warnings(), "; ")});
  }
  return table;
}

Table DeviceSlotTable(const v1::ListDevicesResponse& response, absl::Time now) {
  Table table({{"SLOT"},
               {"DEVICE"},
               {"THREADS", kInWide, true},
               {"STATE"},
               {"JOB"},
               {"WHAT", kForPeople, false, 0, /*cut=*/18},
               {"OWNER"},
               {"ENDS", kForPeople, true},
               {"DETAIL", kForPeople, false, /*wrap=*/16}});
  for (const v1::Device& device : response.devices()) {
    for (const v1::DeviceSlot& slot : device.slots()) {
      const v1::Job& job = slot.job();
      table.AddRow({slot.name(), device.name(), absl::StrCat(slot.threads()), slot.state(),
                    job.name().empty() ? "" : IdOf(job.name()), slot.has_job() ? WhatText(job) : "",
                    UserIdOf(job.owner()), InText(job.has_expected_end(), job.expected_end(), now, false),
                    slot.detail()});
    }
  }
  return table;
}

std::string RatesText(const v1::ListDevicesResponse& response, int width) {
  Table table({{"DEVICE"},
               {"KIND"},
               {"SHAPE", kEverywhere, false, /*wrap=*/20},
               {"THREADS", kEverywhere, true},
               {"RATE", kEverywhere, true},
               {"MEASURED", kEverywhere, true}});
  for (const v1::Device& device : response.devices()) {
    for (const v1::DeviceRate& rate : device.rates()) {
      table.AddRow({device.name(), rate.kind(), rate.shape(), absl::StrCat(rate.threads()),
                    absl::StrCat(FormatDigits(rate.units_per_second(), 3), " ", rate.unit(), "/s"),
                    absl::StrCat(rate.samples(), "x")});
    }
  }
  return table.empty() ? "" : absl::StrCat("\n", table.Aligned(kInWide, true, width));
}

// "cpu: 2 threads 1.7x the speed of one, training a model of d_model 256".
std::string GainsText(const v1::ListDevicesResponse& response) {
  std::string text;
  for (const v1::Device& device : response.devices()) {
    if (device.thread_gains().empty()) continue;
    absl::StrAppend(&text, "\n", device.name(), ": ",
                    absl::StrJoin(device.thread_gains(), ", ",
                                  [](std::string* out, const v1::ThreadGain& gain) {
                                    absl::StrAppend(out, gain.threads(), " threads ", FormatDigits(gain.times(), 2),
                                                    "x");
                                  }),
                    " the speed of one, training a model of d_model 256\n");
  }
  return text;
}

std::string WarningsText(const v1::ListDevicesResponse& response) {
  std::string text;
  for (const v1::Device& device : response.devices()) {
    for (const std::string& warning : device.warnings()) {
      absl::StrAppend(&text, "warning: ", device.name(), ": ", warning, "\n");
    }
  }
  return text.empty() ? "" : absl::StrCat("\n", text);
}

}  // namespace

Document ShowDevices(const Session& session, const v1::ListDevicesResponse& response, absl::Time now) {
  Document document = session.FromTable(DeviceTable(response));
  const Table slots = DeviceSlotTable(response, now);
  const bool headers = !session.output().no_headers;
  if (!slots.empty()) {
    absl::StrAppend(&document.table, "\n", slots.Aligned(kInTable, headers, session.width()));
    absl::StrAppend(&document.wide, "\n", slots.Aligned(kInWide, headers, session.width()));
  }
  absl::StrAppend(&document.wide, RatesText(response, session.width()));
  for (std::string* text : {&document.table, &document.wide}) {
    absl::StrAppend(text, GainsText(response), WarningsText(response));
  }
  document.json = ToJson(response);
  for (const v1::Device& device : response.devices()) {
    document.ids.push_back(device.name());
    document.items.push_back(ToJson(device));
  }
  return document;
}

}  // namespace sumscope::client
