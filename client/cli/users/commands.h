#ifndef SUMSCOPE_CLIENT_CLI_USERS_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_USERS_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/arguments/command.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::client {

// The members of `sumscope users`.
void AddUsersAdd(Registry* registry, Command users);
void AddUsersList(Registry* registry, Command users);
void AddUsersShow(Registry* registry, Command users);
void AddUsersUpdate(Registry* registry, Command users);
void AddUsersSetRole(Registry* registry, Command users);
void AddUsersDisable(Registry* registry, Command users);
void AddUsersEnable(Registry* registry, Command users);

// The members of `sumscope token`.
void AddTokenCreate(Registry* registry, Command token);
void AddTokenList(Registry* registry, Command token);
void AddTokenRevoke(Registry* registry, Command token);

// Users as lists and changes show them; ages are counted up to `now`.
Document ShowUsers(const Session& session, const std::vector<v1::User>& users, absl::Time now);
// The same for one, whose JSON is not a list's.
Document ShowUser(const Session& session, const v1::User& user, absl::Time now);
// Likewise of tokens, whose secrets nobody has any more.
Document ShowTokens(const Session& session, const std::vector<v1::Token>& tokens, absl::Time now);

// How a command takes uids and certificate names.
struct Credentials {
  std::vector<std::string> uids, certificates;
};
void AddCredentialOptions(Command command, Credentials* credentials);
// Fills the user's uids and certificate names. INVALID_ARGUMENT UID_INVALID.
absl::Status FillCredentials(const Credentials& credentials, v1::User* user);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_USERS_COMMANDS_H_
