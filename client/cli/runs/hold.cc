// sumscope runs hold, release and priority: of what waits, trainings and analyses alike.
#include <functional>
#include <memory>
#include <utility>

#include "client/cli/app/tell_error.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/output/queue/job_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

using ChangeJob = std::function<absl::StatusOr<v1::Job>(Connection&, const std::string& name)>;

// Changes each job and prints those that it changed. One that fails does not keep the others from their turn; its error
// is told, and the first one decides the exit code.
absl::StatusOr<ExitCode> ChangeJobs(Session& session, const std::vector<std::string>& words, const ChangeJob& change) {
  for (const std::string& word : words) SUMSCOPE_RETURN_IF_ERROR(JobNamesOf(word).status());
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  std::vector<v1::Job> changed;
  ExitCode code = ExitCode::kDone;
  for (const std::string& word : words) {
    absl::StatusOr<v1::Job> job =
        WithJobName<v1::Job>(word, [&](const std::string& name) { return change(*connection, name); });
    if (job.ok()) {
      changed.push_back(*std::move(job));
      continue;
    }
    if (session.interrupted()) return job.status();
    const ExitCode failure = TellStatus(&session.terminal(), job.status(), word);
    if (code == ExitCode::kDone) code = failure;
  }
  if (changed.empty()) return code;
  Document document = ShowJobs(session, changed, session.clock().Now());
  document.json = document.items;
  if (words.size() == 1) document.json = document.items[0];
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return code;
}

template <typename Request>
absl::StatusOr<v1::Job> CallWithName(Connection& connection, const std::string& name) {
  Request request;
  request.set_name(name);
  return connection.Call(request);
}

void AddChange(Registry* registry, Command runs, const char* name, const char* description, const ChangeJob& change) {
  const auto words = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(runs, name, description);
  command.AddList("JOB", words.get(), kJobArgument).required();
  registry->Run(command, [words, change](Session& session) { return ChangeJobs(session, *words, change); });
}

absl::StatusOr<ExitCode> SetPriorities(Session& session, const std::string& priority,
                                       const std::vector<std::string>& words) {
  v1::SetJobPriorityRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Priority parsed, ParsePriority(priority));
  request.set_priority(parsed);
  return ChangeJobs(session, words, [request](Connection& connection, const std::string& name) {
    v1::SetJobPriorityRequest named = request;
    named.set_name(name);
    return connection.Call(named);
  });
}

}  // namespace

void AddRunsHold(Registry* registry, Command runs) {
  AddChange(registry, runs, "hold", "Keep what waits from starting, until it is released",
            CallWithName<v1::HoldJobRequest>);
}

void AddRunsRelease(Registry* registry, Command runs) {
  AddChange(registry, runs, "release", "Let what is held start when its turn comes",
            CallWithName<v1::ReleaseJobRequest>);
}

void AddRunsPriority(Registry* registry, Command runs) {
  const auto priority = std::make_shared<std::string>();
  const auto words = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(runs, "priority", "Say which of what waits goes first");
  command.Add("PRIORITY", priority.get(), kPriorityHelp).required();
  command.AddList("JOB", words.get(), kJobArgument).required();
  registry->Run(command, [priority, words](Session& session) { return SetPriorities(session, *priority, *words); });
}

}  // namespace sumscope::client
