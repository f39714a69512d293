// Who asks: today everybody sees everything.
#include <gtest/gtest.h>

#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

class EveryViewer_Test : public BackendTest {
 protected:
  EveryViewer_Test() {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());  // ada's
      Job job = MakeJob("j1", "r1");
      EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
      EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a1", "key")).ok());
      Event event;
      event.run = "r1";
      event.change.set_state(v1::QUEUED);
      EXPECT_TRUE(transaction.events().Append(&event).ok());
      v1::UploadedQuestionSet set;
      set.set_sha256("abc");
      set.set_owner("ada");
      EXPECT_TRUE(transaction.question_sets().Insert(set).ok());
      v1::NodeTag tag;
      tag.set_node("P14L0H1");
      tag.set_tag("Algo:A2.SC");
      return transaction.facts().Put("r1", 10, "a1", {tag}, absl::UnixEpoch());
    });
  }
};
SUMSCOPE_ON_EVERY_BACKEND(EveryViewer_Test);

TEST_P(EveryViewer_Test, AnybodyAsksThenSeesWhatTheOwnerSees) {
  for (const Viewer& viewer : {Viewer::Server(), Viewer::User("ada"), Viewer::User("bob")}) {
    const absl::Status status = catalog().Read([&](CatalogReader& reader) {
      EXPECT_TRUE(reader.runs().Get(viewer, "r1").ok());
      EXPECT_EQ(reader.runs().Find(viewer, "r", RunsFirst::kLiving, 5)->size(), 1u);
      EXPECT_EQ(*reader.runs().Latest(viewer, "ada"), "r1");
      EXPECT_EQ(reader.runs().List(viewer, {})->runs.size(), 1u);
      EXPECT_TRUE(reader.jobs().Get(viewer, "j1").ok());
      EXPECT_TRUE(reader.jobs().GetTraining(viewer, "r1").ok());
      EXPECT_EQ(reader.jobs().ListUnfinished(viewer)->size(), 1u);
      EXPECT_EQ(*reader.jobs().CountQueued(viewer, 0, 10), 1u);
      EXPECT_TRUE(reader.analyses().Get(viewer, "r1", "a1").ok());
      EXPECT_TRUE(reader.analyses().Find(viewer, "r1", "key")->has_value());
      EXPECT_EQ(reader.analyses().List(viewer, {})->analyses.size(), 1u);
      EXPECT_EQ(reader.facts().List(viewer, {})->facts.size(), 1u);
      EXPECT_TRUE(reader.question_sets().Get(viewer, "abc").ok());
      EXPECT_EQ(reader.question_sets().List(viewer, 10, "")->question_sets.size(), 1u);
      EXPECT_EQ(reader.events().List(viewer, "r1", 0, 10)->size(), 1u);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << viewer.user() << ": " << status;
  }
}

TEST(Viewer_Test, ServerIsNobodyByName) {
  EXPECT_TRUE(Viewer::Server().sees_everything());
  EXPECT_EQ(Viewer::Server().user(), "");
  EXPECT_FALSE(Viewer::User("").sees_everything());
  EXPECT_EQ(Viewer::User("ada").user(), "ada");
}

}  // namespace
}  // namespace sumscope::storage
