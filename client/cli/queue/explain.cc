// sumscope explain
#include <memory>
#include <string>

#include "client/cli/arguments/command.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/output/queue/job_view.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> Explain(const std::string& job, Session& session) {
  SUMSCOPE_RETURN_IF_ERROR(JobNamesOf(job).status());  // before anybody is called
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Explanation explanation,
                            WithJobName<v1::Explanation>(job, [connection](const std::string& name) {
                              v1::ExplainJobRequest request;
                              request.set_name(name);
                              return connection->Call(request);
                            }));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowExplanation(session, explanation, session.clock().Now())));
  return ExitCode::kDone;
}

}  // namespace

void AddExplain(Registry* registry, Command root) {
  const auto job = std::make_shared<std::string>();
  const Command command = registry->Add(
      root, "explain", "Why a job waits, who has what it needs, and when it is expected to start and to end");
  command.Add("JOB", job.get(), kJobArgument).required();
  registry->Run(command, [job](Session& session) { return Explain(*job, session); });
}

}  // namespace sumscope::client
