// A capture is damaged in every page: whatever is read is right or DATA_LOSS, and nothing crashes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/contract/errors/errors.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

constexpr size_t kDataBytes = 1'200'000;

class CaptureCorruption_Test : public testing::Test {
 protected:
  CaptureCorruption_Test() : storage_(*OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real())) {
    auto writer = storage_.captures->Create("r1", "a1", {{"x", "F32", {kDataBytes / 4}, kDataBytes}});
    EXPECT_TRUE((*writer)->Append(data_).ok());
    EXPECT_TRUE((*writer)->Finish().ok());
    std::ifstream stream(path_, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    bytes_ = text.str();
  }

  // Everything of the file with `bytes`; true when it was right, false when it was DATA_LOSS or a newer version.
  bool ReadAll(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    const auto file = storage_.captures->Open("r1", "a1");
    if (!file.ok()) return Lost(file.status());
    EXPECT_EQ((*file)->data_bytes(), kDataBytes);
    const auto data = (*file)->Read(0, kDataBytes);
    if (!data.ok()) return Lost(data.status());
    EXPECT_TRUE(*data == data_) << "a wrong answer";
    return true;
  }

  static bool Lost(const absl::Status& status) {
    EXPECT_TRUE(absl::IsDataLoss(status) || ErrorReason(status) == "SCHEMA_NEWER") << status;
    return false;
  }

  const TempDirectory folder_;
  const std::string path_ = folder_.path() + "/runs/r1/r1.a1.db";
  const std::string data_ = std::string(kDataBytes, 'z');
  Storage storage_;
  std::string bytes_;
};

TEST_F(CaptureCorruption_Test, UndamagedFileIsReadWhole) { EXPECT_TRUE(ReadAll(bytes_)); }

TEST_F(CaptureCorruption_Test, FlippedByteInEveryPageIsFoundOrHarmless) {
  int lost = 0, pages = 0;
  for (size_t at = 0; at < bytes_.size(); at += 4099, ++pages) {  // prime: every page, at changing places
    std::string damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    lost += ReadAll(damaged) ? 0 : 1;
  }
  EXPECT_GT(lost, pages * 9 / 10);
}

TEST_F(CaptureCorruption_Test, DamagedHeaderIsFoundOrHarmless) {
  for (size_t at = 0; at < 100; ++at) {
    for (const int change : {0x01, 0x03, 0xff}) {
      std::string damaged = bytes_;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      ReadAll(damaged);
    }
  }
  std::string foreign = bytes_;
  foreign[71] = static_cast<char>(foreign[71] ^ 1);  // application_id
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << foreign;
  EXPECT_EQ(ErrorReason(storage_.captures->Open("r1", "a1").status()), "CAPTURE_FILE_CORRUPT");
}

TEST_F(CaptureCorruption_Test, DamagedDataIsAChunkThatIsCorrupt) {
  const size_t at = bytes_.find(std::string(1000, 'z')) + 500;
  std::string damaged = bytes_;
  damaged[at] = 'y';
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << damaged;
  const auto file = storage_.captures->Open("r1", "a1");
  ASSERT_TRUE(file.ok()) << file.status();
  const bool in_first = !(*file)->Read(0, 1 << 20).ok();
  EXPECT_EQ(ErrorReason((*file)->Read(in_first ? 0 : 1 << 20, 100).status()), "CHUNK_CORRUPT");
  EXPECT_TRUE((*file)->Read(in_first ? 1 << 20 : 0, 100).ok()) << "the other chunk is whole";
}

TEST_F(CaptureCorruption_Test, TruncatedFileIsFound) {
  for (size_t length = 0; length < bytes_.size(); length += 8192) EXPECT_FALSE(ReadAll(bytes_.substr(0, length)));
}

}  // namespace
}  // namespace sumscope::storage
