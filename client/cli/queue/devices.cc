// sumscope devices
#include <memory>
#include <ostream>

#include "absl/time/time.h"
#include "client/cli/arguments/command.h"
#include "client/cli/output/queue/device_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct DevicesOptions {
  bool watch = false;
  uint64_t interval = 2;  // seconds
};

// The terminal's picture is drawn over; what goes elsewhere is written one after the other.
absl::Status DrawDevices(Session& session, const v1::ListDevicesResponse& response) {
  constexpr char kHomeAndClear[] = "\x1b[H\x1b[2J";
  if (session.terminal().out_is_terminal && session.output().file.empty() && session.format() != Format::kJsonl) {
    *session.terminal().out << kHomeAndClear;
  }
  return session.Print(ShowDevices(session, response, session.clock().Now()));
}

absl::StatusOr<ExitCode> PrintDevices(const DevicesOptions& options, Session& session) {
  if (options.watch && session.format() == Format::kJson) {
    return InvalidField("USAGE", "", "--watch has no end, and -o json is one document: use -o jsonl");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  if (options.watch) {
    return connection->WatchDevices(
        absl::Seconds(options.interval),
        [&session](const v1::ListDevicesResponse& response) { return DrawDevices(session, response); });
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListDevicesResponse response, connection->Call(v1::ListDevicesRequest()));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowDevices(session, response, session.clock().Now())));
  return ExitCode::kDone;
}

}  // namespace

void AddDevices(Registry* registry, Command root) {
  constexpr uint64_t kLongestInterval = 3600;
  const auto options = std::make_shared<DevicesOptions>();
  const Command command = registry->Add(
      root, "devices", "Devices and their slots: who runs what, memory, temperature, and who else is there");
  command.AddFlag("--watch", &options->watch, "go on showing them until Ctrl-C");
  command.AddUnsigned("--interval", &options->interval, "of --watch, in seconds (default 2)", kLongestInterval);
  registry->Run(command, [options](Session& session) { return PrintDevices(*options, session); });
}

}  // namespace sumscope::client
