#include "client/cli/asking/delete_all.h"

#include <algorithm>
#include <utility>

#include "client/cli/app/tell_error.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

absl::StatusOr<ExitCode> DeleteAll(
    Session& session, const std::vector<std::string>& arguments,
    const std::function<absl::StatusOr<std::string>(Connection&, absl::string_view)>& find,
    const std::function<absl::Status(Connection&, const std::string& name)>& remove) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::string name, find(*connection, argument));
    const bool named_twice = std::find(names.begin(), names.end(), name) != names.end();
    if (!named_twice) names.push_back(std::move(name));
  }
  Table table({{"DELETED"}});
  ExitCode first = ExitCode::kDone;
  std::vector<std::string> gone;
  for (const std::string& name : names) {
    if (session.interrupted()) return absl::CancelledError("interrupted");
    const absl::Status status = remove(*connection, name);
    if (status.ok()) {
      table.AddRow({name});
      gone.push_back(name);
      continue;
    }
    const ExitCode code = TellStatus(&session.terminal(), status, name);
    if (first == ExitCode::kDone) first = code;
  }
  Document document = session.FromTable(table);
  document.json = {{"deleted", gone}};
  for (const std::string& name : gone) document.items.push_back({{"deleted", name}});
  document.ids = gone;
  if (!gone.empty()) {
    SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  }
  return first;
}

}  // namespace sumscope::client
