// A question that waits already is asked by somebody else: they wait for one answer, and no longer than they would
// alone.
#include "server/jobs/analyses/analyses.h"
#include "tests/server/jobs/sharing/sharing_fixture.h"

namespace sumscope::jobs {
namespace {

class Joining_Test : public SharingFixture {
 protected:
  // The slot is taken: what is asked waits.
  void SetUp() override {
    SharingFixture::SetUp();
    run_ = Trained();
    Of("ada");
    StartNext();
  }
  Queue& queue() { return manager_->queue(); }
  // As the catalog has it, and as the queue does.
  storage::Job Stored(const CreatedAnalysis& asked) {
    storage::Job job;
    const absl::Status read = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto row = reader.jobs().Get(storage::Viewer::Server(), Id(asked.analysis.job()));
      if (row.ok()) job = *row;
      return row.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return job;
  }
  storage::Job Waiting(const CreatedAnalysis& asked) {
    const auto view = queue().View();
    const QueuedJob* const found = view->Find(Id(asked.analysis.job()));
    EXPECT_NE(found, nullptr);
    return found == nullptr ? storage::Job() : found->job;
  }
  std::string run_;
};

// Somebody else's hold kept a question from ever being answered: who asked it could neither release it nor have
// another.
TEST_F(Joining_Test, HeldQuestionIsAskedByAnotherThenItIsReleased) {
  const CreatedAnalysis first = Ask("ada", run_);
  ASSERT_TRUE(queue().Hold(User("ada"), Id(first.analysis.job())).ok());
  EXPECT_EQ(Ask("ada", run_).analysis.state_reason(), "HELD") << "its holder knows";
  EXPECT_EQ(Stored(first).held_by, "ada");

  const CreatedAnalysis joined = Ask("bob", run_);
  EXPECT_TRUE(joined.from_cache);
  EXPECT_EQ(joined.analysis.name(), first.analysis.name());
  EXPECT_EQ(joined.analysis.state(), v1::QUEUED);
  EXPECT_EQ(joined.analysis.state_reason(), "PRIORITY");
  EXPECT_EQ(GetAnalysis(run_, Id(first.analysis.name())).state_reason(), "PRIORITY");
  EXPECT_EQ(Stored(first).held_by, "");
  EXPECT_EQ(Waiting(first).held_by, "");
  EXPECT_EQ(Stored(first).owner, "ada");
}

TEST_F(Joining_Test, QuestionOfALowerClassIsAskedByAnotherThenItIsRaised) {
  const CreatedAnalysis first = Ask("ada", run_, v1::LOW);
  Ask("bob", run_, v1::LOW);
  EXPECT_EQ(Stored(first).priority, v1::LOW);
  Ask("bob", run_);
  EXPECT_EQ(Stored(first).priority, v1::NORMAL);
  EXPECT_EQ(Waiting(first).priority, v1::NORMAL);
  Ask("bob", run_, v1::LOW);
  EXPECT_EQ(Stored(first).priority, v1::NORMAL) << "it is never lowered";
}

TEST_F(Joining_Test, HighIsAskedThenItIsGivenToWhomItMayBe) {
  const CreatedAnalysis first = Ask("ada", run_, v1::LOW);
  Ask("bob", run_, v1::HIGH);
  EXPECT_EQ(Stored(first).priority, v1::NORMAL);
  Ask("root", run_, v1::HIGH);
  EXPECT_EQ(Stored(first).priority, v1::HIGH);
  EXPECT_EQ(Waiting(first).priority, v1::HIGH);
}

TEST_F(Joining_Test, OrderIsHeldThenWhoJoinsItWaitsForItsRunAlone) {
  const std::string unfinished = Of("ada");
  const CreatedAnalysis first = Ask("ada", unfinished, v1::NORMAL, 0, /*order=*/true);
  ASSERT_TRUE(queue().Hold(User("root"), Id(first.analysis.job())).ok());
  EXPECT_EQ(Ask("bob", unfinished, v1::NORMAL, 0, /*order=*/true).analysis.state_reason(), "DEPENDENCY");
  EXPECT_EQ(Stored(first).held_by, "");
}

TEST_F(Joining_Test, RequestIsRepeatedThenNothingIsJoined) {
  const CreatedAnalysis first = Ask("ada", run_, v1::NORMAL, 0, false, {"6f1a", "digest"});
  ASSERT_TRUE(queue().Hold(User("root"), Id(first.analysis.job())).ok());
  EXPECT_EQ(Ask("ada", run_, v1::NORMAL, 0, false, {"6f1a", "digest"}).analysis.state_reason(), "HELD");
}

}  // namespace
}  // namespace sumscope::jobs
