#include "client/connection/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

const absl::Status kGoingAway = absl::UnavailableError("going away");

class Connection_Test : public ::testing::Test {
 protected:
  Connection_Test() { Reset(); }
  ~Connection_Test() override { connection_.reset(); }  // before the server: both ends live in one process

  void Reset() {
    ConnectionOptions options;
    options.address = server_.address();
    connection_ = std::make_unique<Connection>(options, &sleeper_, &cancellation_);
  }

  // Reads the whole series.
  absl::Status ReadMetrics(std::vector<uint64_t>* steps, std::vector<double>* values) {
    v1::StreamMetricsRequest request;
    request.set_name("runs/r7k2m9qa");
    return connection_->StreamMetrics(request, [&](const v1::MetricBlock& block) {
      for (uint32_t i = 0; i < block.count(); ++i) steps->push_back(block.first_step() + i);
      values->insert(values->end(), block.values().begin(), block.values().end());
      return absl::OkStatus();
    });
  }

  FakeServer server_;
  FakeSleeper sleeper_;
  Cancellation cancellation_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(Connection_Test, WhenACallFailsThenReasonAndDetailsArrive) {
  server_.errors = {WithRetryAfter(MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "no such run", {{"a", "b"}}),
                                   absl::Seconds(3))};
  const absl::Status status = connection_->GetRun("runs/x").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorReason(status), "RUN_NOT_FOUND");
  EXPECT_EQ(RetryDelay(status), absl::Seconds(3));
  EXPECT_EQ(server_.CountCalls("GetRun"), 1);
}

TEST_F(Connection_Test, WhenTheServerIsUnavailableForAMomentThenReadsAreRepeated) {
  server_.errors = {kGoingAway, kGoingAway};
  EXPECT_EQ(connection_->GetRun("runs/r7")->name(), "runs/r7k2m9qa");
  EXPECT_EQ(server_.CountCalls("GetRun"), 3);
  EXPECT_EQ(sleeper_.sleeps, 2);
}

TEST_F(Connection_Test, WhenACreationIsRepeatedThenItsRequestIdStaysTheSame) {
  std::vector<std::string> ids;
  sleeper_.on_sleep = [&] { ids.push_back(server_.LastRequest<v1::CreateRunRequest>().request_id()); };
  server_.errors = {kGoingAway};
  ASSERT_TRUE(connection_->Call(v1::CreateRunRequest()).ok());
  ids.push_back(server_.LastRequest<v1::CreateRunRequest>().request_id());
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[0].size(), 36u);
  EXPECT_EQ(ids[0], ids[1]);
}

TEST_F(Connection_Test, WhenAChangeWithoutRequestIdIsLostThenItIsNotRepeated) {
  server_.errors = {kGoingAway};
  EXPECT_EQ(connection_->CancelRun("runs/x").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server_.CountCalls("CancelRun"), 1);
}

TEST_F(Connection_Test, WhenNoServerIsThereThenUnavailableAfterAShortPatience) {
  server_.Stop();
  Reset();
  const absl::Status status = connection_->GetRun("runs/x").status();
  EXPECT_EQ(ErrorReason(status), "SERVER_UNREACHABLE");
  EXPECT_LE(sleeper_.slept, absl::Seconds(1));
}

// "Received http2 header with status: 404" was all that was told of a web server.
TEST_F(Connection_Test, WhenWhatAnswersIsNoSumscopeServerThenItIsSaid) {
  for (const absl::Status& foreign :
       {absl::UnimplementedError("Received http2 header with status: 404"), absl::UnimplementedError(""),
        absl::PermissionDeniedError("a proxy's"), absl::InternalError("Received http2 header with status: 400")}) {
    server_.errors = {foreign};
    const absl::Status status = connection_->GetRun("runs/x").status();
    EXPECT_EQ(ErrorReason(status), "NOT_A_SUMSCOPE_SERVER") << status;
    EXPECT_TRUE(absl::StrContains(status.message(), server_.address())) << status;
  }
  server_.errors = {MakeError(absl::StatusCode::kUnimplemented, "NOT_SUPPORTED", "ours")};
  EXPECT_EQ(ErrorReason(connection_->GetRun("runs/x").status()), "NOT_SUPPORTED");
}

// A watch whose user was disabled told of a server that is none.
TEST_F(Connection_Test, WhenAnEndWithoutDetailsBeginsWithItsReasonThenItIsOurs) {
  server_.errors = {absl::UnauthenticatedError("USER_DISABLED: the user ada is disabled")};
  const absl::Status status = connection_->GetRun("runs/x").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_EQ(ErrorReason(status), "USER_DISABLED");
  EXPECT_EQ(status.message(), "the user ada is disabled");
}

