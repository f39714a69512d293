// sumscope users list, sumscope users show
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/numbers.h"
#include "client/cli/users/commands.h"
#include "client/connection/pages.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> PrintUsers(uint64_t limit, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListUsersResponse all,
      ReadPages(
          v1::ListUsersRequest(), limit, [&](const v1::ListUsersRequest& page) { return connection->Call(page); },
          &v1::ListUsersResponse::mutable_users));
  Document document = ShowUsers(session, {all.users().begin(), all.users().end()}, session.clock().Now());
  document.json = ToJson(all);
  if (all.users().empty()) {
    document.nothing =
        "none yet: the server's own account and root are admins; sumscope users add NAME --role admin --uid N makes "
        "the first";
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> PrintUser(const std::string& argument, Session& session) {
  v1::GetUserRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_name(), UserNameOf(argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::User user, connection->Call(request));
  Document document = ShowUser(session, user, session.clock().Now());
  document.table = AlignedPairs({{"user", UserIdOf(user.name())},
                                 {"role", RoleText(user.role())},
                                 {"uids", absl::StrJoin(user.local_uids(), " ")},
                                 {"certificates", absl::StrJoin(user.certificate_names(), " ")},
                                 {"created", user.has_create_time() ? FormatTime(user.create_time()) : ""},
                                 {"disabled", user.has_disable_time() ? FormatTime(user.disable_time())
                                              : user.disabled()       ? "yes"
                                                                      : ""}});
  document.wide = document.table;
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddUsersList(Registry* registry, Command users) {
  const auto limit = std::make_shared<uint64_t>(limits::kDefaultPageSize);
  const Command command = registry->Add(users, "list", "List users by name");
  command.AddUnsigned("--limit", limit.get(), "at most N, 0 for all (default 50)");
  registry->Run(command, [limit](Session& session) { return PrintUsers(*limit, session); });
}

void AddUsersShow(Registry* registry, Command users) {
  const auto user = std::make_shared<std::string>();
  const Command command = registry->Add(users, "show", "Show one user; everybody may see themselves");
  command.Add("USER", user.get(), "a user's name").required();
  registry->Run(command, [user](Session& session) { return PrintUser(*user, session); });
}

}  // namespace sumscope::client
