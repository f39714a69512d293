#include "server/auth/user_authenticator.h"

#include "tests/server/auth/auth_fixture.h"

namespace sumscope::auth {
namespace {

class UserAuthenticator_Test : public AuthFixture {
 protected:
  void ExpectRefused(const Peer& peer, const std::string& reason) {
    const absl::StatusOr<Caller> caller = Ask(peer);
    EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated) << reason;
    EXPECT_EQ(ReasonOf(caller), reason);
  }
};

TEST_F(UserAuthenticator_Test, NoUsersThenOwnAccountAndRootAreAdmins) {
  EXPECT_FALSE(authenticator_->HasUsers().value());
  const Caller own = Ask(OnSocket(kOwnUid)).value();
  EXPECT_EQ(own.name, "lab");
  EXPECT_EQ(own.role, Role::kAdmin);
  EXPECT_EQ(own.credential, "local uid 900");
  EXPECT_EQ(own.address, "socket");
  EXPECT_EQ(own.uid, kOwnUid);
  EXPECT_EQ(Ask(OnSocket(0)).value().name, "root");
  EXPECT_EQ(Ask(OnSocket(0)).value().role, Role::kAdmin);
  EXPECT_EQ(Ask(OnLoopback()).value().name, "lab");
  EXPECT_EQ(Ask(OnLoopback()).value().role, Role::kAdmin);
  ExpectRefused(OnSocket(1001), "USER_UNKNOWN");
  ExpectRefused(OnSocket(std::nullopt), "CREDENTIAL_MISSING");
  ExpectRefused(OverTls({}), "CREDENTIAL_MISSING");
  ExpectRefused(OverTls({"lab"}), "USER_UNKNOWN");
}

TEST_F(UserAuthenticator_Test, UidIsAUsersThenTheyCall) {
  Add(User("ada", v1::MEMBER, {1001, 1002}));
  Add(User("vic", v1::VIEWER, {1003}));
  EXPECT_TRUE(authenticator_->HasUsers().value());
  for (const uint32_t uid : {1001, 1002}) {
    EXPECT_EQ(Ask(OnSocket(uid)).value().name, "ada");
    EXPECT_EQ(Ask(OnSocket(uid)).value().role, Role::kMember);
  }
  EXPECT_EQ(Ask(OnSocket(1003)).value().role, Role::kViewer);
  ExpectRefused(OnSocket(1004), "USER_UNKNOWN");
  ExpectRefused(OnSocket(4294967295), "USER_UNKNOWN");
}

TEST_F(UserAuthenticator_Test, UsersThenOwnAccountAndRootStayAdmins) {
  Add(User("ada", v1::ADMIN, {1001}));
  EXPECT_EQ(Ask(OnSocket(kOwnUid)).value().name, "lab");
  EXPECT_EQ(Ask(OnSocket(0)).value().role, Role::kAdmin);
}

TEST_F(UserAuthenticator_Test, UserHasTheOwnUidThenItsRowDecides) {
  Add(User("ada", v1::MEMBER, {kOwnUid, 0}));
  for (const uint32_t uid : {kOwnUid, 0u}) {
    EXPECT_EQ(Ask(OnSocket(uid)).value().name, "ada");
    EXPECT_EQ(Ask(OnSocket(uid)).value().role, Role::kMember);
  }
}

TEST_F(UserAuthenticator_Test, UsersThenNobodyCallsOverLoopback) {
  Add(User("ada", v1::ADMIN, {1001}));
  ExpectRefused(OnLoopback(), "LOOPBACK_WITHOUT_USER");
}

TEST_F(UserAuthenticator_Test, CertificateNamesAUserThenTheyCall) {
  Add(User("ada", v1::ADMIN, {}, {"ada.lab.example", "spiffe://lab/ada"}));
  const Caller caller = Ask(OverTls({"nobody", "spiffe://lab/ada", "ada.lab.example"})).value();
  EXPECT_EQ(caller.name, "ada");
  EXPECT_EQ(caller.credential, "certificate spiffe://lab/ada");
  EXPECT_EQ(caller.address, "192.0.2.7");
  EXPECT_EQ(caller.certificate, "spiffe://lab/ada");
  EXPECT_FALSE(caller.expires.has_value());
  ExpectRefused(OverTls({"ada"}), "USER_UNKNOWN");  // a name of a user is no name of a certificate
  ExpectRefused(OverTls({std::string("ada.lab.example\0.evil", 21)}), "USER_UNKNOWN");
}

TEST_F(UserAuthenticator_Test, CertificateNamesTwoUsersThenRefused) {
  Add(User("ada", v1::ADMIN, {}, {"a"}));
  Add(User("bob", v1::ADMIN, {}, {"b"}));
  ExpectRefused(OverTls({"a", "b"}), "CREDENTIALS_DISAGREE");
}

TEST_F(UserAuthenticator_Test, TokenThenItsUserCallsUntilItExpires) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  const Caller caller = Ask(OverTls({}, text)).value();
  EXPECT_EQ(caller.name, "ada");
  EXPECT_EQ(caller.credential, "token laptop");
  EXPECT_EQ(caller.token, TokenIdOf(text));
  EXPECT_EQ(caller.expires, clock_.Now() + absl::Hours(24));
  clock_.Pass(absl::Hours(24));
  ExpectRefused(OverTls({}, text), "TOKEN_EXPIRED");
}

