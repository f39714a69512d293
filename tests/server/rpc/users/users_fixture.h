#ifndef SUMSCOPE_TESTS_SERVER_RPC_USERS_USERS_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_RPC_USERS_USERS_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"
#include "server/auth/user_authenticator.h"
#include "server/rpc/serve/road.h"
#include "server/rpc/users/user_service.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/server/auth/auth_fixture.h"

namespace sumscope::rpc {

// Who calls in a test: an account of the machine, or the holder of a token.
struct As {
  explicit As(uint32_t uid) : uid(uid) {}
  explicit As(std::string token) : token(std::move(token)) {}
  uint32_t uid = 0;
  std::string token;
};

// UserService over a channel within the process, with the road, the real authenticator and a catalog in memory. The
// server's account is "lab"; Lab() calls as it.
class UsersFixture : public testing::Test {
 protected:
  using Stub = v1::UserService::Stub;
  static constexpr uint32_t kOwnUid = 900;

  void SetUp() override {
    auth::UserAuthenticator::Options options;
    options.own_uid = kOwnUid;
    options.own_user = "lab";
    options.wait = [](absl::Duration) {};
    authenticator_ = std::make_unique<auth::UserAuthenticator>(storage_.catalog.get(), &clock_, options);
    RoadParts parts;
    parts.authenticator = authenticator_.get();
    parts.peer_of = PeerOfHeaders;
    parts.catalog = storage_.catalog.get();
    parts.clock = &clock_;
    road_ = std::make_unique<Road>(std::move(parts));
    Backend backend{};
    backend.catalog = storage_.catalog.get();
    service_ = std::make_unique<UserService>(backend, road_.get(),
                                             UserService::Parts{&clock_, IdSource::Real(), {kOwnUid, "lab"}});
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::UserService::NewStub(server_->InProcessChannel({}));
  }
  void TearDown() override {
    stub_.reset();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  }

  // The peer that a test's headers make of a call.
  static auth::Peer PeerOfHeaders(const grpc::ServerContextBase& context) {
    auth::Peer peer;
    uint32_t uid = 0;
    for (const auto& [key, value] : context.client_metadata()) {
      const std::string text(value.data(), value.size());
      if (key == "test-uid" && absl::SimpleAtoi(text, &uid)) peer.uid = uid;
      if (key == "authorization") peer.authorization = text;
    }
    if (!peer.authorization.has_value()) return peer;
    peer.way = auth::Way::kTls;
    peer.address = "192.0.2.7";
    return peer;
  }

  static As Lab() { return As(kOwnUid); }

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const As& as,
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    if (as.token.empty()) {
      context.AddMetadata("test-uid", absl::StrCat(as.uid));
    } else {
      context.AddMetadata("authorization", "Bearer " + as.token);
    }
    return (stub_.get()->*method)(&context, request, response);
  }
  // "OK", or the reason of the refusal.
  template <typename Request, typename Response>
  std::string Outcome(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const As& as,
                      const Request& request, Response* response) {
    const grpc::Status status = Call(method, as, request, response);
    if (status.ok()) return "OK";
    google::rpc::Status rpc;
    rpc.ParseFromString(status.error_details());
    return ErrorReason(FromRpcStatus(rpc));
  }

  static v1::CreateUserRequest UserToBe(const std::string& id, v1::Role role, std::vector<uint32_t> uids = {},
                                        std::vector<std::string> certificates = {}) {
    v1::CreateUserRequest request;
    request.set_user_id(id);
    request.mutable_user()->set_role(role);
    for (const uint32_t uid : uids) request.mutable_user()->add_local_uids(uid);
    for (const std::string& name : certificates) request.mutable_user()->add_certificate_names(name);
    return request;
  }
  std::string Create(const v1::CreateUserRequest& request, const As& as = Lab()) {
    return Outcome(&Stub::CreateUser, as, request, &user_);
  }
  std::string Update(const v1::User& user, std::initializer_list<const char*> mask, const As& as = Lab()) {
    v1::UpdateUserRequest request;
    *request.mutable_user() = user;
    for (const char* path : mask) request.mutable_update_mask()->add_paths(path);
    return Outcome(&Stub::UpdateUser, as, request, &user_);
  }
  static v1::User Named(const std::string& name) {
    v1::User user;
    user.set_name("users/" + name);
    return user;
  }
  std::string SetRole(const std::string& name, v1::Role role, const As& as = Lab()) {
    v1::User user = Named(name);
    user.set_role(role);
    return Update(user, {"role"}, as);
  }
  std::string SetDisabled(const std::string& name, bool disabled, const As& as = Lab()) {
    v1::User user = Named(name);
    user.set_disabled(disabled);
    return Update(user, {"disabled"}, as);
  }
  std::string Get(const std::string& name, const As& as) {
    v1::GetUserRequest request;
    request.set_name(name);
    return Outcome(&Stub::GetUser, as, request, &user_);
  }
  std::string MakeToken(const As& as, const std::string& parent = "", const std::string& name = "laptop",
                        uint32_t days = 0) {
    v1::CreateTokenRequest request;
    request.set_parent(parent);
    request.set_display_name(name);
    request.set_lifetime_days(days);
    return Outcome(&Stub::CreateToken, as, request, &token_);
  }
  std::string ListTokens(const As& as, const std::string& parent = "") {
    v1::ListTokensRequest request;
    request.set_parent(parent);
    return Outcome(&Stub::ListTokens, as, request, &tokens_);
  }
  std::string Revoke(const As& as, const std::string& name) {
    v1::RevokeTokenRequest request;
    request.set_name(name);
    return Outcome(&Stub::RevokeToken, as, request, &revoked_);
  }
  std::string WhoAmI(const As& as) { return Outcome(&Stub::GetCaller, as, v1::GetCallerRequest(), &caller_); }
  // "CreateUser OK users/ada by lab", the newest first.
  std::vector<std::string> Audit(const v1::ListAuditRecordsRequest& request = {}) {
    v1::ListAuditRecordsResponse list;
    EXPECT_EQ(Outcome(&Stub::ListAuditRecords, Lab(), request, &list), "OK");
    std::vector<std::string> rows;
    for (const v1::AuditRecord& record : list.records()) {
      const std::string method = record.method().substr(record.method().rfind('/') + 1);
      const std::string outcome = record.code() == "OK" ? "OK" : absl::StrCat(record.code(), " ", record.reason());
      rows.push_back(absl::StrCat(method, " ", outcome, " ", record.resource(), " by ", record.user()));
    }
    return rows;
  }

  auth::StillClock clock_;
  storage::Storage storage_ = *storage::OpenInMemoryStorage([](v1::State, v1::State) { return true; }, &clock_);
  std::unique_ptr<auth::UserAuthenticator> authenticator_;
  std::unique_ptr<Road> road_;
  std::unique_ptr<UserService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Stub> stub_;
  // The last answers.
  v1::User user_;
  v1::CreateTokenResponse token_;
  v1::ListTokensResponse tokens_;
  v1::Token revoked_;
  v1::Caller caller_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_USERS_USERS_FIXTURE_H_
