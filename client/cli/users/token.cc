// sumscope token list, sumscope token revoke, and how tokens look.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/numbers.h"
#include "client/cli/users/commands.h"
#include "client/connection/pages.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct TokenListOptions {
  std::string user;
  uint64_t limit = limits::kDefaultPageSize;
};

// "in 89d", "expired", "revoked".
std::string ExpiryText(const v1::Token& token, absl::Time now) {
  if (token.has_revoke_time()) return "revoked";
  const absl::Time expiry = ToTime(token.expire_time());
  // Of a token that was made a moment ago the days are whole.
  return expiry <= now ? "expired" : absl::StrCat("in ", FormatAge(expiry - now + absl::Minutes(1)));
}

absl::StatusOr<ExitCode> PrintTokens(const TokenListOptions& options, Session& session) {
  v1::ListTokensRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_parent(), UserNameOf(options.user));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListTokensResponse all,
      ReadPages(
          request, options.limit, [&](const v1::ListTokensRequest& page) { return connection->Call(page); },
          &v1::ListTokensResponse::mutable_tokens));
  Document document = ShowTokens(session, {all.tokens().begin(), all.tokens().end()}, session.clock().Now());
  document.json = ToJson(all);
  if (all.tokens().empty()) document.nothing = "none yet: sumscope token create NAME --out FILE makes one";
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> RevokeToken(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::RevokeTokenRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_name(), FindToken(*connection, argument));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Token token, connection->Call(request));
  Document document = ShowTokens(session, {token}, session.clock().Now());
  document.json = document.items[0];
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

Document ShowTokens(const Session& session, const std::vector<v1::Token>& tokens, absl::Time now) {
  Table table({{"TOKEN"},
               {"NAME", kEverywhere, false, /*wrap=*/12},
               {"AGE", kForPeople, true},
               {"create_time", kInCsv},
               {"EXPIRES", kForPeople},
               {"expire_time", kInCsv},
               {"LAST USE", kForPeople},
               {"last_use_time", kInCsv},
               {"revoke_time", kInCsv}});
  std::vector<nlohmann::ordered_json> items;
  std::vector<std::string> ids;
  for (const v1::Token& token : tokens) {
    const bool used = token.has_last_use_time();
    table.AddRow({ShortTokenOf(token.name()), token.display_name(), FormatAge(now - ToTime(token.create_time())),
                  FormatTime(token.create_time()), ExpiryText(token, now), FormatTime(token.expire_time()),
                  used ? absl::StrCat(FormatAge(now - ToTime(token.last_use_time())), " ago") : "never",
                  used ? FormatTime(token.last_use_time()) : "",
                  token.has_revoke_time() ? FormatTime(token.revoke_time()) : ""});
    items.push_back(ToJson(token));
    ids.push_back(ShortTokenOf(token.name()));
  }
  Document document = session.FromTable(table);
  document.items = std::move(items);
  document.ids = std::move(ids);
  return document;
}

void AddTokenList(Registry* registry, Command token) {
  const auto options = std::make_shared<TokenListOptions>();
  const Command command = registry->Add(token, "list", "List your tokens, newest first");
  command.Add("--user", &options->user, "another user's, for admins").type_name("USER");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(command, [options](Session& session) { return PrintTokens(*options, session); });
}

void AddTokenRevoke(Registry* registry, Command token) {
  const auto name = std::make_shared<std::string>();
  const Command command = registry->Add(token, "revoke", "Make a token worthless, at once and for good");
  command.Add("TOKEN", name.get(), "its id, or USER/ID of another user's, as token list shows it").required();
  registry->Run(command, [name](Session& session) { return RevokeToken(*name, session); });
}

void AddToken(Registry* registry, Command root) {
  const Command token = registry->AddFamily(root, "token", "Secrets that let a program in as you, over TLS");
  for (const auto add : {AddTokenCreate, AddTokenList, AddTokenRevoke}) add(registry, token);
}

}  // namespace sumscope::client
