#ifndef SUMSCOPE_TESTS_SERVER_AUTH_AUTH_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_AUTH_AUTH_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/contract/base/clock.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/names/resource_names.h"
#include "server/auth/tokens.h"
#include "server/auth/user_authenticator.h"
#include "storage/sqlite/sqlite_storage.h"

namespace sumscope::auth {

// Stands still until a test moves it; wall clock and monotonic time apart.
class StillClock final : public Clock {
 public:
  absl::Time Now() override { return absl::FromUnixSeconds(seconds_.load()); }
  absl::Duration Monotonic() override { return absl::Seconds(passed_.load()); }
  // A clock that is set, forward or back.
  void Set(absl::Duration by) { seconds_ += absl::ToInt64Seconds(by); }
  // Time that passes.
  void Pass(absl::Duration by) {
    Set(by);
    passed_ += absl::ToInt64Seconds(by);
  }

 private:
  std::atomic<int64_t> seconds_{1'800'000'000}, passed_{0};
};

inline std::string ReasonOf(const absl::Status& status) { return ErrorReason(status); }
template <typename T>
std::string ReasonOf(const absl::StatusOr<T>& result) {
  return ErrorReason(result.status());
}

// An authenticator over a catalog in memory, of a server whose account is "lab", uid 900.
class AuthFixture : public testing::Test {
 protected:
  static constexpr uint32_t kOwnUid = 900;

  void SetUp() override {
    UserAuthenticator::Options options;
    options.own_uid = kOwnUid;
    options.own_user = "lab";
    options.wait = [this](absl::Duration delay) { waits_.push_back(delay); };
    authenticator_ = std::make_unique<UserAuthenticator>(storage_.catalog.get(), &clock_, options);
  }

  void Write(const std::function<absl::Status(storage::CatalogTransaction&)>& body) {
    const absl::Status written = storage_.catalog->Write(body);
    EXPECT_TRUE(written.ok()) << written;
  }
  v1::User User(const std::string& name, v1::Role role, std::vector<uint32_t> uids = {},
                const std::vector<std::string>& certificates = {}) {
    v1::User user;
    user.set_name(UserName(name));
    user.set_role(role);
    for (const uint32_t uid : uids) user.add_local_uids(uid);
    for (const std::string& certificate : certificates) user.add_certificate_names(certificate);
    *user.mutable_create_time() = ToTimestamp(clock_.Now());
    return user;
  }
  void Add(const v1::User& user) {
    Write([&](storage::CatalogTransaction& transaction) { return transaction.users().Insert(user); });
  }
  void Update(const v1::User& user) {
    Write([&](storage::CatalogTransaction& transaction) { return transaction.users().Update(user); });
  }
  // The text of a token that lives for a day.
  std::string AddToken(const std::string& user, const std::string& name = "laptop") {
    const NewToken made = MakeToken(IdSource::Real());
    storage::StoredToken token;
    token.user = user;
    token.id = made.id;
    token.digest = TokenDigest(made.text);
    token.display_name = name;
    token.create_time = clock_.Now();
    token.expire_time = clock_.Now() + absl::Hours(24);
    Write([&](storage::CatalogTransaction& transaction) { return transaction.tokens().Insert(token); });
    return made.text;
  }
  void Revoke(const std::string& text) {
    Write([&](storage::CatalogTransaction& transaction) {
      return transaction.tokens().Revoke(TokenIdOf(text), clock_.Now());
    });
  }
  storage::StoredToken Stored(const std::string& text) {
    storage::StoredToken token;
    const absl::Status read = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      token = *reader.tokens().Find(TokenIdOf(text)).value();
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return token;
  }

  static Peer OnSocket(std::optional<uint32_t> uid) {
    Peer peer;
    peer.uid = uid;
    return peer;
  }
  static Peer OnLoopback() {
    Peer peer;
    peer.way = Way::kLoopback;
    peer.address = "127.0.0.1";
    return peer;
  }
  static Peer OverTls(std::vector<std::string> certificate, std::optional<std::string> token = std::nullopt) {
    Peer peer;
    peer.way = Way::kTls;
    peer.address = "192.0.2.7";
    peer.certificate_names = std::move(certificate);
    if (token.has_value()) peer.authorization = "Bearer " + *token;
    return peer;
  }
  absl::StatusOr<Caller> Ask(const Peer& peer) {
    refused_ = {};
    return authenticator_->Authenticate(peer, &refused_);
  }

  StillClock clock_;
  storage::Storage storage_ = *storage::OpenInMemoryStorage([](v1::State, v1::State) { return true; }, &clock_);
  std::vector<absl::Duration> waits_;  // of answers to failed logins
  std::unique_ptr<UserAuthenticator> authenticator_;
  Refused refused_;  // of the last that was asked
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_TESTS_SERVER_AUTH_AUTH_FIXTURE_H_
