#ifndef SUMSCOPE_SERVER_RPC_USERS_USER_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_USERS_USER_SERVICE_H_

#include <string>
#include <utility>

#include "proto/contract/base/clock.h"
#include "proto/contract/base/random_ids.h"
#include "server/rpc/serve/service_base.h"
#include "server/rpc/users/user_rules.h"
#include "sumscope/v1/users.grpc.pb.h"

namespace sumscope::rpc {

// Users, their tokens, and the audit. Whose users and tokens a caller may touch the road has asked. Thread-safe.
class UserService final : public ServiceBase<v1::UserService::Service> {
 public:
  struct Parts {
    Clock* clock;
    IdSource* ids;
    ServerAccount own;
  };
  // `road` and what `parts` point to outlive the service.
  UserService(Backend backend, const Road* road, Parts parts)
      : ServiceBase(std::move(backend), road), parts_(std::move(parts)) {}

  grpc::Status GetCaller(grpc::ServerContext*, const v1::GetCallerRequest*, v1::Caller*) override;
  grpc::Status CreateUser(grpc::ServerContext*, const v1::CreateUserRequest*, v1::User*) override;
  grpc::Status GetUser(grpc::ServerContext*, const v1::GetUserRequest*, v1::User*) override;
  grpc::Status ListUsers(grpc::ServerContext*, const v1::ListUsersRequest*, v1::ListUsersResponse*) override;
  grpc::Status UpdateUser(grpc::ServerContext*, const v1::UpdateUserRequest*, v1::User*) override;
  grpc::Status CreateToken(grpc::ServerContext*, const v1::CreateTokenRequest*, v1::CreateTokenResponse*) override;
  grpc::Status ListTokens(grpc::ServerContext*, const v1::ListTokensRequest*, v1::ListTokensResponse*) override;
  grpc::Status RevokeToken(grpc::ServerContext*, const v1::RevokeTokenRequest*, v1::Token*) override;
  grpc::Status ListAuditRecords(grpc::ServerContext*, const v1::ListAuditRecordsRequest*,
                                v1::ListAuditRecordsResponse*) override;

 private:
  absl::StatusOr<v1::User> Create(const auth::Caller& caller, const v1::CreateUserRequest& request);
  absl::StatusOr<v1::User> Update(const auth::Caller& caller, const v1::UpdateUserRequest& request);
  absl::StatusOr<v1::CreateTokenResponse> MakeToken(const auth::Caller& caller, const v1::CreateTokenRequest& request);
  absl::StatusOr<v1::Token> Revoke(const auth::Caller& caller, const v1::RevokeTokenRequest& request);

  const Parts parts_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_USERS_USER_SERVICE_H_
