// sumscope token create: the one time that a token's secret is shown.
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/base/unsigned.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/numbers.h"
#include "client/cli/users/commands.h"
#include "client/files/secret_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct TokenCreateOptions {
  std::string name = "command line", user, file, days;
};

// The token is there also where its secret could not be written: what says so says how to be rid of it.
absl::Status NameLost(const absl::Status& written, const v1::Token& token) {
  if (written.ok()) return written;
  absl::Status named(written.code(),
                     absl::StrCat(written.message(), "; nobody has the secret of the token that was made: sumscope ",
                                  "token revoke ", ShortTokenOf(token.name())));
  written.ForEachPayload(
      [&named](absl::string_view url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

absl::StatusOr<ExitCode> CreateToken(const TokenCreateOptions& options, Session& session) {
  v1::CreateTokenRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_parent(), UserNameOf(options.user));
  request.set_display_name(options.name);
  if (!options.days.empty()) {
    const std::optional<uint64_t> days = ParseUnsigned(options.days, limits::kMaxTokenDays);
    if (days.value_or(0) == 0) {
      return InvalidField("TOKEN_LIFETIME_INVALID", "lifetime_days",
                          absl::StrCat("--days is ", options.days, "; expected 1 to ", limits::kMaxTokenDays));
    }
    request.set_lifetime_days(static_cast<uint32_t>(*days));
  }
  const bool to_file = !options.file.empty() && options.file != "-";
  std::unique_ptr<SecretFile> file;
  if (to_file) {
    // Before there is a secret that could be lost.
    SUMSCOPE_ASSIGN_OR_RETURN(file, SecretFile::Create(options.file));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CreateTokenResponse made, connection->Call(request));
  const std::string line = absl::StrCat(made.secret(), "\n");
  if (to_file) {
    SUMSCOPE_RETURN_IF_ERROR(NameLost(file->Commit(line), made.token()));
  } else {
    const std::unique_ptr<Sink> sink = MakeStreamSink(session.terminal().out);
    absl::Status printed = sink->Write(line);
    if (printed.ok()) printed = sink->Commit();
    SUMSCOPE_RETURN_IF_ERROR(NameLost(printed, made.token()));
  }
  session.Note(absl::StrCat("The token ", ShortTokenOf(made.token().name()), " (", made.token().display_name(),
                            ") is good until ", FormatTime(made.token().expire_time()), ". Its secret ",
                            to_file ? absl::StrCat("is in ", options.file, " and nowhere else.")
                                    : "is shown this once: keep it in a file that you alone can read."));
  return ExitCode::kDone;
}

}  // namespace

void AddTokenCreate(Registry* registry, Command token) {
  const auto options = std::make_shared<TokenCreateOptions>();
  const Command command =
      registry->Add(token, "create", "Make a token and print its secret, once", Registry::Output::kNone);
  command.Add("NAME", &options->name, "what you know it by: the machine or the program that will use it");
  command.Add("--days", &options->days, "how long it is good (default 90, at most 366)").type_name("N");
  command.Add("--user", &options->user, "for another user; for admins").type_name("USER");
  command.Add("--out", &options->file, "write the secret to FILE, which you alone can read (mode 0600)")
      .type_name("FILE");
  registry->Run(command, [options](Session& session) { return CreateToken(*options, session); });
}

}  // namespace sumscope::client
