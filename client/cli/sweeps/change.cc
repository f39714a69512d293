// sumscope sweeps cancel, retry and delete
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/asking/watch_sweep.h"
#include "client/cli/output/queue/sweep_view.h"
#include "client/cli/sweeps/commands.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::client {
namespace {

struct RetryOptions {
  std::string sweep;
  bool failed = false, watch = false;
};

absl::StatusOr<ExitCode> CancelSweep(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, SweepNameOf(argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, connection->CancelSweep(name));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowSweep(session, sweep, session.clock().Now())));
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> RetrySweep(const RetryOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, SweepNameOf(options.sweep));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, connection->RetrySweep(name));
  if (options.watch) return WatchSweepToEnd(session, *connection, sweep.name());
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowSweep(session, sweep, session.clock().Now())));
  session.Note(absl::StrCat("Follow it with: sumscope sweeps watch ", IdOf(sweep.name())));
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> DeleteSweep(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, SweepNameOf(argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  // A prefix or @last: what goes is named.
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, connection->GetSweep(name));
  SUMSCOPE_RETURN_IF_ERROR(connection->DeleteSweep(sweep.name()));
  session.Note(absl::StrCat("The sweep ", IdOf(sweep.name()), " is forgotten; its runs stay."));
  return ExitCode::kDone;
}

}  // namespace

void AddSweepsCancel(Registry* registry, Command sweeps) {
  const auto sweep = std::make_shared<std::string>();
  const Command command = registry->Add(sweeps, "cancel", "Stop all runs and analyses of a sweep that have not ended");
  command.Add("SWEEP", sweep.get(), kSweepArgument).required();
  registry->Run(command, [sweep](Session& session) { return CancelSweep(*sweep, session); });
}

void AddSweepsRetry(Registry* registry, Command sweeps) {
  const auto options = std::make_shared<RetryOptions>();
  const Command command =
      registry->Add(sweeps, "retry", "Let a sweep's failed runs go on from their last states, with their analyses");
  command.Add("SWEEP", &options->sweep, kSweepArgument).required();
  command.AddFlag("--failed", &options->failed, "those that failed, which is what it does anyway");
  command.AddFlag("--watch", &options->watch, "follow the sweep; exits with its fate");
  registry->Run(command, [options](Session& session) { return RetrySweep(*options, session); });
}

void AddSweepsDelete(Registry* registry, Command sweeps) {
  const auto sweep = std::make_shared<std::string>();
  const Command command =
      registry->Add(sweeps, "delete", "Forget a sweep that has ended; its runs stay", Registry::Output::kNone);
  command.Add("SWEEP", sweep.get(), kSweepArgument).required();
  registry->Run(command, [sweep](Session& session) { return DeleteSweep(*sweep, session); });
}

}  // namespace sumscope::client
