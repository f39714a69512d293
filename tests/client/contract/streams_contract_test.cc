// What clients rely on in streams: order, end marks, going on where one broke, files with their SHA-256.
#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"
#include "proto/contract/text/sha256.h"
#include "sumscope/v1/activations.grpc.pb.h"
#include "sumscope/v1/runs.grpc.pb.h"
#include "tests/client/contract/server_under_test.h"

namespace sumscope::client {
namespace {

class StreamsContract_Test : public ServerContractTest {
 protected:
  // What a download sent.
  struct Received {
    absl::Status status;
    std::string bytes, sha256;
    uint64_t total = 0;
  };

  absl::Status Watch(const std::string& name, const std::string& token, std::vector<v1::WatchRunResponse>* events) {
    auto request = Named<v1::WatchRunRequest>(name);
    request.set_resume_token(token);
    return Read([&](grpc::ClientContext* context) { return runs_->WatchRun(context, request); }, events);
  }
  static std::vector<std::string> TokensOf(const std::vector<v1::WatchRunResponse>& events) {
    std::vector<std::string> tokens;
    for (const v1::WatchRunResponse& event : events) {
      if (!event.resume_token().empty()) tokens.push_back(event.resume_token());
    }
    return tokens;
  }

  // The rows from `first_step` on, after their steps were found to be consecutive from there or from before.
  absl::Status Metrics(const std::string& name, uint64_t first_step, std::vector<std::vector<double>>* rows) {
    auto request = Named<v1::StreamMetricsRequest>(name);
    request.set_first_step(first_step);
    std::vector<v1::MetricBlock> blocks;
    const absl::Status status =
        Read([&](grpc::ClientContext* context) { return runs_->StreamMetrics(context, request); }, &blocks);
    uint64_t next = first_step;
    for (const v1::MetricBlock& block : blocks) {
      const int columns = block.columns_size();
      EXPECT_GT(columns, 0);
      EXPECT_EQ(block.values_size(), columns * static_cast<int>(block.count()));
      EXPECT_EQ(block.columns(0), "loss");
      EXPECT_TRUE(&block == &blocks[0] ? block.first_step() <= next : block.first_step() == next) << next;
      for (uint32_t row = 0; row < block.count(); ++row) {
        const auto begin = block.values().begin() + row * static_cast<uint32_t>(columns);
        if (block.first_step() + row >= first_step) rows->emplace_back(begin, begin + columns);
      }
      next = block.first_step() + block.count();
    }
    return status;
  }

  // `open(offset, context)` opens the file's stream at a byte.
  template <typename Open>
  static Received Receive(const Open& open, uint64_t offset) {
    Received received;
    std::vector<v1::FileChunk> chunks;
    received.status = Read([&](grpc::ClientContext* context) { return open(offset, context); }, &chunks);
    for (const v1::FileChunk& chunk : chunks) {
      EXPECT_EQ(chunk.offset(), offset + received.bytes.size());
      EXPECT_LE(chunk.data().size(), limits::kMaxChunkBytes);
      received.bytes += chunk.data();
    }
    if (!chunks.empty()) {
      received.sha256 = chunks[0].sha256();
      received.total = chunks[0].total_bytes();
    }
    return received;
  }
  template <typename Open>
  static void ExpectOneFileFromAnyByte(const Open& open) {
    const Received whole = Receive(open, 0);
    ASSERT_TRUE(whole.status.ok()) << whole.status;
    const uint64_t size = whole.bytes.size();
    ASSERT_GT(size, 2u);
    EXPECT_EQ(whole.total, size);
    EXPECT_EQ(whole.sha256, Sha256Hex(whole.bytes));
    for (const uint64_t offset : {uint64_t{1}, size / 2, size - 1, size}) {
      const Received rest = Receive(open, offset);
      ASSERT_TRUE(rest.status.ok()) << rest.status;
      EXPECT_EQ(rest.bytes, whole.bytes.substr(offset));
      EXPECT_EQ(rest.total, size) << offset;
      EXPECT_EQ(rest.sha256, whole.sha256) << offset;
    }
    const absl::Status beyond = Receive(open, size + 1).status;
    EXPECT_EQ(beyond.code(), absl::StatusCode::kOutOfRange) << beyond;
    EXPECT_EQ(ErrorReason(beyond), "OFFSET_OUT_OF_RANGE");
  }

  auto CheckpointOpener(const std::string& name) {
    return [this, name](uint64_t offset, grpc::ClientContext* context) {
      auto request = Named<v1::DownloadCheckpointRequest>(name);
      request.set_offset(offset);
      return runs_->DownloadCheckpoint(context, request);
    };
  }
  v1::ReadTensorRequest TensorRequest(const std::string& tensor, uint64_t offset, uint64_t length) {
    auto request = Named<v1::ReadTensorRequest>(server_->capture());
    request.set_tensor(tensor);
    request.set_offset(offset);
    request.set_length(length);
    return request;
  }
  auto TensorOpener(const std::string& tensor, uint64_t length = 0) {
    return [this, tensor, length](uint64_t offset, grpc::ClientContext* context) {
      return captures_->ReadTensor(context, TensorRequest(tensor, offset, length));
    };
  }

