#include "server/jobs/intake/inbox.h"

#include <thread>

#include "gtest/gtest.h"
#include "tests/server/jobs/messages.h"

namespace sumscope::jobs {
namespace {

InboxItem Item(Message message, const std::string& task = "j1.1") {
  InboxItem item;
  item.message = std::move(message);
  item.message.set_task_id(task);
  return item;
}

class Inbox_Test : public testing::Test {
 protected:
  // A delay that no test waits out: groups come from turns, bytes or Close.
  Inbox inbox_{Clock::Real(), 4000, absl::Hours(1), 1000};
  std::vector<InboxItem> group_;
};

TEST_F(Inbox_Test, TurnEndsTheWaitAndComesAlone) {
  inbox_.Push(Item(Metrics(0, 1)));
  inbox_.Push(Item(Metrics(1, 1)));
  Message finished;
  finished.mutable_finished();
  inbox_.Push(Item(finished));
  ASSERT_TRUE(inbox_.TakeGroup(&group_));
  EXPECT_EQ(group_.size(), 2u);
  ASSERT_TRUE(inbox_.TakeGroup(&group_));
  ASSERT_EQ(group_.size(), 1u);
  EXPECT_TRUE(group_[0].message.has_finished());
}

TEST_F(Inbox_Test, EnoughBytesEndTheWait) {
  inbox_.Push(Item(Chunk(std::string(600, 'x'))));
  inbox_.Push(Item(Chunk(std::string(600, 'x'))));
  inbox_.Push(Item(Chunk(std::string(600, 'x'))));
  ASSERT_TRUE(inbox_.TakeGroup(&group_));
  EXPECT_EQ(group_.size(), 2u);
}

TEST_F(Inbox_Test, DelayEndsTheWait) {
  Inbox quick(Clock::Real(), 4000, absl::Milliseconds(1), 1000);
  quick.Push(Item(Metrics(0, 1)));
  ASSERT_TRUE(quick.TakeGroup(&group_));
  EXPECT_EQ(group_.size(), 1u);
}

TEST_F(Inbox_Test, MessagesOfTwoTasksAreNotOneGroup) {
  inbox_.Push(Item(Metrics(0, 1), "j1.1"));
  inbox_.Push(Item(Metrics(0, 1), "j2.1"));
  inbox_.Close();
  ASSERT_TRUE(inbox_.TakeGroup(&group_));
  EXPECT_EQ(group_.size(), 1u);
}

TEST_F(Inbox_Test, FullInboxHoldsItsWriterUntilSomethingIsTaken) {
  for (int i = 0; i < 3; ++i) inbox_.Push(Item(Chunk(std::string(1200, 'x'))));
  std::thread writer([&] { inbox_.Push(Item(Chunk(std::string(1200, 'y')))); });
  size_t taken = 0;
  while (taken < 4) {
    ASSERT_TRUE(inbox_.TakeGroup(&group_));
    taken += group_.size();
  }
  writer.join();
  EXPECT_EQ(group_.back().message.tensor_chunk().data()[0], 'y');
}

TEST_F(Inbox_Test, ClosedInboxHandsOutWhatIsInAndThenEnds) {
  inbox_.Push(Item(Metrics(0, 1)));
  inbox_.Close();
  inbox_.Push(Item(Metrics(1, 1)));
  ASSERT_TRUE(inbox_.TakeGroup(&group_));
  EXPECT_EQ(group_.size(), 1u);
  EXPECT_FALSE(inbox_.TakeGroup(&group_));
}

}  // namespace
}  // namespace sumscope::jobs
