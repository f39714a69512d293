#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

// Bytes that differ from place to place.
std::string MakeBytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>((i * 2654435761u) >> 13);
  return bytes;
}

const std::vector<StoredTensor>& Tensors() {
  static const auto* const kTensors = new std::vector<StoredTensor>{{"hook_z", "F32", {500, 1000}, 2'000'000},
                                                                    {"empty", "F32", {0, 3}, 0},
                                                                    {"scalar", "F32", {}, 4},
                                                                    {"tokens", "I64", {3}, 24}};
  return *kTensors;
}
constexpr size_t kDataBytes = 2'000'028;

class Capture_Test : public BackendTest {
 protected:
  Capture_Test() { EXPECT_TRUE(files().Create(MakeRun("r1")).ok()); }

  void Store(const std::string& run, const std::string& capture, const std::string& bytes) {
    auto writer = captures().Create(run, capture, Tensors());
    ASSERT_TRUE(writer.ok()) << writer.status();
    constexpr size_t kPiece = 700'001;
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
      ASSERT_TRUE((*writer)->Append(absl::string_view(bytes).substr(at, kPiece)).ok());
    }
    const auto tensors = (*writer)->Finish();
    ASSERT_TRUE(tensors.ok()) << tensors.status();
  }
  const std::string bytes_ = MakeBytes(kDataBytes);
};
SUMSCOPE_ON_EVERY_BACKEND(Capture_Test);

TEST_P(Capture_Test, CaptureComesBackWhole) {
  EXPECT_FALSE(captures().Exists("r1", "a1"));
  Store("r1", "a1", bytes_);
  Reopen();
  EXPECT_TRUE(captures().Exists("r1", "a1"));
  const auto file = captures().Open("r1", "a1");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->data_bytes(), kDataBytes);
  const std::vector<CaptureTensor>& tensors = (*file)->tensors();
  ASSERT_EQ(tensors.size(), 4u);
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(tensors[i].tensor.name, Tensors()[i].name);
    EXPECT_EQ(tensors[i].tensor.dtype, Tensors()[i].dtype);
    EXPECT_EQ(tensors[i].tensor.shape, Tensors()[i].shape);
    const std::string part = *(*file)->Read(tensors[i].offset, tensors[i].tensor.bytes);
    EXPECT_EQ(part, bytes_.substr(tensors[i].offset, tensors[i].tensor.bytes));
    EXPECT_EQ(tensors[i].sha256, Sha256Hex(part));
  }
  EXPECT_GE(*captures().UsedBytes(), kDataBytes);
}

TEST_P(Capture_Test, AnyRangeIsReadAndNoneBeyondTheEnd) {
  Store("r1", "a1", bytes_);
  const auto file = captures().Open("r1", "a1");
  for (const size_t offset :
       {size_t{0}, size_t{1}, (size_t{1} << 20) - 1, size_t{1} << 20, kDataBytes - 5, kDataBytes}) {
    for (const size_t length : {size_t{0}, size_t{1}, size_t{2}, kDataBytes - offset}) {
      const auto part = (*file)->Read(offset, std::min(length, kDataBytes - offset));
      ASSERT_TRUE(part.ok()) << part.status();
      EXPECT_EQ(*part, bytes_.substr(offset, length));
    }
  }
  EXPECT_EQ(ErrorReason((*file)->Read(0, kDataBytes + 1).status()), "OFFSET_OUT_OF_RANGE");
  EXPECT_EQ(ErrorReason((*file)->Read(kDataBytes + 1, 0).status()), "OFFSET_OUT_OF_RANGE");
  EXPECT_EQ(ErrorReason((*file)->Read(1, UINT64_MAX).status()), "OFFSET_OUT_OF_RANGE");
}

TEST_P(Capture_Test, WriterThatEndsEarlyLeavesNothing) {
  {
    auto writer = captures().Create("r1", "a1", Tensors());
    ASSERT_TRUE((*writer)->Append("123").ok());
    EXPECT_FALSE(captures().Exists("r1", "a1"));
    EXPECT_EQ(ErrorReason(captures().Open("r1", "a1").status()), "CAPTURE_FILE_NOT_FOUND");
    EXPECT_EQ(ErrorReason(captures().Create("r1", "a1", Tensors()).status()), "CAPTURE_EXISTS") << "being written";
    EXPECT_EQ(*captures().UsedBytes(), 0u) << "whoever lets it be written counts what it will take";
    EXPECT_EQ(ErrorReason((*writer)->Finish().status()), "TENSOR_SET_INCOMPLETE");
  }
  EXPECT_FALSE(captures().Exists("r1", "a1"));
  EXPECT_EQ(*captures().UsedBytes(), 0u);
  Store("r1", "a1", bytes_);
  EXPECT_EQ(ErrorReason(captures().Create("r1", "a1", Tensors()).status()), "CAPTURE_EXISTS");
}

TEST_P(Capture_Test, WrongTensorsAndTooManyBytesAreRefused) {
  EXPECT_EQ(ErrorReason(captures().Create("r1", "a1", {{"x", "F32", {3}, 11}}).status()), "TENSOR_INVALID");
  EXPECT_FALSE(captures().Create("r1", "../a1", Tensors()).ok());
  auto writer = captures().Create("r1", "a1", {{"x", "F32", {3}, 12}});
  EXPECT_EQ(ErrorReason((*writer)->Append("1234567890123")), "TENSOR_SET_TOO_LONG");
}

TEST_P(Capture_Test, CaptureWithoutTensorsIsOne) {
  auto writer = captures().Create("r1", "a1", {});
  EXPECT_TRUE((*writer)->Finish()->empty());
  EXPECT_EQ((*captures().Open("r1", "a1"))->data_bytes(), 0u);
}

TEST_P(Capture_Test, RemovalLeavesOthersAndAnOpenFileStaysReadable) {
  Store("r1", "a1", bytes_);
  Store("r1", "a2", bytes_);
  const auto file = captures().Open("r1", "a1");
  ASSERT_TRUE(captures().Remove("r1", "a1").ok());
  ASSERT_TRUE(captures().Remove("r1", "a1").ok());
  EXPECT_FALSE(captures().Exists("r1", "a1"));
  EXPECT_TRUE(captures().Exists("r1", "a2"));
  EXPECT_EQ(*(*file)->Read(0, kDataBytes), bytes_);
}

TEST_P(Capture_Test, RemovedRunTakesItsCapturesAlongAndNoOtherRuns) {
  ASSERT_TRUE(files().Create(MakeRun("r11")).ok());
  Store("r1", "a1", bytes_);
  Store("r11", "a1", bytes_);
  ASSERT_TRUE(files().Remove("r1").ok());
  EXPECT_FALSE(captures().Exists("r1", "a1"));
  EXPECT_TRUE(captures().Exists("r11", "a1"));
  EXPECT_TRUE(files().Open("r11").ok());
}

TEST_P(Capture_Test, LeftOverOfACrashIsReplacedAndRemovedAtTheStart) {
  if (GetParam() == Backend::kMemory) return;
  const std::string path = directory() + "/runs/r1/r1.a1.db";
  std::ofstream(path + ".tmp") << "half a file";
  Store("r1", "a1", bytes_);
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  std::ofstream(path + ".tmp") << "half a file";
  Reopen();
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  EXPECT_TRUE(captures().Exists("r1", "a1"));
  EXPECT_TRUE(files().Open("r1").ok());
}

}  // namespace
}  // namespace sumscope::storage
