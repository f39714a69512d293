// One row of the catalog that cannot be read is named; every other is served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "storage/sqlite/base/connection.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class DamagedRows_Test : public testing::Test {
 protected:
  DamagedRows_Test() {
    storage_ = *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real());
    const absl::Status status = storage_.catalog->Write([](CatalogTransaction& transaction) -> absl::Status {
      for (const char* id : {"r1", "r2", "r3"}) {
        v1::Run run = MakeRun(id);
        (*run.mutable_labels())["key"] = "value";
        EXPECT_TRUE(transaction.runs().Insert(run).ok());
        Job job = MakeJob("j" + std::string(id), id);
        EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
        v1::Analysis analysis = MakeAnalysis(id, "a1", "key");
        analysis.mutable_provenance()->set_host("here");
        EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
        Event event;
        event.run = "r1";
        event.change.set_state(v1::QUEUED);
        EXPECT_TRUE(transaction.events().Append(&event).ok());
      }
      v1::NodeTag tag;
      tag.set_node("P14L0H1");
      tag.set_tag("Algo:A2.SC");
      return transaction.facts().Put("r1", 10, "a1", {tag}, absl::UnixEpoch());
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  void Damage(const std::string& sql) {
    const auto connection =
        *Connection::Open({folder_.path() + "/catalog.db", FileKind::kCatalog}, Connection::Mode::kReadWrite);
    ASSERT_TRUE(connection
                    ->Guard([&] {
                      connection->Execute("PRAGMA foreign_keys=OFF");
                      return connection->Execute(sql), absl::OkStatus();
                    })
                    .ok());
  }
  void Read(const std::function<void(CatalogReader&)>& body) {
    const absl::Status status = storage_.catalog->Read([&](CatalogReader& reader) {
      body(reader);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  // "r3 r1", and behind it the damaged ones: "r2!".
  static std::vector<std::string> Listed(CatalogReader& reader, const std::string& filter = "") {
    RunQuery query;
    query.filter = filter;
    query.page_size = 2;  // a damaged row takes its place on a page
    std::vector<std::string> names;
    do {
      const auto page = reader.runs().List(Viewer::Server(), query);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return names;
      for (const v1::Run& run : page->runs) {
        names.push_back(run.name().substr(5) + (run.state_reason() == "CATALOG_ROW_CORRUPT" ? "!" : ""));
      }
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    return names;
  }

  const TempDirectory folder_;
  Storage storage_;
};

// One unreadable spec made every list of runs INTERNAL, and no message said which row it was.
TEST_F(DamagedRows_Test, RunThatCannotBeReadThenItIsNamedAndTheOthersAreListed) {
  for (const char* damage :
       {"UPDATE runs SET spec = 'no JSON' WHERE id = 'r2'",
        "UPDATE runs SET spec = '{}', state = 'WALKING' WHERE id = 'r2'",
        "UPDATE runs SET state = 'QUEUED', owner = CAST(x'ff41' AS TEXT) WHERE id = 'r2'",
        "UPDATE runs SET owner = 'ada'; UPDATE labels SET value = CAST(x'80' AS TEXT) WHERE run = 'r2'"}) {
    Damage(damage);
    Read([&](CatalogReader& reader) {
      EXPECT_THAT(Listed(reader), ElementsAre("r3", "r2!", "r1")) << damage;
      const absl::Status status = reader.runs().Get(Viewer::Server(), "r2").status();
      EXPECT_TRUE(absl::IsDataLoss(status)) << status;
      EXPECT_EQ(ErrorReason(status), "CATALOG_ROW_CORRUPT");
      EXPECT_THAT(std::string(status.message()), HasSubstr("runs/r2"));
      EXPECT_TRUE(reader.runs().Get(Viewer::Server(), "r1").ok());
    });
  }
}

// What is neither LAB nor PRIVATE is nobody else's business.
TEST_F(DamagedRows_Test, VisibilityThatIsNoneThenTheRunIsDamagedToItsOwnerAndAbsentToOthers) {
  Damage("UPDATE runs SET visibility = 'lab' WHERE id = 'r2'");
  Read([](CatalogReader& reader) {
    EXPECT_THAT(Listed(reader), ElementsAre("r3", "r2!", "r1"));
    EXPECT_EQ(ErrorReason(reader.runs().Get(Viewer::User("ada"), "r2").status()), "CATALOG_ROW_CORRUPT");
    EXPECT_EQ(ErrorReason(reader.runs().Get(Viewer::User("bob"), "r2").status()), "RUN_NOT_FOUND");
    EXPECT_THAT(reader.runs().List(Viewer::User("bob"), {})->runs, SizeIs(2));
  });
}

// A role that cannot be read must never be taken for one.
TEST_F(DamagedRows_Test, UserThatCannotBeReadThenTheyAreNamedAndHaveNoRole) {
  const absl::Status inserted = storage_.catalog->Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const uint32_t uid : {1u, 2u}) {
      v1::User user;
      user.set_name(uid == 1 ? "users/ada" : "users/bob");
      user.set_role(v1::ADMIN);
      user.add_local_uids(uid);
      EXPECT_TRUE(transaction.users().Insert(user).ok());
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(inserted.ok()) << inserted;
  for (const char* damage : {"UPDATE users SET role = 'admin' WHERE name = 'ada'",
                             "UPDATE users SET role = 'ROLE_UNSPECIFIED' WHERE name = 'ada'",
                             "UPDATE users SET role = 'ADMIN' WHERE name = 'ada'; INSERT INTO user_certificates VALUES "
                             "(CAST(x'ff' AS TEXT), 'ada')",
                             "DELETE FROM user_certificates; INSERT INTO user_uids VALUES (-1, 'ada')"}) {
    Damage(damage);
    Read([&](CatalogReader& reader) {
      const absl::Status status = reader.users().Get("ada").status();
      EXPECT_EQ(ErrorReason(status), "CATALOG_ROW_CORRUPT") << damage;
      EXPECT_THAT(std::string(status.message()), HasSubstr("users/ada"));
      EXPECT_EQ(ErrorReason(reader.users().OfUid(1).status()), "CATALOG_ROW_CORRUPT");
      EXPECT_EQ((*reader.users().OfUid(2))->role(), v1::ADMIN);
      const auto page = reader.users().List(10, "");
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_THAT(page->users, SizeIs(2));
      EXPECT_EQ(page->users[0].name(), "users/ada");
      EXPECT_EQ(page->users[0].role(), v1::ROLE_UNSPECIFIED);
      EXPECT_TRUE(page->users[0].disabled());
    });
  }
}

TEST_F(DamagedRows_Test, SpecThatIsNoJsonThenFiltersOverSpecsFindTheOthers) {
  Damage("UPDATE runs SET spec = 'no JSON' WHERE id = 'r2'");
  Read([](CatalogReader& reader) {
    EXPECT_THAT(Listed(reader, "spec.n_digits = 5"), ElementsAre("r3", "r1"));
    EXPECT_THAT(Listed(reader, "NOT spec.n_digits = 6"), ElementsAre("r3", "r2!", "r1"));
    EXPECT_THAT(reader.facts().List(Viewer::Server(), {"run.n_digits = 5", 10, ""})->facts, SizeIs(1));
  });
}

TEST_F(DamagedRows_Test, AnalysisThatCannotBeReadThenItIsNamedAndTheOthersAreListed) {
  for (const char* damage : {"UPDATE analyses SET question_set = '{' WHERE run = 'r2'",
                             "UPDATE analyses SET question_set = NULL, provenance = '[]' WHERE run = 'r2'",
                             "UPDATE analyses SET provenance = NULL, state = 'x' WHERE run = 'r2'"}) {
    Damage(damage);
    Read([&](CatalogReader& reader) {
      const auto page = reader.analyses().List(Viewer::Server(), {"", "", 10, ""});
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_THAT(page->analyses, SizeIs(3));
      EXPECT_EQ(page->analyses[1].name(), "runs/r2/analyses/a1");
      EXPECT_EQ(page->analyses[1].state_reason(), "CATALOG_ROW_CORRUPT");
      EXPECT_EQ(page->analyses[0].state(), v1::QUEUED);
      const absl::Status status = reader.analyses().Get(Viewer::Server(), "r2", "a1").status();
      EXPECT_EQ(ErrorReason(status), "CATALOG_ROW_CORRUPT");
      EXPECT_THAT(std::string(status.message()), HasSubstr("runs/r2/analyses/a1"));
      EXPECT_FALSE(reader.analyses().Find(Viewer::Server(), "r2", "key")->has_value()) << "it is asked anew";
      EXPECT_TRUE(reader.analyses().Find(Viewer::Server(), "r1", "key")->has_value());
    });
  }
  // The damaged answer came first for ever, and hid the one that was computed in its place.
  const absl::Status again = storage_.catalog->Write(
      [](CatalogTransaction& transaction) { return transaction.analyses().Put(MakeAnalysis("r2", "a2", "key")); });
  EXPECT_TRUE(again.ok()) << again;
  Read([&](CatalogReader& reader) {
    const auto found = reader.analyses().Find(Viewer::Server(), "r2", "key");
    ASSERT_TRUE(found.ok() && found->has_value());
    EXPECT_EQ((*found)->name(), "runs/r2/analyses/a2");
  });
  const absl::Status forgotten = storage_.catalog->Write(
      [](CatalogTransaction& transaction) { return transaction.question_sets().ForgetUnnamed(absl::Now()); });
  EXPECT_TRUE(forgotten.ok()) << forgotten;
}

// The damaged row was met first every time, and every equal question was computed anew for ever.
TEST_F(DamagedRows_Test, AnalysisWasAskedAnewThenTheSoundOneIsFound) {
  Damage("UPDATE analyses SET question_set = '{' WHERE run = 'r2'");
  const absl::Status put = storage_.catalog->Write(
      [](CatalogTransaction& transaction) { return transaction.analyses().Put(MakeAnalysis("r2", "a2", "key")); });
  ASSERT_TRUE(put.ok()) << put;
  Read([](CatalogReader& reader) {
    const auto found = *reader.analyses().Find(Viewer::Server(), "r2", "key");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->name(), "runs/r2/analyses/a2");
  });
}

TEST_F(DamagedRows_Test, EventOrJobThatCannotBeReadThenItKeepsItsPlace) {
  Damage(
      "UPDATE events SET state = 'WALKING' WHERE sequence = 2; UPDATE jobs SET state = 'WALKING', "
      "detail = CAST(x'ff' AS TEXT) WHERE id = 'jr2'");
  Read([](CatalogReader& reader) {
    const auto events = reader.events().List(Viewer::Server(), "r1", 0, 10);
    ASSERT_THAT(*events, SizeIs(3));
    EXPECT_EQ((*events)[1].change.reason(), "CATALOG_ROW_CORRUPT");
    EXPECT_EQ((*events)[2].change.state(), v1::QUEUED);
    const auto jobs = reader.jobs().ListUnfinished(Viewer::Server());
    ASSERT_THAT(*jobs, SizeIs(3));
    EXPECT_EQ((*jobs)[1].state, v1::STATE_UNSPECIFIED);
    EXPECT_EQ((*jobs)[1].detail, "?");
  });
}

TEST_F(DamagedRows_Test, FactThatIsNoUtf8ThenTheListCanBeSent) {
  Damage("UPDATE node_facts SET value = CAST(x'80' AS TEXT)");
  Read([](CatalogReader& reader) {
    EXPECT_EQ(reader.facts().List(Viewer::Server(), {"", 10, ""})->facts[0].value(), "?");
  });
}

}  // namespace
}  // namespace sumscope::storage
