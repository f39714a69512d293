// sumscope users add
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/users.h"
#include "client/cli/users/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct UsersAddOptions {
  std::string name, role;
  Credentials credentials;
};

absl::StatusOr<ExitCode> AddUser(const UsersAddOptions& options, Session& session) {
  v1::CreateUserRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, UserNameOf(options.name));
  request.set_user_id(UserIdOf(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Role role, ParseRole(options.role));
  request.mutable_user()->set_role(role);
  SUMSCOPE_RETURN_IF_ERROR(FillCredentials(options.credentials, request.mutable_user()));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::User user, connection->Call(request));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowUser(session, user, session.clock().Now())));
  if (user.local_uids().empty() && user.certificate_names().empty()) {
    const std::string id = UserIdOf(user.name());
    session.Note(absl::StrCat(id, " has neither uid nor certificate, and comes in with a token: sumscope token create ",
                              "--user ", id));
  }
  return ExitCode::kDone;
}

}  // namespace

void AddUsersAdd(Registry* registry, Command users) {
  const auto options = std::make_shared<UsersAddOptions>();
  const Command command = registry->Add(users, "add", "Add a user");
  command.Add("NAME", &options->name, "lower-case letters, digits, '.', '_' and '-', first a letter").required();
  command
      .Add("--role", &options->role,
           "viewer (reads what the lab may see), member (makes runs, and changes its own) or admin (everything)")
      .type_name("ROLE")
      .required();
  AddCredentialOptions(command, &options->credentials);
  registry->Run(command, [options](Session& session) { return AddUser(*options, session); });
}

}  // namespace sumscope::client