TEST_F(UserAuthenticator_Test, TokenIsRevokedThenRefusedAtOnce) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  Revoke(text);
  ExpectRefused(OverTls({}, text), "TOKEN_REVOKED");
}

TEST_F(UserAuthenticator_Test, SecretIsWrongThenNothingButUnknownIsSaid) {
  Add(User("ada", v1::MEMBER));
  std::string revoked = AddToken("ada"), alive = AddToken("ada"), nobodys = MakeToken(IdSource::Real()).text;
  Revoke(revoked);
  for (std::string* text : {&revoked, &alive}) text->back() = text->back() == 'x' ? 'y' : 'x';
  const absl::Status unknown = Ask(OverTls({}, nobodys)).status();
  EXPECT_EQ(ReasonOf(unknown), "TOKEN_UNKNOWN");
  for (const std::string& text : {revoked, alive}) EXPECT_EQ(Ask(OverTls({}, text)).status(), unknown);
}

// A server's clock that is set back must not accept what did not exist then, and a little is no reason to refuse.
TEST_F(UserAuthenticator_Test, ClockGoesBackPastTheTokensStartThenRefused) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  clock_.Set(-absl::Seconds(59));
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  clock_.Set(-absl::Seconds(2));
  ExpectRefused(OverTls({}, text), "TOKEN_NOT_YET_VALID");
}

TEST_F(UserAuthenticator_Test, TokenWithoutTlsThenRefusedWhoeverCalls) {
  Add(User("ada", v1::ADMIN, {1001}));
  const std::string text = AddToken("ada");
  for (Peer peer : {OnSocket(1001), OnSocket(0), OnLoopback()}) {
    for (const std::string& header : {"Bearer " + text, std::string("Bearer nonsense"), std::string()}) {
      peer.authorization = header;
      ExpectRefused(peer, "TOKEN_OVER_PLAINTEXT");
    }
  }
}

TEST_F(UserAuthenticator_Test, HeaderIsNoTokenThenMalformedAndNotEchoed) {
  Add(User("ada", v1::ADMIN, {}, {"ada"}));
  const std::string text = AddToken("ada");
  Peer peer = OverTls({"ada"});
  for (const std::string& header :
       {std::string(), std::string("Bearer"), std::string("Bearer "), text, "Basic " + text, "Bearer  " + text,
        "Bearer " + text + " ", "Bearer " + text + "x", "Bearer " + text.substr(1),
        "Bearer " + text.substr(0, 55) + "\n", "Bearer " + std::string(10'000, 'x'), std::string(10'000, '\x01'),
        "Bearer sst_T" + text.substr(5), "Bearer sst-" + text.substr(4),
        "Bearer " + text.substr(0, 12) + "." + text.substr(13)}) {
    peer.authorization = header;
    const absl::Status status = Ask(peer).status();
    EXPECT_EQ(ReasonOf(status), "TOKEN_MALFORMED") << header;
    EXPECT_EQ(status.message().find(text.substr(13, 20)), std::string::npos) << status;
  }
  peer.authorization = "bearer " + text;  // the scheme's case does not matter
  EXPECT_TRUE(Ask(peer).ok());
}

