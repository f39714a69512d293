// UserService's methods of tokens.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "server/auth/tokens.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/users/user_rules.h"
#include "server/rpc/users/user_service.h"

namespace sumscope::rpc {
namespace {

v1::Token TokenMessage(const storage::StoredToken& token) {
  v1::Token message;
  message.set_name(TokenName(token.user, token.id));
  message.set_display_name(token.display_name);
  *message.mutable_create_time() = ToTimestamp(token.create_time);
  *message.mutable_expire_time() = ToTimestamp(token.expire_time);
  if (token.last_use_time.has_value()) *message.mutable_last_use_time() = ToTimestamp(*token.last_use_time);
  if (token.revoke_time.has_value()) *message.mutable_revoke_time() = ToTimestamp(*token.revoke_time);
  return message;
}

// The user whose tokens a call is about. INVALID_ARGUMENT RESOURCE_NAME_INVALID.
absl::StatusOr<std::string> HolderOf(const std::string& parent, const auth::Caller& caller) {
  if (parent.empty()) return caller.name;
  return ParseUserName(parent, "parent");
}

// NOT_FOUND USER_NOT_FOUND, with what to do for a caller who is no user: the server's own account, or root.
absl::Status CheckHolder(storage::CatalogReader& reader, const std::string& user, const auth::Caller& caller) {
  absl::Status found = reader.users().Get(user).status();
  if (!absl::IsNotFound(found) || user != caller.name) return found;
  return MakeError(
      absl::StatusCode::kNotFound, "USER_NOT_FOUND",
      absl::StrCat("you are ", user, ", an admin without being a user, and tokens are users'; say whose it ",
                   "is: `sumscope token create .. --user NAME`"));
}

absl::Status CheckTokenRoom(storage::CatalogReader& reader, const std::string& user, absl::Time now) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t alive, reader.tokens().CountAlive(user, now));
  if (alive < limits::kMaxTokens) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_TOKENS",
                   absl::StrCat(user, " has ", alive,
                                " tokens, as many as one user may have; revoke some first: "
                                "`sumscope token revoke`"));
}

absl::StatusOr<storage::StoredToken> FindToken(storage::CatalogReader& reader, const TokenRef& ref) {
  SUMSCOPE_ASSIGN_OR_RETURN(std::optional<storage::StoredToken> token, reader.tokens().Find(ref.token));
  if (token.has_value() && token->user == ref.user) return *std::move(token);
  return MakeError(absl::StatusCode::kNotFound, "TOKEN_NOT_FOUND",
                   absl::StrCat(ref.user, " has no token ", Quote(ref.token), "; `sumscope token list` shows them"));
}

}  // namespace

absl::StatusOr<v1::CreateTokenResponse> UserService::MakeToken(const auth::Caller& caller,
                                                               const v1::CreateTokenRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string user, HolderOf(request.parent(), caller));
  SUMSCOPE_RETURN_IF_ERROR(CheckTokenRequest(request));
  const uint32_t days = request.lifetime_days() == 0 ? limits::kDefaultTokenDays : request.lifetime_days();
  const absl::Time now = parts_.clock->Now();
  const auth::NewToken made = auth::MakeToken(parts_.ids);
  storage::StoredToken token;
  token.user = user;
  token.id = made.id;
  token.digest = auth::TokenDigest(made.text);
  token.display_name = request.display_name();
  token.create_time = now;
  token.expire_time = now + absl::Hours(24) * days;
  // A token makes none that outlives it.
  if (!caller.token.empty()) token.expire_time = std::min(token.expire_time, caller.expires.value_or(now));
  const storage::Actor actor = caller.actor();
  SUMSCOPE_RETURN_IF_ERROR(
      backend_.catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_RETURN_IF_ERROR(CheckHolder(transaction, user, caller));
        SUMSCOPE_RETURN_IF_ERROR(CheckTokenRoom(transaction, user, now));
        actor.Names(TokenName(user, token.id));
        return transaction.tokens().Insert(token);
      }));
  v1::CreateTokenResponse response;
  *response.mutable_token() = TokenMessage(token);
  response.set_secret(made.text);
  return response;
}

grpc::Status UserService::CreateToken(grpc::ServerContext* context, const v1::CreateTokenRequest* request,
                                      v1::CreateTokenResponse* response) {
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return MakeToken(caller, *request); });
}

grpc::Status UserService::ListTokens(grpc::ServerContext* context, const v1::ListTokensRequest* request,
                                     v1::ListTokensResponse* response) {
  const auto list = [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListTokensResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string user, HolderOf(request->parent(), caller));
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request->page_size()));
    v1::ListTokensResponse tokens;
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      if (!request->parent().empty()) SUMSCOPE_RETURN_IF_ERROR(reader.users().Get(user).status());
      SUMSCOPE_ASSIGN_OR_RETURN(const storage::TokenPage page, reader.tokens().List(user, size, request->page_token()));
      for (const storage::StoredToken& token : page.tokens) *tokens.add_tokens() = TokenMessage(token);
      tokens.set_next_page_token(page.next_page_token);
      return absl::OkStatus();
    }));
    return tokens;
  };
  return road_.Unary(context, request, response, list);
}

absl::StatusOr<v1::Token> UserService::Revoke(const auth::Caller& caller, const v1::RevokeTokenRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const TokenRef ref, ParseTokenName(request.name()));
  storage::StoredToken token;
  SUMSCOPE_RETURN_IF_ERROR(
      backend_.catalog->Write(caller.actor(), [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_RETURN_IF_ERROR(FindToken(transaction, ref).status());
        SUMSCOPE_RETURN_IF_ERROR(transaction.tokens().Revoke(ref.token, parts_.clock->Now()));
        SUMSCOPE_ASSIGN_OR_RETURN(token, FindToken(transaction, ref));
        return absl::OkStatus();
      }));
  return TokenMessage(token);
}

grpc::Status UserService::RevokeToken(grpc::ServerContext* context, const v1::RevokeTokenRequest* request,
                                      v1::Token* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return Revoke(caller, *request); });
}

}  // namespace sumscope::rpc
