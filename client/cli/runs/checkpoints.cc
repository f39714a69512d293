// sumscope runs checkpoints
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> Checkpoints(const std::string& run_argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(run_argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListCheckpointsResponse response, connection->ListCheckpoints(name));
  Table table({{"STEP", kEverywhere, true},
               {"HELDOUT", kForPeople, true},
               {"heldout_loss", kInCsv},
               {"SIZE", kForPeople, true},
               {"bytes", kInCsv},
               {"CREATED", kForPeople},
               {"create_time", kInCsv},
               {"SHA256", kInWide | kInCsv},
               {"NAME", kInWide | kInCsv}});
  for (const v1::Checkpoint& checkpoint : response.checkpoints()) {
    const std::string created = checkpoint.has_create_time() ? FormatTime(checkpoint.create_time()) : "";
    table.AddRow({absl::StrCat(checkpoint.step()),
                  checkpoint.has_heldout_loss() ? FormatLoss(checkpoint.heldout_loss()) : "",
                  checkpoint.has_heldout_loss() ? ShortestDouble(checkpoint.heldout_loss()) : "",
                  FormatBytes(checkpoint.bytes()), absl::StrCat(checkpoint.bytes()), created, created,
                  checkpoint.sha256(), checkpoint.name()});
  }
  Document document = session.FromTable(table);
  for (const v1::Checkpoint& checkpoint : response.checkpoints()) {
    document.ids.push_back(checkpoint.name());
    document.items.push_back(ToJson(checkpoint));
  }
  document.json = ToJson(response);
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsCheckpoints(Registry* registry, Command runs) {
  const auto run = std::make_shared<std::string>();
  const Command command = registry->Add(runs, "checkpoints", "List a run's stored weights");
  AddRunArgument(command, run.get());
  registry->Run(command, [run](Session& session) { return Checkpoints(*run, session); });
}

}  // namespace sumscope::client
