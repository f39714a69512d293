// Whose question sets are: of those who uploaded them, and of who sees an analysis that names them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;

class SeenQuestionSets_Test : public BackendTest {
 protected:
  void Upload(const std::string& sha256, const std::string& owner, int second) {
    Write([&](CatalogTransaction& transaction) {
      v1::UploadedQuestionSet set;
      set.set_sha256(sha256);
      set.set_owner(owner);
      set.mutable_create_time()->set_seconds(second);
      return transaction.question_sets().Insert(set);
    });
  }
  void Name(const std::string& sha256, const std::string& owner, const std::string& run, v1::Visibility visibility,
            int second) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      v1::Run made = MakeRun(run);
      made.set_owner(owner);
      made.set_visibility(visibility);
      EXPECT_TRUE(transaction.runs().Insert(made).ok());
      v1::Analysis analysis = MakeAnalysis(run, "a1", "key");
      analysis.set_owner(owner);
      analysis.mutable_create_time()->set_seconds(second);
      analysis.mutable_question_set()->mutable_uploaded()->set_sha256(sha256);
      return transaction.analyses().Put(analysis);
    });
  }
  void Forget(int uploaded_before) {
    Write([&](CatalogTransaction& transaction) {
      return transaction.question_sets().ForgetUnnamed(absl::FromUnixSeconds(uploaded_before));
    });
  }
  // "sha256 owner second" of each that the viewer lists; Get gives the same.
  std::vector<std::string> Seen(const Viewer& viewer) {
    std::vector<std::string> seen;
    const absl::Status status = catalog().Read([&](CatalogReader& reader) -> absl::Status {
      std::string token;
      do {
        const auto page = reader.question_sets().List(viewer, 2, token);
        if (!page.ok()) return page.status();
        for (const v1::UploadedQuestionSet& set : page->question_sets) {
          seen.push_back(absl::StrCat(set.sha256(), " ", set.owner(), " ", set.create_time().seconds()));
          const auto alone = reader.question_sets().Get(viewer, set.sha256());
          EXPECT_TRUE(alone.ok()) << alone.status();
          if (alone.ok()) {
            EXPECT_EQ(alone->SerializeAsString(), set.SerializeAsString());
          }
        }
        token = page->next_page_token;
      } while (!token.empty() && seen.size() < 50);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return seen;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(SeenQuestionSets_Test);

TEST_P(SeenQuestionSets_Test, SameTextOfTwoUsersThenEachSeesTheirOwnUploadAlone) {
  Upload("x", "ada", 10);
  Upload("y", "bob", 20);
  Upload("x", "bob", 30);
  Upload("x", "bob", 40);
  EXPECT_THAT(Seen(Viewer::User("ada")), ElementsAre("x ada 10"));
  EXPECT_THAT(Seen(Viewer::User("bob")), ElementsAre("x bob 30", "y bob 20")) << "in the order of his own uploads";
  EXPECT_THAT(Seen(Viewer::User("eve")), ElementsAre());
  EXPECT_THAT(Seen(Viewer::Admin("root")), ElementsAre("y bob 20", "x ada 10"));
}

TEST_P(SeenQuestionSets_Test, AnalysisNamesItThenWhoSeesThatSeesItAsItCameIntoSight) {
  Upload("x", "cat", 5);
  Upload("x", "ada", 10);
  Name("x", "ada", "r1", v1::PRIVATE, 20);
  EXPECT_THAT(Seen(Viewer::User("eve")), ElementsAre());
  Name("x", "bob", "r2", v1::LAB, 30);
  Name("x", "cat", "r3", v1::LAB, 40);
  Upload("y", "eve", 35);
  EXPECT_THAT(Seen(Viewer::User("eve")), ElementsAre("y eve 35", "x bob 30"));
  EXPECT_THAT(Seen(Viewer::User("ada")), ElementsAre("x ada 10"));
  Write([](CatalogTransaction& transaction) { return transaction.analyses().Remove("r2", "a1"); });
  EXPECT_THAT(Seen(Viewer::User("eve")), ElementsAre("y eve 35", "x cat 40"));
}

TEST_P(SeenQuestionSets_Test, UploadOfNobodyThenEverybodySeesIt) {
  Upload("x", "", 10);
  Upload("y", "ada", 20);
  Upload("y", "", 30);
  EXPECT_THAT(Seen(Viewer::User("eve")), ElementsAre("y  30", "x  10"));
}

// Else the grace of one user's upload would tell of another's.
TEST_P(SeenQuestionSets_Test, GraceIsOverThenTheUploadIsForgottenThoughAnotherKeepsTheText) {
  Upload("x", "bob", 10);
  Upload("x", "ada", 100);
  Upload("z", "bob", 10);
  Upload("w", "bob", 10);
  Name("z", "ada", "r1", v1::PRIVATE, 20);
  Name("w", "bob", "r2", v1::PRIVATE, 20);
  Forget(50);
  EXPECT_THAT(Seen(Viewer::User("bob")), ElementsAre("w bob 10")) << "which an analysis of his names";
  EXPECT_THAT(Seen(Viewer::User("ada")), ElementsAre("z ada 20", "x ada 100"));
  EXPECT_EQ(Seen(Viewer::Server()).size(), 3u);
  Forget(101);
  EXPECT_THAT(Seen(Viewer::User("ada")), ElementsAre("z ada 20"));
  EXPECT_EQ(Seen(Viewer::Server()).size(), 2u);
}

}  // namespace
}  // namespace sumscope::storage
