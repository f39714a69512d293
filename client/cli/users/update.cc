// sumscope users update, set-role, disable, enable
#include <memory>

#include "client/cli/arguments/users.h"
#include "client/cli/users/commands.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct UsersUpdateOptions {
  std::string user;
  Credentials credentials;
  bool no_uids = false, no_certificates = false;
};

// Sends what `request` changes of `user`, and prints who it is then.
absl::StatusOr<ExitCode> UpdateUser(const std::string& user, v1::UpdateUserRequest request, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_user()->mutable_name(), UserNameOf(user));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::User updated, connection->Call(request));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowUser(session, updated, session.clock().Now())));
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> UpdateCredentials(const UsersUpdateOptions& options, Session& session) {
  const bool uids = !options.credentials.uids.empty(), certificates = !options.credentials.certificates.empty();
  if ((uids && options.no_uids) || (certificates && options.no_certificates)) {
    return InvalidField("USAGE", "",
                        "give either --uid or --no-uids, and either --certificate-name or --no-certificate-names");
  }
  v1::UpdateUserRequest request;
  if (uids || options.no_uids) request.mutable_update_mask()->add_paths("local_uids");
  if (certificates || options.no_certificates) request.mutable_update_mask()->add_paths("certificate_names");
  if (request.update_mask().paths().empty()) {
    return InvalidField("USAGE", "",
                        "say what changes: --uid, --certificate-name, --no-uids or --no-certificate-names");
  }
  SUMSCOPE_RETURN_IF_ERROR(FillCredentials(options.credentials, request.mutable_user()));
  return UpdateUser(options.user, request, session);
}

void AddUserArgument(Command command, std::string* user) { command.Add("USER", user, "a user's name").required(); }

void AddSetDisabled(Registry* registry, Command command, bool disabled) {
  const auto user = std::make_shared<std::string>();
  AddUserArgument(command, user.get());
  registry->Run(command, [user, disabled](Session& session) {
    v1::UpdateUserRequest request;
    request.mutable_user()->set_disabled(disabled);
    request.mutable_update_mask()->add_paths("disabled");
    return UpdateUser(*user, request, session);
  });
}

}  // namespace

void AddUsersUpdate(Registry* registry, Command users) {
  const auto options = std::make_shared<UsersUpdateOptions>();
  const Command command =
      registry->Add(users, "update", "Replace a user's uids or certificate names; what is not given stays");
  AddUserArgument(command, &options->user);
  AddCredentialOptions(command, &options->credentials);
  command.AddFlag("--no-uids", &options->no_uids, "no account is this user");
  command.AddFlag("--no-certificate-names", &options->no_certificates, "no certificate is this user");
  registry->Run(command, [options](Session& session) { return UpdateCredentials(*options, session); });
}

void AddUsersSetRole(Registry* registry, Command users) {
  const auto user = std::make_shared<std::string>(), role = std::make_shared<std::string>();
  const Command command = registry->Add(users, "set-role", "Change what a user may do");
  AddUserArgument(command, user.get());
  command.Add("ROLE", role.get(), "viewer, member or admin").required();
  registry->Run(command, [user, role](Session& session) -> absl::StatusOr<ExitCode> {
    v1::UpdateUserRequest request;
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Role parsed, ParseRole(*role));
    request.mutable_user()->set_role(parsed);
    request.mutable_update_mask()->add_paths("role");
    return UpdateUser(*user, request, session);
  });
}

void AddUsersDisable(Registry* registry, Command users) {
  AddSetDisabled(registry, registry->Add(users, "disable", "Let a user in no more; streams end at once, jobs go on"),
                 /*disabled=*/true);
}

void AddUsersEnable(Registry* registry, Command users) {
  AddSetDisabled(registry, registry->Add(users, "enable", "Let a disabled user in again"), /*disabled=*/false);
}

}  // namespace sumscope::client