TEST_F(Connection_Test, WhenMetricsBreakAgainAndAgainThenEveryRowComesOnce) {
  for (int after = 0; after < 3; ++after) {
    server_.break_kind = Break::kUnavailable;
    server_.break_after = after;
    server_.breaks = 2;
    std::vector<uint64_t> steps;
    std::vector<double> values;
    ASSERT_TRUE(ReadMetrics(&steps, &values).ok());
    ASSERT_EQ(steps.size(), 20u) << after;
    ASSERT_EQ(values.size(), 100u);
    for (uint64_t i = 0; i < 20; ++i) {
      EXPECT_EQ(steps[i], i) << after;
      EXPECT_EQ(values[i * 5], MetricRow(i)[0]) << after;
    }
  }
}

TEST_F(Connection_Test, WhenAMetricsCallbackFailsThenItsErrorEndsTheStreamWhateverItsCode) {
  v1::StreamMetricsRequest request;
  request.set_name("runs/r7k2m9qa");
  int calls = 0;
  const absl::Status status = connection_->StreamMetrics(request, [&](const v1::MetricBlock&) {
    ++calls;
    return absl::UnavailableError("my own trouble");
  });
  EXPECT_EQ(status.message(), "my own trouble");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(sleeper_.sleeps, 0);
}

// The watch was a success, and its callback's error ended the next stream.
TEST_F(Connection_Test, WhenACallbackRefusesTheEndMarkThenItsErrorIsReturnedAndTheNextStreamIsItsOwn) {
  const absl::Status full = absl::ResourceExhaustedError("my disk is full");
  EXPECT_EQ(connection_
                ->WatchRun("runs/r7k2m9qa",
                           [&](const v1::WatchRunResponse& event) { return event.has_end() ? full : absl::OkStatus(); })
                .status(),
            full);
  EXPECT_EQ(connection_
                ->WatchAnalysis("runs/r7k2m9qa/analyses/a1b2c3d4",
                                [&](const v1::Analysis& now) { return now.has_result() ? full : absl::OkStatus(); })
                .status(),
            full);
  std::vector<uint64_t> steps;
  std::vector<double> values;
  EXPECT_TRUE(ReadMetrics(&steps, &values).ok());
  EXPECT_EQ(steps.size(), 20u);
}

TEST_F(Connection_Test, WhenTheServerRestartsInMidStreamThenTheStreamGoesOn) {
  server_.break_kind = Break::kHang;
  server_.break_after = 1;
  server_.breaks = 1;
  std::thread stopper([this] {
    server_.hanging.get_future().wait();
    server_.Stop();
  });
  sleeper_.on_sleep = [&] {
    if (stopper.joinable()) stopper.join();
    server_.Start();
    sleeper_.on_sleep = nullptr;
  };
  std::vector<uint64_t> steps;
  std::vector<double> values;
  EXPECT_TRUE(ReadMetrics(&steps, &values).ok());
  EXPECT_EQ(steps.size(), 20u);
  EXPECT_EQ(server_.CountCalls("StreamMetrics"), 2);
}

TEST_F(Connection_Test, WhenAWatchBreaksThenItResumesFromItsTokenAndReportsTheEndOnce) {
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 2;
  server_.breaks = 1;
  std::vector<std::string> tokens;
  int ends = 0;
  const auto run = connection_->WatchRun("runs/r7k2m9qa", [&](const v1::WatchRunResponse& event) {
    if (!event.resume_token().empty()) tokens.push_back(event.resume_token());
    ends += event.has_end() ? 1 : 0;
    return absl::OkStatus();
  });
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->state(), v1::SUCCEEDED);
  EXPECT_THAT(tokens, ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(server_.LastRequest<v1::WatchRunRequest>().resume_token(), "2");
}

TEST_F(Connection_Test, WhenAStreamEndsWithoutItsEndMarkThenItIsNoSuccess) {
  server_.break_kind = Break::kEndEarly;
  server_.break_after = 0;
  server_.breaks = 1'000'000;
  const auto run = connection_->WatchRun("runs/r7k2m9qa", [](const v1::WatchRunResponse&) { return absl::OkStatus(); });
  EXPECT_EQ(run.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_GT(sleeper_.sleeps, 1);
}

TEST_F(Connection_Test, WhenTheResumeTokenExpiredThenTheRunIsReadAgainAndNothingComesTwice) {
  server_.run.set_state(v1::RUNNING);
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 2;
  server_.breaks = 1;
  server_.expired_token = "2";
  std::vector<std::string> tokens;
  const auto run = connection_->WatchRun("runs/r7k2m9qa", [&](const v1::WatchRunResponse& event) {
    if (!event.resume_token().empty()) tokens.push_back(event.resume_token());
    return absl::OkStatus();
  });
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(server_.CountCalls("GetRun"), 1);
  EXPECT_THAT(tokens, ElementsAre("1", "2", "3", "4"));
}

TEST_F(Connection_Test, WhenTheResumeTokenExpiredAndTheRunHasEndedThenItIsReturned) {
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 1;
  server_.breaks = 1;
  server_.expired_token = "1";
  const auto run = connection_->WatchRun("runs/r7k2m9qa", [](const v1::WatchRunResponse&) { return absl::OkStatus(); });
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->state(), v1::SUCCEEDED);
  EXPECT_EQ(server_.CountCalls("WatchRun"), 2);
}

