// The audit: what it lists, and that a change and its row are stored together or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kCreateRun[] = "/sumscope.v1.RunService/CreateRun";
constexpr char kDeleteRun[] = "/sumscope.v1.RunService/DeleteRun";

absl::Time Moment(int second) { return absl::FromUnixSeconds(1'700'000'000 + second); }

AuditRow MakeRow(const std::string& user, const std::string& method, const std::string& resource, int second) {
  AuditRow row;
  row.time = Moment(second);
  row.user = user;
  row.credential = "local uid 1000";
  row.address = "socket";
  row.method = method;
  row.resource = resource;
  return row;
}

class Audit_Test : public BackendTest {
 protected:
  void Append(AuditRow row) {
    Write([&](CatalogTransaction& transaction) { return transaction.audit().Append(&row); });
  }
  // The resources of all pages.
  std::vector<std::string> Resources(AuditQuery query) {
    std::vector<std::string> resources;
    query.page_size = 2;
    const absl::Status status = catalog().Read([&](CatalogReader& reader) -> absl::Status {
      do {
        const auto page = reader.audit().List(query);
        if (!page.ok()) return page.status();
        for (const AuditRow& row : page->rows) resources.push_back(row.resource);
        query.page_token = page->next_page_token;
      } while (!query.page_token.empty() && resources.size() < 100);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return resources;
  }
  std::vector<AuditRow> Rows() {
    std::vector<AuditRow> rows;
    const absl::Status status = catalog().Read([&](CatalogReader& reader) {
      rows = reader.audit().List({})->rows;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return rows;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Audit_Test);

TEST_P(Audit_Test, RowComesBackWholeAndIsCorrected) {
  AuditRow row = MakeRow("ada", kCreateRun, "runs/r1", 1);
  row.code = absl::StatusCode::kPermissionDenied;
  row.reason = "METHOD_DENIED";
  row.request_id = "00000002-0000-4000-8000-000000000000";
  Append(row);
  Reopen();
  ASSERT_EQ(Rows().size(), 1u);
  AuditRow read = Rows().front();
  EXPECT_GT(read.sequence, 0u);
  EXPECT_EQ(read.time, Moment(1));
  EXPECT_EQ(read.user, "ada");
  EXPECT_EQ(read.credential, "local uid 1000");
  EXPECT_EQ(read.address, "socket");
  EXPECT_EQ(read.method, kCreateRun);
  EXPECT_EQ(read.resource, "runs/r1");
  EXPECT_EQ(read.code, absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(read.reason, "METHOD_DENIED");
  EXPECT_EQ(read.request_id, row.request_id);

  read.resource = "runs/r2";
  read.code = absl::StatusCode::kUnavailable;
  read.reason = "DRAINING";
  read.user = "nobody";
  Write([&](CatalogTransaction& transaction) { return transaction.audit().Correct(read); });
  ASSERT_EQ(Rows().size(), 1u);
  EXPECT_EQ(Rows().front().resource, "runs/r2");
  EXPECT_EQ(Rows().front().code, absl::StatusCode::kUnavailable);
  EXPECT_EQ(Rows().front().reason, "DRAINING");
  EXPECT_EQ(Rows().front().user, "ada") << "who it was stays";
}

TEST_P(Audit_Test, EachFilterThenItsRowsTheNewestFirst) {
  Append(MakeRow("ada", kCreateRun, "runs/r1", 1));
  Append(MakeRow("bob", kCreateRun, "runs/r10", 2));
  Append(MakeRow("ada", "/sumscope.v1.AnalysisService/CreateAnalysis", "runs/r1/analyses/a1", 3));
  Append(MakeRow("ada", kDeleteRun, "runs/r1-b", 4));
  Append(MakeRow("bob", kDeleteRun, "runs/r1", 5));
  Append(MakeRow("ada", "/other.Service/CreateRun", "runs/r%", 6));
  Append(MakeRow("", "Odd", "", 7));

  AuditQuery query;
  EXPECT_THAT(Resources(query),
              ElementsAre("", "runs/r%", "runs/r1", "runs/r1-b", "runs/r1/analyses/a1", "runs/r10", "runs/r1"));
  query.resource = "runs/r1";
  EXPECT_THAT(Resources(query), ElementsAre("runs/r1", "runs/r1/analyses/a1", "runs/r1"));
  query.user = "ada";
  EXPECT_THAT(Resources(query), ElementsAre("runs/r1/analyses/a1", "runs/r1"));
  query.method = "CreateRun";
  EXPECT_THAT(Resources(query), ElementsAre("runs/r1"));
  query.since = Moment(2);
  EXPECT_THAT(Resources(query), IsEmpty());
  query = {};
  query.resource = "runs";
  EXPECT_THAT(Resources(query),
              ElementsAre("runs/r%", "runs/r1", "runs/r1-b", "runs/r1/analyses/a1", "runs/r10", "runs/r1"));
  query.resource = "runs/r%";
  EXPECT_THAT(Resources(query), ElementsAre("runs/r%")) << "no wildcard";
  query = {};
  query.method = "CreateRun";
  EXPECT_THAT(Resources(query), ElementsAre("runs/r%", "runs/r10", "runs/r1"));
  query.method = kCreateRun;
  EXPECT_THAT(Resources(query), ElementsAre("runs/r10", "runs/r1"));
  query.method = "%";
  EXPECT_THAT(Resources(query), IsEmpty());
  query.method = "Odd";
  EXPECT_THAT(Resources(query), ElementsAre(""));
}

// The order is that of the calls, and a clock that stepped back hides none of them.
TEST_P(Audit_Test, ClockStepsBackThenSinceStillFindsEveryRowOfThatTimeOrLater) {
  Append(MakeRow("ada", kCreateRun, "runs/at-10", 10));
  Append(MakeRow("ada", kCreateRun, "runs/at-30", 30));
  Append(MakeRow("ada", kCreateRun, "runs/at-5", 5));
  Append(MakeRow("ada", kCreateRun, "runs/at-20", 20));
  Append(MakeRow("ada", kCreateRun, "runs/at-40", 40));
  AuditQuery query;
  query.since = Moment(20);
  EXPECT_THAT(Resources(query), ElementsAre("runs/at-40", "runs/at-20", "runs/at-30"));
  query.since = Moment(41);
  EXPECT_THAT(Resources(query), IsEmpty());
  query.since = Moment(0);
  EXPECT_EQ(Resources(query).size(), 5u);
  Write([](CatalogTransaction& transaction) { return transaction.audit().Prune(Moment(20)); });
  EXPECT_THAT(Resources({}), ElementsAre("runs/at-40", "runs/at-20", "runs/at-30"));
}

TEST_P(Audit_Test, PageTokenOfAnotherQueryThenItIsRefused) {
  for (int i = 0; i < 4; ++i) Append(MakeRow("ada", kCreateRun, "runs/r1", i));
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    AuditQuery query;
    query.page_size = 2;
    query.page_token = reader.audit().List(query)->next_page_token;
    EXPECT_TRUE(reader.audit().List(query).ok());
    for (const auto& change : std::vector<std::function<void(AuditQuery&)>>{
             [](AuditQuery& other) { other.user = "ada"; }, [](AuditQuery& other) { other.method = "CreateRun"; },
             [](AuditQuery& other) { other.resource = "runs/r1"; }, [](AuditQuery& other) { other.since = Moment(0); },
             [](AuditQuery& other) { other.page_token = "x"; }}) {
      AuditQuery other = query;
      change(other);
      EXPECT_EQ(ErrorReason(reader.audit().List(other).status()), "PAGE_TOKEN_INVALID");
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

class ActorsWrite_Test : public Audit_Test {
 protected:
  ActorsWrite_Test() { audit_.row = MakeRow("ada", kCreateRun, "", 1); }
  Actor actor() { return Actor(Viewer::User("ada"), &audit_); }
  bool HasRun(const std::string& run) {
    return catalog()
        .Read([&](CatalogReader& reader) { return reader.runs().Get(Viewer::Server(), run).status(); })
        .ok();
  }

  CallAudit audit_;
};
SUMSCOPE_ON_EVERY_BACKEND(ActorsWrite_Test);

TEST_P(ActorsWrite_Test, CommittedThenItsRowIsThereAsTheBodyLeftIt) {
  audit_.row.code = absl::StatusCode::kInternal;
  audit_.row.reason = "left from before";
  const Actor actor = this->actor();
  const absl::Status status = catalog().Write(actor, [&](CatalogTransaction& transaction) {
    actor.Names("runs/r1");
    return transaction.runs().Insert(MakeRun("r1"));
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(audit_.written);
  ASSERT_EQ(Rows().size(), 1u);
  EXPECT_EQ(Rows().front().resource, "runs/r1");
  EXPECT_EQ(Rows().front().code, absl::StatusCode::kOk);
  EXPECT_EQ(Rows().front().reason, "");
  EXPECT_EQ(Rows().front().sequence, audit_.row.sequence);
}

TEST_P(ActorsWrite_Test, SecondWriteOfTheCallThenThereIsOneRow) {
  for (const char* run : {"r1", "r2"}) {
    ASSERT_TRUE(
        catalog()
            .Write(actor(), [&](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun(run)); })
            .ok());
  }
  EXPECT_EQ(Rows().size(), 1u);
}

TEST_P(ActorsWrite_Test, NobodyIsAnswerableThenThereIsNoRow) {
  for (const Actor& actor : {Actor::Server(), Actor(Viewer::User("ada"), nullptr)}) {
    actor.Names("runs/r1");
    EXPECT_TRUE(catalog().Write(actor, [](CatalogTransaction&) { return absl::OkStatus(); }).ok());
  }
  EXPECT_TRUE(catalog().Write([](CatalogTransaction&) { return absl::OkStatus(); }).ok());
  EXPECT_THAT(Rows(), IsEmpty());
}

TEST_P(ActorsWrite_Test, BodyFailsThenNeitherChangeNorRowIsThere) {
  EXPECT_FALSE(catalog()
                   .Write(actor(),
                          [](CatalogTransaction& transaction) -> absl::Status {
                            EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
                            return absl::UnavailableError("no");
                          })
                   .ok());
  EXPECT_FALSE(audit_.written);
  EXPECT_EQ(audit_.row.sequence, 0u);
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_FALSE(HasRun("r1"));
}

// A job of no run breaks a constraint that SQLite looks at when it commits.
TEST_P(ActorsWrite_Test, CommitFailsThenNeitherChangeNorRowIsThereAndTheNextWriteOwesIt) {
  const absl::Status status = catalog().Write(actor(), [](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    Job job = MakeJob("j1", "absent");
    return transaction.jobs().Insert(&job);
  });
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(audit_.written);
  EXPECT_EQ(audit_.row.sequence, 0u);
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_FALSE(HasRun("r1"));
  EXPECT_TRUE(
      catalog()
          .Write(actor(), [](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("r1")); })
          .ok());
  EXPECT_TRUE(audit_.written);
  EXPECT_EQ(Rows().size(), 1u);
}

}  // namespace
}  // namespace sumscope::storage