  const std::unique_ptr<v1::RunService::Stub> runs_ = v1::RunService::NewStub(channel_);
  const std::unique_ptr<v1::CaptureService::Stub> captures_ = v1::CaptureService::NewStub(channel_);
};
SUMSCOPE_ON_EVERY_SERVER(StreamsContract_Test);

TEST_P(StreamsContract_Test, AWatchTellsAllInOrderAndEndsWithItsEndMark) {
  std::vector<v1::WatchRunResponse> events;
  const absl::Status status = Watch(server_->run(), "", &events);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_GT(events.size(), 2u);
  EXPECT_EQ(events.front().state().state(), v1::QUEUED);
  EXPECT_EQ(events.back().end().name(), server_->run());
  EXPECT_TRUE(IsTerminal(events.back().end().state()));
  bool checkpoint = false;
  absl::Duration last;  // since the epoch, of the last event
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const v1::WatchRunResponse& event = events[i];
    EXPECT_FALSE(event.has_end()) << i;
    checkpoint |= event.has_checkpoint();
    if (event.has_progress()) {
      EXPECT_EQ(event.resume_token(), "") << "progress is not part of the log";
      continue;
    }
    EXPECT_NE(event.resume_token(), "") << i;
    const absl::Duration time = absl::Seconds(event.time().seconds()) + absl::Nanoseconds(event.time().nanos());
    EXPECT_GE(time, last) << i;
    last = time;
  }
  EXPECT_TRUE(checkpoint);
}

TEST_P(StreamsContract_Test, AWatchGoesOnAfterAnyOfItsTokens) {
  std::vector<v1::WatchRunResponse> events;
  ASSERT_TRUE(Watch(server_->run(), "", &events).ok());
  const std::vector<std::string> tokens = TokensOf(events);
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::vector<v1::WatchRunResponse> rest;
    const absl::Status status = Watch(server_->run(), tokens[i], &rest);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(TokensOf(rest), std::vector<std::string>(tokens.begin() + static_cast<int>(i) + 1, tokens.end()));
    ASSERT_FALSE(rest.empty());
    EXPECT_TRUE(rest.back().has_end());
  }
}

TEST_P(StreamsContract_Test, WhatNoWatchGaveIsNoToken) {
  std::vector<v1::WatchRunResponse> events;
  const absl::Status status = Watch(server_->run(), "nonsense", &events);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(ErrorReason(status), "RESUME_TOKEN_INVALID");
  EXPECT_TRUE(events.empty());
}

TEST_P(StreamsContract_Test, MetricsComeInConsecutiveBlocksFromAnyStep) {
  std::vector<std::vector<double>> all;
  ASSERT_TRUE(Metrics(server_->run(), 0, &all).ok());
  ASSERT_GT(all.size(), 2u);
  for (const uint64_t first : {uint64_t{1}, uint64_t{all.size() - 1}, uint64_t{all.size()}, uint64_t{1'000'000}}) {
    std::vector<std::vector<double>> rest;
    const absl::Status status = Metrics(server_->run(), first, &rest);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(rest.size(), all.size() - std::min<size_t>(first, all.size())) << first;
    for (size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i][0], all[first + i][0]) << first;
  }
}

TEST_P(StreamsContract_Test, ACheckpointIsTheAnnouncedFileFromAnyByte) {
  const auto list =
      Call(*runs_, &v1::RunService::Stub::ListCheckpoints, Named<v1::ListCheckpointsRequest>(server_->run()));
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_GT(list->checkpoints_size(), 0);
  const v1::Checkpoint& last = list->checkpoints(list->checkpoints_size() - 1);
  const Received whole = Receive(CheckpointOpener(last.name()), 0);
  EXPECT_EQ(whole.sha256, last.sha256());
  EXPECT_EQ(whole.total, last.bytes());
  ExpectOneFileFromAnyByte(CheckpointOpener(last.name()));
  EXPECT_EQ(Receive(CheckpointOpener(server_->run() + "/checkpoints/last"), 0).bytes, whole.bytes);
  const absl::Status none = Receive(CheckpointOpener(server_->run() + "/checkpoints/77"), 0).status;
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound) << none;
  EXPECT_EQ(ErrorReason(none), "CHECKPOINT_NOT_FOUND");
}

TEST_P(StreamsContract_Test, ACaptureIsOneFileFromAnyByte) {
  ExpectOneFileFromAnyByte([this](uint64_t offset, grpc::ClientContext* context) {
    auto request = Named<v1::DownloadCaptureRequest>(server_->capture());
    request.set_offset(offset);
    return captures_->DownloadCapture(context, request);
  });
}

TEST_P(StreamsContract_Test, ATensorIsReadWholeFromAnyByteAndByRange) {
  ExpectOneFileFromAnyByte(TensorOpener("tokens"));
  const std::string whole = Receive(TensorOpener("tokens"), 0).bytes;
  const Received part = Receive(TensorOpener("tokens", /*length=*/3), 2);
  ASSERT_TRUE(part.status.ok()) << part.status;
  EXPECT_EQ(part.bytes, whole.substr(2, 3));
  EXPECT_EQ(part.total, whole.size());
  const absl::Status none = Receive(TensorOpener("no_such_tensor"), 0).status;
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound) << none;
  EXPECT_EQ(ErrorReason(none), "TENSOR_NOT_FOUND");
}

TEST_P(StreamsContract_Test, StreamsOfAnUnknownRunAreNotFound) {
  const std::string none = "runs/none7";
  std::vector<v1::WatchRunResponse> events;
  std::vector<std::vector<double>> rows;
  for (const absl::Status& status : {Watch(none, "", &events), Metrics(none, 0, &rows),
                                     Receive(CheckpointOpener(none + "/checkpoints/1"), 0).status}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_EQ(ErrorReason(status), "RUN_NOT_FOUND");
  }
}

}  // namespace
}  // namespace sumscope::client
