// sumscope-worker: one process per slot. Trains and probes what the server sends; owns no file.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <utility>

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "server/engine/device/device.h"
#include "server/worker/link/parent_watch.h"
#include "server/worker/link/server_link.h"
#include "server/worker/machine/calibration.h"
#include "server/worker/machine/environment.h"
#include "server/worker/machine/gpu.h"
#include "server/worker/tasks/guard.h"
#include "server/worker/tasks/task.h"

namespace sumscope::worker {
namespace {

struct Options {
  std::string server, slot, device = "cpu";
  uint64_t generation = 0;
  uint32_t threads = 1;
  int parent_pipe_fd = -1;
};

// An error of a GPU stays with the process that met it: every later call fails.
bool IsDamaged(const v1::Finished& finished, const Environment& environment) {
  return finished.reason() == "LIBTORCH_ERROR" && environment.device != "cpu";
}

// Before the server hears that a task is over: it looks whether the memory of a GPU is back. What fails here fails the
// next task, which then says so.
void ReleaseMemory(const Environment& environment) {
  const absl::Status released = Guarded([&]() -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(environment.device));
    ReleaseCachedMemory(device);
    return absl::OkStatus();
  });
  if (!released.ok()) std::cerr << "sumscope-worker: memory was not released: " << released.message() << "\n";
}

// Runs tasks until the server has no more for this process. A damaged process ends without saying that it finished, so
// that the server counts the attempt and does not give it the next task.
absl::Status Serve(const Environment& environment, ServerLink* link) {
  while (std::optional<TaskInput> input = link->NextTask()) {
    const v1::Finished finished = RunTask(*input, environment, link->sink());
    ReleaseMemory(environment);
    if (IsDamaged(finished, environment)) {
      v1::WorkerMessage log;
      log.mutable_log()->set_severity("ERROR");
      log.mutable_log()->set_text(finished.detail());
      (void)link->sink()->Send(std::move(log));
      (void)link->sink()->WaitUntilAcknowledged();
      return MakeError(absl::StatusCode::kUnknown, finished.reason(), finished.detail());
    }
    if (!link->FinishTask(finished).ok()) break;
  }
  return absl::OkStatus();
}

// Predictions can do without: a worker that cannot measure itself still works, and says why in its log.
sumscope::v1::Rates RatesOrNone(const torch::Device& device, Clock* clock) {
  sumscope::v1::Rates rates;
  const absl::Status measured = Guarded([&]() -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(rates, Calibrate(device, clock));
    return absl::OkStatus();
  });
  if (!measured.ok()) std::cerr << "sumscope-worker: its speed was not measured: " << measured.message() << "\n";
  return rates;
}

absl::Status RunWorker(const Options& options) {
  const int signal_fd = BlockTerminationSignals();
  const absl::StatusOr<std::string> token = ReadToken(options.parent_pipe_fd);
  if (!token.ok()) return token.status();
  ServerLink link(options.slot, options.generation);
  const ParentWatch watch(options.parent_pipe_fd, signal_fd,
                          {[&link] { link.RequestExit(); }, [&link] { link.Abort(); }, [] { _exit(1); }});
  const Environment environment{options.device, options.threads};
  const absl::Status prepared = Guarded([&]() -> absl::Status {
    engine::SetThreads(static_cast<int>(environment.threads));
    // A worker without its device would take jobs only to fail them: it ends, and the slot says why.
    SUMSCOPE_ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(environment.device));
    return link.Connect(options.server, *token, DescribeProvenance(environment), RatesOrNone(device, environment.clock),
                        DeviceUuid(device));
  });
  if (!prepared.ok()) return prepared;
  const absl::Status served = Serve(environment, &link);
  const absl::Status closed = link.Close();
  return served.ok() ? closed : served;
}

}  // namespace
}  // namespace sumscope::worker

int main(int argc, char** argv) {
  CLI::App app("A Sumscope worker; sumscoped starts it.");
  sumscope::worker::Options options;
  app.add_option("--server", options.server, "the server's link: unix:/path")->required();
  app.add_option("--slot", options.slot, "the slot that this process serves")->required();
  app.add_option("--generation", options.generation, "which launch of the slot this process is")->required();
  app.add_option("--device", options.device, "cpu or cuda:N");
  app.add_option("--threads", options.threads, "compute threads")->check(CLI::PositiveNumber);
  app.add_option("--parent-pipe-fd", options.parent_pipe_fd,
                 "pipe from the server: the launch's token, then open while it lives")
      ->required();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = sumscope::worker::RunWorker(options);
  if (status.ok()) return 0;
  std::cerr << "sumscope-worker: " << status.message() << "\n";
  return 1;
}
