// The fake's users, tokens and audit.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"
#include "tests/client/fake_stream.h"

namespace sumscope::client {
namespace {

constexpr int64_t kThen = 1'700'000'000;
constexpr int64_t kDay = 86'400;

// One item of `all` that `fits`, after the one that the token names; the token of the next one.
template <typename Item, typename Fits>
std::string OnePage(const std::vector<Item>& all, const std::string& token, const Fits& fits,
                    google::protobuf::RepeatedPtrField<Item>* page) {
  size_t at = 0;
  if (!absl::SimpleAtoi(token, &at)) at = 0;
  for (; at < all.size(); ++at) {
    if (!fits(all[at])) continue;
    if (!page->empty()) return absl::StrCat(at);
    *page->Add() = all[at];
  }
  return "";
}

class UserAnswers : public v1::UserService::Service {
 public:
  explicit UserAnswers(FakeServer* fake) : fake_(fake) {}

  grpc::Status GetCaller(grpc::ServerContext*, const v1::GetCallerRequest* request, v1::Caller* answer) override {
    *answer = fake_->caller;
    return Begin("GetCaller", *request);
  }
  grpc::Status CreateUser(grpc::ServerContext*, const v1::CreateUserRequest* request, v1::User* answer) override {
    if (const grpc::Status status = Begin("CreateUser", *request); !status.ok()) return status;
    const std::string name = absl::StrCat("users/", request->user_id());
    if (Find(name) != nullptr) {
      return ToGrpc(
          MakeError(absl::StatusCode::kAlreadyExists, "USER_EXISTS", absl::StrCat(name, " is there already")));
    }
    *answer = request->user();
    answer->set_name(name);
    answer->mutable_create_time()->set_seconds(kThen);
    fake_->users.push_back(*answer);
    std::sort(fake_->users.begin(), fake_->users.end(),
              [](const v1::User& a, const v1::User& b) { return a.name() < b.name(); });
    return grpc::Status::OK;
  }
  grpc::Status GetUser(grpc::ServerContext*, const v1::GetUserRequest* request, v1::User* answer) override {
    return AnswerNamed("GetUser", *request, request->name(), answer);
  }
  grpc::Status ListUsers(grpc::ServerContext*, const v1::ListUsersRequest* request,
                         v1::ListUsersResponse* response) override {
    response->set_next_page_token(OnePage(
        fake_->users, request->page_token(), [](const v1::User&) { return true; }, response->mutable_users()));
    return Begin("ListUsers", *request);
  }
  grpc::Status UpdateUser(grpc::ServerContext*, const v1::UpdateUserRequest* request, v1::User* answer) override {
    const grpc::Status status = AnswerNamed("UpdateUser", *request, request->user().name(), answer);
    if (!status.ok()) return status;
    v1::User* const user = Find(request->user().name());
    for (const std::string& path : request->update_mask().paths()) {
      if (path == "role") user->set_role(request->user().role());
      if (path == "local_uids") *user->mutable_local_uids() = request->user().local_uids();
      if (path == "certificate_names") *user->mutable_certificate_names() = request->user().certificate_names();
      if (path != "disabled") continue;
      user->set_disabled(request->user().disabled());
      user->clear_disable_time();
      if (user->disabled()) user->mutable_disable_time()->set_seconds(kThen);
    }
    *answer = *user;
    return status;
  }

  grpc::Status CreateToken(grpc::ServerContext*, const v1::CreateTokenRequest* request,
                           v1::CreateTokenResponse* response) override {
    if (const grpc::Status status = Begin("CreateToken", *request); !status.ok()) return status;
    const std::string user = request->parent().empty() ? fake_->caller.user() : request->parent();
    const std::string id = absl::StrCat("t", 1234567 + made_++);
    v1::Token* const token = response->mutable_token();
    token->set_name(absl::StrCat(user, "/tokens/", id));
    token->set_display_name(request->display_name());
    token->mutable_create_time()->set_seconds(kThen);
    token->mutable_expire_time()->set_seconds(kThen +
                                              kDay * (request->lifetime_days() == 0 ? 90 : request->lifetime_days()));
    response->set_secret(absl::StrCat("sst_", id, "_0123456789012345678901234567890123456789012"));
    fake_->tokens.insert(fake_->tokens.begin(), *token);
    return grpc::Status::OK;
  }
  grpc::Status ListTokens(grpc::ServerContext*, const v1::ListTokensRequest* request,
                          v1::ListTokensResponse* response) override {
    const std::string user = request->parent().empty() ? fake_->caller.user() : request->parent();
    const auto of_user = [&user](const v1::Token& token) {
      return absl::StartsWith(token.name(), absl::StrCat(user, "/"));
    };
    response->set_next_page_token(OnePage(fake_->tokens, request->page_token(), of_user, response->mutable_tokens()));
    return Begin("ListTokens", *request);
  }
  grpc::Status RevokeToken(grpc::ServerContext*, const v1::RevokeTokenRequest* request, v1::Token* answer) override {
    if (const grpc::Status status = Begin("RevokeToken", *request); !status.ok()) return status;
    for (v1::Token& token : fake_->tokens) {
      if (token.name() != request->name()) continue;
      token.mutable_revoke_time()->set_seconds(kThen);
      *answer = token;
      return grpc::Status::OK;
    }
    return ToGrpc(MakeError(absl::StatusCode::kNotFound, "TOKEN_NOT_FOUND", "there is no such token"));
  }
  grpc::Status ListAuditRecords(grpc::ServerContext*, const v1::ListAuditRecordsRequest* request,
                                v1::ListAuditRecordsResponse* response) override {
    response->set_next_page_token(OnePage(
        fake_->audit, request->page_token(), [](const v1::AuditRecord&) { return true; }, response->mutable_records()));
    return Begin("ListAuditRecords", *request);
  }

 private:
  template <typename Request>
  grpc::Status Begin(const std::string& method, const Request& request) {
    fake_->Record(method, request);
    return ToGrpc(fake_->TakeError());
  }
  template <typename Request>
  grpc::Status AnswerNamed(const std::string& method, const Request& request, const std::string& name,
                           v1::User* answer) {
    if (const grpc::Status status = Begin(method, request); !status.ok()) return status;
    const v1::User* const user = Find(name);
    if (user == nullptr) {
      return ToGrpc(MakeError(absl::StatusCode::kNotFound, "USER_NOT_FOUND", absl::StrCat("there is no ", name)));
    }
    *answer = *user;
    return grpc::Status::OK;
  }
  v1::User* Find(const std::string& name) {
    const auto found = std::find_if(fake_->users.begin(), fake_->users.end(),
                                    [&](const v1::User& user) { return user.name() == name; });
    return found == fake_->users.end() ? nullptr : &*found;
  }

  FakeServer* const fake_;
  int made_ = 0;  // tokens
};

}  // namespace

std::unique_ptr<grpc::Service> MakeUserService(FakeServer* fake) { return std::make_unique<UserAnswers>(fake); }

}  // namespace sumscope::client
