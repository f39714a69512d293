// What a download sends: whole, in order, in messages that a reader who stalls may hold.
#include "server/rpc/serve/transfer/file_chunks.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "proto/contract/limits.h"

namespace sumscope::rpc {
namespace {

class FileChunks_Test : public ::testing::Test {
 protected:
  absl::Status Send(uint64_t begin) {
    sent_.clear();
    return SendChunks(
        {begin, file_.size(), file_.size(), "hash"},
        [this](uint64_t offset, uint64_t length) -> absl::StatusOr<std::string> {
          most_read_ = std::max(most_read_, length);
          return file_.substr(offset, length);
        },
        [this](const v1::FileChunk& chunk) {
          sent_.push_back(chunk);
          return sent_.size() < stop_after_;
        });
  }

  std::string file_ = [] {
    std::string bytes(2'500'001, '\0');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
    return bytes;
  }();
  std::vector<v1::FileChunk> sent_;
  uint64_t most_read_ = 0;
  size_t stop_after_ = 1'000'000;
};

TEST_F(FileChunks_Test, WhenAFileIsSentThenItIsWholeAndTheFirstChunkSaysWhatItIs) {
  for (const uint64_t begin : {uint64_t{0}, uint64_t{1}, uint64_t{1'048'577}, uint64_t{2'500'000}}) {
    ASSERT_TRUE(Send(begin).ok());
    std::string bytes;
    for (const v1::FileChunk& chunk : sent_) {
      EXPECT_EQ(chunk.offset(), begin + bytes.size());
      EXPECT_LE(chunk.data().size(), size_t{128} << 10);
      EXPECT_EQ(chunk.total_bytes(), bytes.empty() ? file_.size() : 0);
      EXPECT_EQ(chunk.sha256(), bytes.empty() ? "hash" : "");
      bytes += chunk.data();
    }
    EXPECT_EQ(bytes, file_.substr(begin)) << begin;
  }
  EXPECT_EQ(most_read_, limits::kMaxChunkBytes) << "storage verifies so much at a time";
}

// Each MiB of a capture was verified twice, for the file's header shifted what was read by some bytes.
TEST_F(FileChunks_Test, WhenDataFollowsAPrefixThenStorageIsReadByWhatItVerifiesAtATime) {
  const std::string prefix(1000, 'p');
  std::vector<std::pair<uint64_t, uint64_t>> reads;
  const ReadBytes read = ReadAfterPrefix(prefix, [&](uint64_t offset, uint64_t length) -> absl::StatusOr<std::string> {
    reads.emplace_back(offset, length);
    return file_.substr(offset, length);
  });
  const uint64_t total = prefix.size() + file_.size();
  for (const uint64_t begin : {uint64_t{0}, uint64_t{999}, uint64_t{2'000'000}}) {
    reads.clear();
    std::string bytes;
    ASSERT_TRUE(SendChunks({begin, total, total, "hash"}, read, [&](const v1::FileChunk& chunk) {
                  bytes += chunk.data();
                  return true;
                }).ok());
    EXPECT_EQ(bytes, (prefix + file_).substr(begin)) << begin;
    for (const auto& [offset, length] : reads) {
      EXPECT_EQ(offset / limits::kMaxChunkBytes, (offset + length - 1) / limits::kMaxChunkBytes) << offset;
    }
  }
}

TEST_F(FileChunks_Test, WhenNothingIsLeftThenOneEmptyChunkSaysSo) {
  ASSERT_TRUE(Send(file_.size()).ok());
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].data(), "");
  EXPECT_EQ(sent_[0].total_bytes(), file_.size());
}

TEST_F(FileChunks_Test, WhenTheClientIsGoneThenNothingMoreIsRead) {
  stop_after_ = 2;
  EXPECT_TRUE(absl::IsCancelled(Send(0)));
  EXPECT_EQ(sent_.size(), 2u);
}

}  // namespace
}  // namespace sumscope::rpc
