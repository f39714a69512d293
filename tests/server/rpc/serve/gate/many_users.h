#ifndef SUMSCOPE_TESTS_SERVER_RPC_SERVE_GATE_MANY_USERS_H_
#define SUMSCOPE_TESTS_SERVER_RPC_SERVE_GATE_MANY_USERS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/base/timestamp.h"
#include "server/auth/tokens.h"
#include "server/auth/user_authenticator.h"
#include "tests/server/rpc/any_call.h"
#include "tests/server/rpc/probes_fixture.h"
#include "tests/support/public_methods.h"

namespace sumscope::rpc {

// Every service, with the users of its catalog: vic, a viewer, the members ada and bob, and adm, an admin. Each comes
// in in each way; a call says in a header what the transport would know of its peer.
class ManyUsers_Test : public ProbesService_Test {
 protected:
  static constexpr char kHeader[] = "test-peer";

  ManyUsers_Test() {
    auth::UserAuthenticator::Options options;
    options.own_uid = 900;
    options.own_user = "lab";
    options.wait = [](absl::Duration) {};
    users_ = std::make_unique<auth::UserAuthenticator>(storage_.catalog.get(), Clock::Real(), options);
    authenticator_ = users_.get();
    peer_of_ = [](const grpc::ServerContextBase& context) { return PeerInHeader(context); };
    AddUser("vic", v1::VIEWER, 2001);
    AddUser("ada", v1::MEMBER, 2002);
    AddUser("bob", v1::MEMBER, 2003);
    AddUser("adm", v1::ADMIN, 2004);
  }

  // Ways in: over a socket, by ssh, whose far end is the socket, by token and by certificate.
  static std::vector<std::string> Ways() { return {"uid", "ssh", "token", "certificate"}; }
  std::map<std::string, std::string> As(const std::string& user, const std::string& way = "uid") {
    if (way == "token") return {{kHeader, "token " + tokens_.at(user)}};
    if (way == "certificate") return {{kHeader, "certificate " + user + ".lab"}};
    return {{kHeader, absl::StrCat("uid ", uids_.at(user))}};
  }
  Reply Call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
             const std::map<std::string, std::string>& as) {
    return CallAny(server_.get(), PathOf(method), request.SerializeAsString(), as);
  }
  void Identify(const std::string& user, grpc::ClientContext* context) {
    for (const auto& [key, value] : As(user)) context->AddMetadata(key, value);
  }

  void Write(const std::function<absl::Status(storage::CatalogTransaction&)>& body) {
    const absl::Status written = storage_.catalog->Write(body);
    ASSERT_TRUE(written.ok()) << written;
  }
  std::vector<storage::AuditRow> AuditRows() {
    storage::AuditQuery query;
    query.page_size = 1000;
    storage::AuditPage page;
    const absl::Status read = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      auto found = reader.audit().List(query);
      if (found.ok()) page = *found;
      return found.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return page.rows;
  }
  void SetVisibility(const std::string& run, v1::Visibility visibility) {
    const auto changed = manager_->runs().Update(jobs::Ada(), run, {false, {}, visibility});
    ASSERT_TRUE(changed.ok()) << changed.status();
  }
  void Change(const std::string& user, const std::function<void(v1::User*)>& change) {
    Write([&](storage::CatalogTransaction& transaction) {
      v1::User row = *transaction.users().Get(user);
      change(&row);
      return transaction.users().Update(row);
    });
  }

  std::map<std::string, std::string> tokens_;  // by user

 private:
  static auth::Peer PeerInHeader(const grpc::ServerContextBase& context) {
    auth::Peer peer;
    const auto header = context.client_metadata().find(kHeader);
    if (header == context.client_metadata().end()) return peer;
    const std::string text(header->second.data(), header->second.size());
    absl::string_view value = text;
    uint32_t uid = 0;
    if (absl::ConsumePrefix(&value, "uid ")) {
      if (absl::SimpleAtoi(value, &uid)) peer.uid = uid;
      return peer;
    }
    peer.way = auth::Way::kTls;
    peer.address = "192.0.2.7";
    if (absl::ConsumePrefix(&value, "token ")) peer.authorization = absl::StrCat("Bearer ", value);
    if (absl::ConsumePrefix(&value, "certificate ")) peer.certificate_names = {std::string(value)};
    return peer;
  }

  void AddUser(const std::string& name, v1::Role role, uint32_t uid) {
    uids_[name] = uid;
    v1::User user;
    user.set_name("users/" + name);
    user.set_role(role);
    user.add_local_uids(uid);
    user.add_certificate_names(name + ".lab");
    *user.mutable_create_time() = ToTimestamp(absl::Now());
    const auth::NewToken made = auth::MakeToken(IdSource::Real());
    tokens_[name] = made.text;
    storage::StoredToken token;
    token.user = name;
    token.id = made.id;
    token.digest = auth::TokenDigest(made.text);
    token.display_name = "laptop";
    token.create_time = absl::Now();
    token.expire_time = absl::Now() + absl::Hours(24);
    Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
      SUMSCOPE_RETURN_IF_ERROR(transaction.users().Insert(user));
      return transaction.tokens().Insert(token);
    });
  }

  std::map<std::string, uint32_t> uids_;
  std::unique_ptr<auth::UserAuthenticator> users_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_SERVE_GATE_MANY_USERS_H_