TEST_F(UserAuthenticator_Test, CertificateAndTokenThenTheyMustAgree) {
  Add(User("ada", v1::ADMIN, {}, {"ada"}));
  Add(User("bob", v1::MEMBER, {}, {"bob"}));
  const std::string text = AddToken("ada");
  const Caller caller = Ask(OverTls({"ada"}, text)).value();
  EXPECT_EQ(caller.name, "ada");
  EXPECT_EQ(caller.credential, "certificate ada, token laptop");
  ExpectRefused(OverTls({"bob"}, text), "CREDENTIALS_DISAGREE");
  // A certificate of nobody's adds nothing to a token, and a bad token is not made good by a certificate.
  EXPECT_EQ(Ask(OverTls({"gateway"}, text)).value().name, "ada");
  ExpectRefused(OverTls({"ada"}, MakeToken(IdSource::Real()).text), "TOKEN_UNKNOWN");
}

TEST_F(UserAuthenticator_Test, UserIsDisabledThenRefusedByEveryWay) {
  v1::User ada = User("ada", v1::ADMIN, {1001, kOwnUid}, {"ada"});
  Add(ada);
  const std::string text = AddToken("ada");
  ada.set_disabled(true);
  Update(ada);
  for (const Peer& peer : {OnSocket(1001), OnSocket(kOwnUid), OverTls({"ada"}), OverTls({}, text)}) {
    ExpectRefused(peer, "USER_DISABLED");
  }
  ada.set_disabled(false);
  Update(ada);
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
}