TEST_F(Connection_Test, WhenTheUserStopsThenAHangingStreamEndsAsCancelled) {
  server_.break_kind = Break::kHang;
  server_.break_after = 1;
  server_.breaks = 1;
  std::thread user([this] {
    server_.hanging.get_future().wait();
    cancellation_.Cancel();
  });
  const auto run = connection_->WatchRun("runs/r7k2m9qa", [](const v1::WatchRunResponse&) { return absl::OkStatus(); });
  user.join();
  EXPECT_EQ(run.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(sleeper_.sleeps, 0);
}

TEST_F(Connection_Test, WhenADownloadBreaksThenItGoesOnAtItsOffset) {
  for (const Break kind : {Break::kUnavailable, Break::kEndEarly}) {
    server_.break_kind = kind;
    server_.break_after = 1;
    server_.breaks = 2;
    std::string bytes;
    const absl::Status status =
        connection_->DownloadCheckpoint("runs/r7k2m9qa/checkpoints/15000", [&](absl::string_view piece) {
          bytes.append(piece.data(), piece.size());
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(bytes, server_.weights);
    EXPECT_EQ(server_.LastRequest<v1::DownloadCheckpointRequest>().offset(), 100u);
  }
}

TEST_F(Connection_Test, WhenDownloadedBytesAreNotTheAnnouncedOnesThenDataLoss) {
  server_.weights_sha256 = std::string(64, '0');
  const absl::Status status = connection_->DownloadCheckpoint("runs/r7k2m9qa/checkpoints/15000",
                                                              [](absl::string_view) { return absl::OkStatus(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorReason(status), "CHECKPOINT_CORRUPT");
}

TEST_F(Connection_Test, WhenAnAnalysisIsWatchedThenItsResultArrivesAlsoAfterABreak) {
  server_.break_kind = Break::kEndEarly;
  server_.break_after = 1;
  server_.breaks = 1;
  const auto analysis = connection_->WatchAnalysis("runs/r7k2m9qa/analyses/a1b2c3d4",
                                                   [](const v1::Analysis&) { return absl::OkStatus(); });
  ASSERT_TRUE(analysis.ok());
  EXPECT_TRUE(analysis->has_result());
}

TEST_F(Connection_Test, WhenAFileIsUploadedThenAllOfItArrivesInPiecesWithItsHash) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/w.safetensors";
  std::string content(2'500'000, 'x');
  content[1'500'000] = '\0';
  std::ofstream(path, std::ios::binary) << content;
  server_.errors = {kGoingAway};  // the first try
  const auto run = connection_->ImportRun({}, path);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(server_.uploaded, content);
  EXPECT_EQ(server_.LastRequest<v1::ImportHeader>().total_bytes(), content.size());
}

// A server that went away in the middle of a long upload was given up after a second.
TEST_F(Connection_Test, WhenTheServerGoesAwayDuringAnUploadThenItIsWaitedFor) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/w.safetensors";
  std::ofstream(path, std::ios::binary) << std::string(2'500'000, 'x');
  server_.errors = std::vector<absl::Status>(8, kGoingAway);
  const auto run = connection_->ImportRun({}, path);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_GT(sleeper_.slept, absl::Seconds(5));
}

TEST_F(Connection_Test, WhenTheServerRefusesAnUploadThenItsReasonArrives) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/w.safetensors";
  std::ofstream(path, std::ios::binary) << std::string(5'000'000, 'x');
  server_.errors = {MakeError(absl::StatusCode::kResourceExhausted, "IMPORT_TOO_LARGE", "no")};
  EXPECT_EQ(ErrorReason(connection_->ImportRun({}, path).status()), "IMPORT_TOO_LARGE");
}

TEST_F(Connection_Test, WhenTheFileIsNotThereThenNothingIsSent) {
  EXPECT_EQ(ErrorReason(connection_->ImportRun({}, "/nonexistent/w.safetensors").status()), "FILE_NOT_READABLE");
  EXPECT_THAT(server_.calls(), ElementsAre());
}

}  // namespace
}  // namespace sumscope::client
