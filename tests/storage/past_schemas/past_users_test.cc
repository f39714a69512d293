// A catalog of before there were users is a lab's in which everybody sees everything; later ones keep who may see what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/sha256.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/any_transition.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr char kUploaded[] = "12+34\n56+78\n";

class PastUsers_Test : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const std::string file = absl::StrCat("catalog_", GetParam(), ".db");
    std::error_code error;
    std::filesystem::copy_file(absl::StrCat(SUMSCOPE_SOURCE_DIR, "/tests/storage/past_schemas/", file),
                               folder_.path() + "/catalog.db", error);
    ASSERT_FALSE(error) << file << ": " << error.message();
    absl::StatusOr<Storage> storage = OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
  }
  void Read(const std::function<void(CatalogReader&)>& body) {
    const absl::Status status =
        storage_.catalog->Read([&](CatalogReader& reader) { return body(reader), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
  static bool HasFacts() { return GetParam() >= 2; }
  static bool HasUsers() { return GetParam() >= 7; }

  const TempDirectory folder_;
  Storage storage_;
};

TEST_P(PastUsers_Test, OpenedThenWhatWasThereIsTheLabs) {
  Read([](CatalogReader& reader) {
    std::vector<std::string> ids;
    const auto page = reader.runs().List(Viewer::User("bob"), {});
    for (const v1::Run& run : page->runs) {
      EXPECT_EQ(run.visibility(), v1::LAB) << run.name();
      ids.push_back(IdOf(run.name()));
    }
    EXPECT_THAT(ids, Contains("succeeded"));
    EXPECT_THAT(ids, HasUsers() ? Not(Contains("cancelled"))
                                : testing::Matcher<std::vector<std::string>>(Contains("cancelled")));
    const auto request = reader.requests().Find("00000002-0000-4000-8000-000000000000");
    EXPECT_EQ((*request)->user, HasUsers() ? "ada" : "");
    const auto set = reader.question_sets().Get(Viewer::User("bob"), Sha256Hex(kUploaded));
    EXPECT_EQ(set.ok(), HasFacts()) << set.status();
    if (set.ok()) {
      EXPECT_EQ(set->owner(), "ada");
    }
  });
}

TEST_P(PastUsers_Test, OpenedThenUsersTokensAndAuditAreServed) {
  Read([](CatalogReader& reader) {
    if (!HasUsers()) {
      EXPECT_EQ(*reader.users().Count(), 0u);
      EXPECT_THAT(reader.audit().List({})->rows, IsEmpty());
      return;
    }
    EXPECT_EQ(*reader.users().Count(), 3u);
    EXPECT_EQ(*reader.users().CountAdmins(), 1u);
    EXPECT_THAT(reader.users().Get("ada")->local_uids(), ElementsAre(1000, 1001));
    EXPECT_EQ((*reader.users().OfCertificate("bob.example"))->name(), "users/bob");
    EXPECT_TRUE((*reader.users().OfUid(1002))->disabled());
    EXPECT_EQ((*reader.tokens().Find("t0000001"))->digest.size(), 32u);
    EXPECT_EQ(reader.audit().List({})->rows.front().method, "/sumscope.v1.RunService/DeleteRun");
    AuditQuery of_run;
    of_run.resource = "runs/succeeded";
    EXPECT_EQ(reader.audit().List(of_run)->rows.size(), 1u);
  });
}

INSTANTIATE_TEST_SUITE_P(Catalog, PastUsers_Test, testing::Range(1, CatalogSchema().version() + 1));

}  // namespace
}  // namespace sumscope::storage