// The audit of refused callers named nobody, though the server knew whose the uid was.
TEST_F(UserAuthenticator_Test, RefusedThenWhatIsKnownIsSaidForTheAudit) {
  v1::User ada = User("ada", v1::ADMIN, {1001}, {"ada.lab"});
  Add(ada);
  const std::string text = AddToken("ada");
  const auto known = [&](const Peer& peer) {
    EXPECT_FALSE(Ask(peer).ok());
    return refused_.user + ": " + refused_.credential;
  };
  EXPECT_EQ(known(OnSocket(2222)), ": local uid 2222");
  EXPECT_EQ(known(OverTls({"eve.lab"})), ": certificate eve.lab");
  EXPECT_EQ(known(OverTls({"e\nve" + std::string(10'000, 'e')})).find('\n'), std::string::npos);
  EXPECT_LT(refused_.credential.size(), 300u);
  EXPECT_EQ(known(OverTls({}, MakeToken(IdSource::Real()).text)), ": ");
  std::string guessed = text;
  guessed.back() = guessed.back() == 'x' ? 'y' : 'x';
  EXPECT_EQ(known(OverTls({}, guessed)), ": ") << "a token's id is no secret";
  ada.set_disabled(true);
  Update(ada);
  EXPECT_EQ(known(OnSocket(1001)), "ada: local uid 1001");
  EXPECT_EQ(known(OverTls({"ada.lab"})), "ada: certificate ada.lab");
  EXPECT_EQ(known(OverTls({}, text)), "ada: token laptop");
  Revoke(text);
  EXPECT_EQ(known(OverTls({}, text)), "ada: token laptop");
}

// A connection outlives the certificate that began it.
TEST_F(UserAuthenticator_Test, CertificateExpiresDuringAConnectionThenRefused) {
  Add(User("ada", v1::ADMIN, {}, {"ada"}));
  const std::string text = AddToken("ada");  // for a day
  Peer peer = OverTls({"ada"}), with_token = OverTls({"ada"}, text), gateway = OverTls({"gateway"}, text);
  for (Peer* each : {&peer, &with_token, &gateway}) each->certificate_expires = clock_.Now() + absl::Hours(1);
  const Caller caller = Ask(peer).value(), both = Ask(with_token).value();
  EXPECT_EQ(caller.expires, clock_.Now() + absl::Hours(1));
  EXPECT_EQ(both.expires, clock_.Now() + absl::Hours(1));
  EXPECT_EQ(Ask(gateway).value().expires, clock_.Now() + absl::Hours(24));
  for (const Caller& each : {caller, both}) EXPECT_TRUE(authenticator_->Recheck(each).ok());
  clock_.Pass(absl::Hours(1));
  ExpectRefused(peer, "CERTIFICATE_EXPIRED");
  ExpectRefused(with_token, "CERTIFICATE_EXPIRED");
  EXPECT_TRUE(Ask(gateway).ok()) << "a certificate of nobody's adds nothing to a token";
  for (const Caller& each : {caller, both}) {
    EXPECT_EQ(ReasonOf(authenticator_->Recheck(each)), "CERTIFICATE_EXPIRED");
  }
}

class Recheck_Test : public AuthFixture {
 protected:
  absl::Status Recheck(const Caller& caller) { return authenticator_->Recheck(caller); }
};

TEST_F(Recheck_Test, NothingChangedThenEveryCallerIsStillWhoTheyWere) {
  const Caller loopback = Ask(OnLoopback()).value();
  EXPECT_TRUE(Recheck(loopback).ok());
  Add(User("ada", v1::MEMBER, {1001}, {"ada"}));
  const std::string text = AddToken("ada");
  for (const Peer& peer :
       {OnSocket(1001), OnSocket(kOwnUid), OverTls({"ada"}), OverTls({}, text), OverTls({"ada"}, text)}) {
    EXPECT_TRUE(Recheck(Ask(peer).value()).ok());
  }
  EXPECT_EQ(ReasonOf(Recheck(loopback)), "LOOPBACK_WITHOUT_USER");
}

TEST_F(Recheck_Test, UserIsDisabledThenSaysSo) {
  v1::User ada = User("ada", v1::MEMBER, {1001}, {"ada"});
  Add(ada);
  std::vector<Caller> callers;
  for (const Peer& peer : {OnSocket(1001), OverTls({"ada"}), OverTls({}, AddToken("ada"))}) {
    callers.push_back(Ask(peer).value());
  }
  ada.set_disabled(true);
  Update(ada);
  for (const Caller& caller : callers) EXPECT_EQ(ReasonOf(Recheck(caller)), "USER_DISABLED");
}

TEST_F(Recheck_Test, RoleIsLoweredThenDeniedAndRaisedThenNot) {
  v1::User ada = User("ada", v1::MEMBER, {1001});
  Add(ada);
  const Caller caller = Ask(OnSocket(1001)).value();
  ada.set_role(v1::ADMIN);
  Update(ada);
  EXPECT_TRUE(Recheck(caller).ok());
  ada.set_role(v1::VIEWER);
  Update(ada);
  EXPECT_EQ(Recheck(caller).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(Recheck(caller)), "ROLE_LOWERED");
}

TEST_F(Recheck_Test, CredentialIsTakenAwayThenUnknown) {
  v1::User ada = User("ada", v1::MEMBER, {1001}, {"ada"});
  Add(ada);
  const std::string text = AddToken("ada");
  const Caller by_uid = Ask(OnSocket(1001)).value(), by_certificate = Ask(OverTls({"ada"})).value(),
               by_both = Ask(OverTls({"ada"}, text)).value();
  ada.clear_local_uids();
  ada.clear_certificate_names();
  Update(ada);
  for (const Caller& caller : {by_uid, by_certificate, by_both}) {
    EXPECT_EQ(ReasonOf(Recheck(caller)), "USER_UNKNOWN");
  }
  Add(User("bob", v1::MEMBER, {1001}, {"ada"}));
  for (const Caller& caller : {by_uid, by_certificate, by_both}) {
    EXPECT_EQ(ReasonOf(Recheck(caller)), "USER_UNKNOWN");
  }
}

TEST_F(Recheck_Test, TokenExpiresOrIsRevokedThenSaysSo) {
  Add(User("ada", v1::MEMBER, {}, {"ada"}));
  const std::string revoked = AddToken("ada"), expired = AddToken("ada");
  const Caller first = Ask(OverTls({"ada"}, revoked)).value(), second = Ask(OverTls({}, expired)).value();
  Revoke(revoked);
  EXPECT_EQ(ReasonOf(Recheck(first)), "TOKEN_REVOKED");
  EXPECT_TRUE(Recheck(second).ok());
  clock_.Pass(absl::Hours(24));
  EXPECT_EQ(ReasonOf(Recheck(second)), "TOKEN_EXPIRED");
}

class TokenUses_Test : public AuthFixture {
 protected:
  std::optional<absl::Time> LastUse(const std::string& text) {
    authenticator_->FlushTokenUses();
    return Stored(text).last_use_time;
  }
};

TEST_F(TokenUses_Test, TokenIsUsedThenNotedOnceAMinute) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  EXPECT_FALSE(LastUse(text).has_value());
  const absl::Time first = clock_.Now();
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  EXPECT_EQ(LastUse(text), first);
  clock_.Pass(absl::Seconds(59));
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  EXPECT_EQ(LastUse(text), first);
  clock_.Pass(absl::Seconds(1));
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  EXPECT_EQ(LastUse(text), first + absl::Minutes(1));
}

TEST_F(TokenUses_Test, TokenIsRefusedThenNotNoted) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  Revoke(text);
  EXPECT_FALSE(Ask(OverTls({}, text)).ok());
  EXPECT_FALSE(LastUse(text).has_value());
}

TEST_F(TokenUses_Test, ClockGoesBackThenTheUseIsNotedByIt) {
  Add(User("ada", v1::MEMBER));
  clock_.Set(-absl::Hours(2));
  const std::string text = AddToken("ada");
  clock_.Set(absl::Hours(2));
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  EXPECT_EQ(LastUse(text), clock_.Now());
  clock_.Pass(absl::Minutes(2));
  clock_.Set(-absl::Hours(1));
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  EXPECT_EQ(LastUse(text), clock_.Now());
}

// A catalog whose writes fail.
class FullCatalog final : public storage::Catalog {
 public:
  explicit FullCatalog(storage::Catalog* catalog) : catalog_(catalog) {}
  absl::Status Write(const storage::Actor&, const std::function<absl::Status(storage::CatalogTransaction&)>&) override {
    ++writes_;
    return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL", "the disk is full");
  }
  absl::Status Read(const std::function<absl::Status(storage::CatalogReader&)>& body) override {
    return catalog_->Read(body);
  }
  int schema_version() const override { return catalog_->schema_version(); }
  int writes() const { return writes_; }

 private:
  storage::Catalog* const catalog_;
  std::atomic<int> writes_{0};
};

TEST_F(TokenUses_Test, UseCannotBeWrittenThenCallsSucceedAndItIsTriedOnceAMinute) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  FullCatalog full(storage_.catalog.get());
  UserAuthenticator authenticator(&full, &clock_, {kOwnUid, "lab", [](absl::Duration) {}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(authenticator.Authenticate(OverTls({}, text), &refused_).ok());
    authenticator.FlushTokenUses();
  }
  EXPECT_EQ(full.writes(), 1);
  clock_.Pass(absl::Minutes(1));
  EXPECT_TRUE(authenticator.Authenticate(OverTls({}, text), &refused_).ok());
  authenticator.FlushTokenUses();
  EXPECT_EQ(full.writes(), 2);
}

}  // namespace
}  // namespace sumscope::auth
