// Why a job waits, as far as its reader may know it, and as it is after a change.
#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "server/rpc/queue/job_messages.h"
#include "tests/server/rpc/queue/queue_fixture.h"

namespace sumscope::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ToldReasons_Test : public QueueFixture {
 protected:
  // ada may have one job running, which is private, and lets everybody see the next.
  void SetUp() override {
    shares_.user_limits["ada"].running = 1;
    QueueFixture::SetUp();
    Make("ada", "ada-hides", v1::PRIVATE);
    StartNext();
    Make("ada", "ada-waits", v1::LAB);
  }
  // The job as it is shown with a view of the queue that was made before.
  v1::Job ShownWith(const jobs::QueueView& view, const std::string& run) {
    v1::Job shown;
    const absl::Status read = storage_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      JobMessages messages(&reader, &view, hub_.get(), storage::Viewer::User("ada"));
      const absl::Status begun = messages.Begin();
      if (!begun.ok()) return begun;
      const auto row = reader.jobs().GetTraining(storage::Viewer::Server(), run);
      if (!row.ok()) return row.status();
      const auto job = messages.Show(*row);
      if (job.ok()) shown = *job;
      return job.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return shown;
  }
};

// Others were told how many jobs its owner had running, with slot and end, though all of them were private.
TEST_F(ToldReasons_Test, OwnerHasEnoughPrivateJobsThenOthersAreToldNothingOfThem) {
  for (const char* user : {"bob", "vic"}) {
    const v1::Explanation told = Explain(user, "runs/ada-waits");
    EXPECT_EQ(told.job().reason(), "USER_LIMIT");
    EXPECT_EQ(told.holders_size(), 0);
    EXPECT_THAT(told.text(), AllOf(HasSubstr("as many jobs running as they may"), Not(HasSubstr("of at most")),
                                   Not(HasSubstr("another user")), Not(HasSubstr(kSlot))));
    EXPECT_EQ(told.job().detail().find_first_of("0123456789"), std::string::npos) << told.job().detail();
  }
  for (const char* user : {"ada", "adm"}) {
    const v1::Explanation told = Explain(user, "runs/ada-waits");
    ASSERT_EQ(told.holders_size(), 1);
    EXPECT_EQ(told.holders(0).slot(), kSlot);
    EXPECT_THAT(told.text(), HasSubstr("ada has 1 of at most 1 jobs running"));
  }
}

TEST_F(ToldReasons_Test, OwnerHasEnoughVisibleJobsThenTheyAreNamedWithoutTheirNumber) {
  SetVisibility("ada-hides", v1::LAB);
  const v1::Explanation told = Explain("bob", "runs/ada-waits");
  ASSERT_EQ(told.holders_size(), 1);
  EXPECT_EQ(told.holders(0).slot(), kSlot);
  EXPECT_THAT(told.text(), Not(HasSubstr("of at most")));
}

// A call that had held, released or changed a job answered with what a view from before it said.
TEST_F(ToldReasons_Test, JobHasChangedSinceTheViewThenItIsShownAsItIs) {
  const std::shared_ptr<const jobs::QueueView> before = manager_->queue().View();
  EXPECT_GT(ShownWith(*before, "ada-waits").place(), 0u);
  const std::string job = GetJob("ada-waits").id;
  ASSERT_TRUE(manager_->queue().Hold(jobs::Ada(), job).ok());
  v1::Job shown = ShownWith(*before, "ada-waits");
  EXPECT_EQ(shown.reason(), "HELD");
  EXPECT_THAT(shown.detail(), HasSubstr("held by"));
  EXPECT_EQ(shown.place(), 0u);
  EXPECT_FALSE(shown.has_expected_start());

  const std::shared_ptr<const jobs::QueueView> held = manager_->queue().View();
  ASSERT_TRUE(manager_->queue().Release(jobs::Ada(), job).ok());
  shown = ShownWith(*held, "ada-waits");
  EXPECT_EQ(shown.reason(), "PRIORITY");
  EXPECT_EQ(shown.detail(), "");

  const std::shared_ptr<const jobs::QueueView> normal = manager_->queue().View();
  ASSERT_TRUE(manager_->queue().SetPriority(jobs::Ada(), job, v1::LOW).ok());
  shown = ShownWith(*normal, "ada-waits");
  EXPECT_EQ(shown.priority(), v1::LOW);
  EXPECT_EQ(shown.place(), 0u) << "the place was that of another class";
}

TEST_F(ToldReasons_Test, JobHasStartedSinceTheViewThenItIsNotExpectedToStart) {
  const std::shared_ptr<const jobs::QueueView> before = manager_->queue().View();
  SendWholeTraining();
  pool_->Finish(kSlot, jobs::Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState("ada-hides", v1::SUCCEEDED));
  StartNext();
  const v1::Job shown = ShownWith(*before, "ada-waits");
  EXPECT_EQ(shown.state(), v1::RUNNING);
  EXPECT_EQ(shown.reason(), "");
  EXPECT_FALSE(shown.has_expected_start());
}

// Jobs that cannot start counted among those that wait for their turn.
TEST_F(ToldReasons_Test, OthersCannotStartThenAPlaceIsOneOfThoseThatCan) {
  Make("ada", "ada-holds", v1::LAB);
  v1::Job job;
  ASSERT_EQ(Hold("ada", "runs/ada-holds", &job), "");
  EXPECT_THAT(Explain("ada", "runs/ada-waits").text(), HasSubstr("It is number 1 of 1 "));
}

}  // namespace
}  // namespace sumscope::rpc
