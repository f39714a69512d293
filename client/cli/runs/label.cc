// sumscope runs label
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct RunsLabelOptions {
  std::string run;
  std::vector<std::string> changes;
};

absl::StatusOr<ExitCode> Label(const RunsLabelOptions& options, Session& session) {
  v1::UpdateRunRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_run()->mutable_name(), RunNameOf(options.run));
  std::set<std::string> keys;
  for (const std::string& change : options.changes) {
    std::string key;
    if (!absl::StrContains(change, '=') && absl::EndsWith(change, "-")) {
      key = change.substr(0, change.size() - 1);
    } else {
      if (!absl::StrContains(change, '=')) {
        return InvalidField("LABEL_INVALID", "labels",
                            absl::StrCat(Quote(change), " is neither key=value nor, to remove a label, key-"));
      }
      SUMSCOPE_ASSIGN_OR_RETURN(const auto labels, ParseLabels({change}));
      key = labels.begin()->first;
      (*request.mutable_run()->mutable_labels())[key] = labels.begin()->second;
    }
    if (key.empty()) return InvalidField("LABEL_INVALID", "labels", absl::StrCat(Quote(change), " has no key"));
    if (!keys.insert(key).second) {
      return InvalidField("LABEL_INVALID", "labels", absl::StrCat("the label ", Quote(key), " is given twice"));
    }
    request.mutable_update_mask()->add_paths(absl::StrCat("labels.", key));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->Call(request));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now())));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsLabel(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsLabelOptions>();
  const Command command = registry->Add(runs, "label", "Set labels with KEY=VALUE, remove them with KEY-");
  AddRunArgument(command, &options->run);
  command.AddList("CHANGE", &options->changes, "KEY=VALUE or KEY-").required();
  registry->Run(command, [options](Session& session) { return Label(*options, session); });
}

}  // namespace sumscope::client
