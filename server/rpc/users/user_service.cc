#include "server/rpc/users/user_service.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/state/requests.h"
#include "server/rpc/serve/requests.h"

namespace sumscope::rpc {
namespace {

v1::Caller CallerMessage(const auth::Caller& caller) {
  v1::Caller message;
  message.set_user(UserName(caller.name));
  message.set_role(static_cast<v1::Role>(caller.role));
  message.set_credential(caller.credential);
  message.set_address(caller.address);
  if (caller.expires.has_value()) *message.mutable_expire_time() = ToTimestamp(*caller.expires);
  return message;
}

absl::Status CheckUserRoom(storage::CatalogReader& reader) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t count, reader.users().Count());
  if (count < limits::kMaxUsers) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_USERS",
                   absl::StrCat("the server has ", count, " users, as many as it takes"));
}

// Updates a user; not so that nobody is left who can come in and administer. FAILED_PRECONDITION LAST_ADMIN.
absl::Status StoreUser(storage::CatalogTransaction& transaction, const v1::User& user) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t before, transaction.users().CountAdmins());
  SUMSCOPE_RETURN_IF_ERROR(transaction.users().Update(user));
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t after, transaction.users().CountAdmins());
  if (before == 0 || after > 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "LAST_ADMIN",
                   absl::StrCat(IdOf(user.name()),
                                " is the last admin who is not disabled and has a uid or a "
                                "certificate to come in by; make another one first"));
}

}  // namespace

grpc::Status UserService::GetCaller(grpc::ServerContext* context, const v1::GetCallerRequest* request,
                                    v1::Caller* response) {
  return road_.Unary(context, request, response,
                     [](const auth::Caller& caller) -> absl::StatusOr<v1::Caller> { return CallerMessage(caller); });
}

absl::StatusOr<v1::User> UserService::Create(const auth::Caller& caller, const v1::CreateUserRequest& request) {
  SUMSCOPE_RETURN_IF_ERROR(ValidateUserName(request.user_id()));
  SUMSCOPE_RETURN_IF_ERROR(CheckUser(request.user()));
  SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request request_id, RequestOf("CreateUser", request));
  const absl::Time now = parts_.clock->Now();
  v1::User user = request.user();
  user.set_name(UserName(request.user_id()));
  *user.mutable_create_time() = ToTimestamp(now);
  user.set_disabled(false);
  SetDisabled(request.user().disabled(), now, &user);
  const storage::Actor actor = caller.actor();
  SUMSCOPE_RETURN_IF_ERROR(
      backend_.catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> made,
                                  jobs::FindReplay(transaction, actor, request_id));
        if (made.has_value()) {
          SUMSCOPE_ASSIGN_OR_RETURN(user, transaction.users().Get(IdOf(*made)));
          return absl::OkStatus();
        }
        SUMSCOPE_RETURN_IF_ERROR(CheckServerAccounts(user, parts_.own));
        SUMSCOPE_RETURN_IF_ERROR(CheckUserRoom(transaction));
        SUMSCOPE_RETURN_IF_ERROR(transaction.users().Insert(user));
        return jobs::RecordRequest(transaction, actor, request_id, user.name());
      }));
  return user;
}

grpc::Status UserService::CreateUser(grpc::ServerContext* context, const v1::CreateUserRequest* request,
                                     v1::User* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return Create(caller, *request); });
}

grpc::Status UserService::GetUser(grpc::ServerContext* context, const v1::GetUserRequest* request, v1::User* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller&) -> absl::StatusOr<v1::User> {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseUserName(request->name()));
    v1::User user;
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(user, reader.users().Get(id));
      return absl::OkStatus();
    }));
    return user;
  });
}

grpc::Status UserService::ListUsers(grpc::ServerContext* context, const v1::ListUsersRequest* request,
                                    v1::ListUsersResponse* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller&) -> absl::StatusOr<v1::ListUsersResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request->page_size()));
    v1::ListUsersResponse list;
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(storage::UserPage page, reader.users().List(size, request->page_token()));
      for (v1::User& user : page.users) *list.add_users() = std::move(user);
      list.set_next_page_token(page.next_page_token);
      return absl::OkStatus();
    }));
    return list;
  });
}

absl::StatusOr<v1::User> UserService::Update(const auth::Caller& caller, const v1::UpdateUserRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseUserName(request.user().name(), "user.name"));
  v1::User user;
  SUMSCOPE_RETURN_IF_ERROR(
      backend_.catalog->Write(caller.actor(), [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(const v1::User before, transaction.users().Get(id));
        user = before;
        SUMSCOPE_RETURN_IF_ERROR(ApplyUpdate(request, parts_.clock->Now(), &user));
        SUMSCOPE_RETURN_IF_ERROR(CheckUser(user));
        SUMSCOPE_RETURN_IF_ERROR(CheckOwnRole(caller, before, user));
        SUMSCOPE_RETURN_IF_ERROR(CheckServerAccounts(user, parts_.own));
        SUMSCOPE_RETURN_IF_ERROR(StoreUser(transaction, user));
        SUMSCOPE_ASSIGN_OR_RETURN(user, transaction.users().Get(id));
        return absl::OkStatus();
      }));
  return user;
}

grpc::Status UserService::UpdateUser(grpc::ServerContext* context, const v1::UpdateUserRequest* request,
                                     v1::User* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return Update(caller, *request); });
}

}  // namespace sumscope::rpc
