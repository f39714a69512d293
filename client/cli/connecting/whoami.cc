// sumscope whoami
#include "absl/strings/str_cat.h"
#include "client/cli/arguments/users.h"
#include "client/cli/connecting/commands.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> Whoami(Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Caller caller, connection->Call(v1::GetCallerRequest()));
  const std::string user = UserIdOf(caller.user());
  const std::string expires = caller.has_expire_time() ? FormatTime(caller.expire_time()) : "";
  Table table({{"USER"}, {"ROLE"}, {"CREDENTIAL"}, {"ADDRESS"}, {"EXPIRES"}});
  table.AddRow({user, RoleText(caller.role()), caller.credential(), caller.address(), expires});
  Document document = session.FromTable(table);
  document.json = ToJson(caller);
  document.items = {document.json};
  document.ids = {user};
  document.table = document.wide = AlignedPairs({{"user", user},
                                                 {"role", RoleText(caller.role())},
                                                 {"known by", caller.credential()},
                                                 {"from", caller.address()},
                                                 {"until", expires},
                                                 {"server", connection->address()}});
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddWhoami(Registry* registry, Command root) {
  registry->Run(registry->Add(root, "whoami", "Who the server takes you for, and by what"), Whoami);
}

}  // namespace sumscope::client
