#include "client/connection/unary/retry_stub.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "sumscope/v1/runs.pb.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

const absl::Status kUnavailable = absl::UnavailableError("going away");

// Answers with these, first one first, and then with OK.
class ScriptedStub final : public UnaryStub {
 public:
  ScriptedStub(std::vector<absl::Status> answers, ServerChannel* channel)
      : answers_(std::move(answers)), channel_(channel) {}

  absl::Status Call(const Method&, const google::protobuf::MessageLite&, google::protobuf::MessageLite*,
                    absl::Time deadline) override {
    deadlines.push_back(deadline);
    EXPECT_TRUE(channel_->Open(absl::Seconds(1)).ok());
    channels.push_back(channel_->current());
    return deadlines.size() > answers_.size() ? absl::OkStatus() : answers_[deadlines.size() - 1];
  }

  std::vector<absl::Time> deadlines;                     // one a call
  std::vector<std::shared_ptr<grpc::Channel>> channels;  // likewise

 private:
  const std::vector<absl::Status> answers_;
  ServerChannel* const channel_;
};

class RetryStub_Test : public ::testing::Test {
 protected:
  RetryStub_Test() : channel_(Options(), &cancellation_) { channel_.NoteAnswer(); }

  static ConnectionOptions Options() {
    ConnectionOptions options;
    options.address = "unix:/nowhere";  // nothing is sent
    return options;
  }

  absl::Status Call(Repeat repeat, std::vector<absl::Status> answers) {
    auto scripted = std::make_unique<ScriptedStub>(std::move(answers), &channel_);
    ScriptedStub* const attempts = scripted.get();
    RetryStub stub(std::move(scripted), &channel_, &sleeper_, &cancellation_);
    v1::Run run;
    const absl::Status status = stub.Call({"/a/method", repeat}, v1::GetRunRequest(), &run, absl::UnixEpoch());
    deadlines_ = attempts->deadlines;
    channels_ = {attempts->channels.begin(), attempts->channels.end()};
    return status;
  }

  FakeSleeper sleeper_;
  Cancellation cancellation_;
  ServerChannel channel_;
  std::vector<absl::Time> deadlines_;                  // of the attempts of the last call
  std::set<std::shared_ptr<grpc::Channel>> channels_;  // over which they went
};

TEST_F(RetryStub_Test, WhenItDoesNoHarmThenALostCallIsRepeatedWithItsDeadlineOverANewChannel) {
  for (const Repeat repeat : {Repeat::kRead, Repeat::kSameTwice, Repeat::kRequestId}) {
    EXPECT_TRUE(Call(repeat, {kUnavailable, kUnavailable}).ok());
    EXPECT_EQ(deadlines_, std::vector<absl::Time>(3, absl::UnixEpoch()));
    EXPECT_EQ(channels_.size(), 3u);
  }
}

TEST_F(RetryStub_Test, WhenItCouldDoHarmThenALostCallIsNotRepeated) {
  EXPECT_EQ(Call(Repeat::kNever, {kUnavailable}), kUnavailable);
  EXPECT_EQ(deadlines_.size(), 1u);
}

TEST_F(RetryStub_Test, WhenTheServerRefusesThenItIsNotAskedAgain) {
  const absl::Status refused = absl::NotFoundError("no such run");
  EXPECT_EQ(Call(Repeat::kRead, {refused}), refused);
  EXPECT_EQ(deadlines_.size(), 1u);
  EXPECT_EQ(sleeper_.sleeps, 0);
}

TEST_F(RetryStub_Test, WhenTheUserStopsThenItIsNotAskedAgain) {
  cancellation_.Cancel();
  EXPECT_EQ(Call(Repeat::kRead, {kUnavailable}), kUnavailable);
  EXPECT_EQ(deadlines_.size(), 1u);
}

TEST_F(RetryStub_Test, WhenTheServerStaysAwayThenThePatienceOfACallEndsIt) {
  EXPECT_EQ(Call(Repeat::kRead, std::vector<absl::Status>(100, kUnavailable)), kUnavailable);
  EXPECT_GT(sleeper_.slept, absl::Seconds(20));
  EXPECT_LE(sleeper_.slept, Options().call_patience);
}

}  // namespace
}  // namespace sumscope::client
