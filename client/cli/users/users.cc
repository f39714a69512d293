// sumscope users, and how users look.
#include "client/cli/arguments/users.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/base/unsigned.h"
#include "client/cli/output/numbers.h"
#include "client/cli/users/commands.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {

Document ShowUsers(const Session& session, const std::vector<v1::User>& users, absl::Time now) {
  Table table({{"USER"},
               {"ROLE"},
               {"UIDS", kEverywhere, false, /*wrap=*/8},
               {"CERTIFICATES", kEverywhere, false, /*wrap=*/12},
               {"AGE", kForPeople, true},
               {"create_time", kInCsv},
               {"STATE", kForPeople},
               {"disabled", kInCsv},
               {"disable_time", kInCsv}});
  Document document;
  std::vector<nlohmann::ordered_json> items;
  std::vector<std::string> ids;
  for (const v1::User& user : users) {
    table.AddRow({UserIdOf(user.name()), RoleText(user.role()), absl::StrJoin(user.local_uids(), " "),
                  absl::StrJoin(user.certificate_names(), " "),
                  user.has_create_time() ? FormatAge(now - ToTime(user.create_time())) : "",
                  user.has_create_time() ? FormatTime(user.create_time()) : "", user.disabled() ? "disabled" : "active",
                  user.disabled() ? "true" : "false", user.has_disable_time() ? FormatTime(user.disable_time()) : ""});
    items.push_back(ToJson(user));
    ids.push_back(UserIdOf(user.name()));
  }
  document = session.FromTable(table);
  document.items = std::move(items);
  document.ids = std::move(ids);
  return document;
}

Document ShowUser(const Session& session, const v1::User& user, absl::Time now) {
  Document document = ShowUsers(session, {user}, now);
  document.json = document.items[0];
  return document;
}

void AddCredentialOptions(Command command, Credentials* credentials) {
  command
      .AddRepeated("--uid", &credentials->uids,
                   "an account of the server's machine that is this user, on its socket and over ssh, by the number "
                   "that `id -u alice` says there; may be repeated")
      .type_name("N");
  command
      .AddRepeated("--certificate-name", &credentials->certificates,
                   "the name in a client certificate that is this user; may be repeated")
      .type_name("CN");
}

absl::Status FillCredentials(const Credentials& credentials, v1::User* user) {
  for (const std::string& text : credentials.uids) {
    const std::optional<uint64_t> uid = ParseUnsigned(text, std::numeric_limits<uint32_t>::max());
    if (!uid) {
      return InvalidField("UID_INVALID", "local_uids",
                          absl::StrCat("--uid takes the number of an account, not ", Quote(text),
                                       "; id -u NAME says it on the server's machine"));
    }
    user->add_local_uids(static_cast<uint32_t>(*uid));
  }
  for (const std::string& name : credentials.certificates) user->add_certificate_names(name);
  return absl::OkStatus();
}

void AddUsers(Registry* registry, Command root) {
  const Command users = registry->AddFamily(root, "users", "Who may come in, and as what");
  for (const auto add :
       {AddUsersAdd, AddUsersList, AddUsersShow, AddUsersUpdate, AddUsersSetRole, AddUsersDisable, AddUsersEnable}) {
    add(registry, users);
  }
}

}  // namespace sumscope::client
