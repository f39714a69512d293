#include "server/rpc/serve/transfer/incoming_room.h"

#include <gtest/gtest.h>

#include <optional>

#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::rpc {
namespace {

// Uploads filled the disk without asking for room.
TEST(IncomingRoom_Test, UploadsTakeTheDiskTogetherAndLeaveTheReserve) {
  uint64_t free = 1000;
  IncomingRoom room([&free] { return free; }, 100, 0);
  std::optional<IncomingRoom::Hold> first(std::in_place, &room);
  IncomingRoom::Hold second(&room);
  EXPECT_TRUE(first->TakeDisk(600).ok());
  EXPECT_EQ(ErrorReason(second.TakeDisk(301)), "DISK_FULL");
  EXPECT_TRUE(second.TakeDisk(300).ok());
  // What has been written is missing from the free bytes already.
  first->SpendDisk(500);
  free -= 500;
  EXPECT_EQ(ErrorReason(second.TakeDisk(1)), "DISK_FULL");
  first.reset();
  EXPECT_TRUE(second.TakeDisk(100).ok());
  EXPECT_EQ(ErrorReason(second.TakeDisk(UINT64_MAX)), "DISK_FULL");
}

// Each question set on its way in held up to 64 MiB, and nobody counted them.
TEST(IncomingRoom_Test, QuestionSetsShareTheMemory) {
  IncomingRoom room([] { return uint64_t{0}; }, 0, 100);
  std::optional<IncomingRoom::Hold> first(std::in_place, &room);
  IncomingRoom::Hold second(&room);
  EXPECT_TRUE(first->HoldMemory(60).ok());
  EXPECT_TRUE(second.HoldMemory(40).ok());
  EXPECT_EQ(ErrorReason(second.HoldMemory(41)), "UPLOAD_MEMORY_FULL");
  EXPECT_TRUE(first->HoldMemory(50).ok());
  EXPECT_TRUE(second.HoldMemory(50).ok());
  first.reset();
  EXPECT_TRUE(second.HoldMemory(100).ok());
  EXPECT_EQ(ErrorReason(second.HoldMemory(UINT64_MAX)), "UPLOAD_MEMORY_FULL");
}

TEST(IncomingRoom_Test, UserHasAShareOfAllThatUploadsHold) {
  IncomingRoom room([] { return uint64_t{1} << 50; }, 0, uint64_t{1} << 50);
  auth::Caller ada, bob, root;
  ada.name = "ada";
  bob.name = "bob";
  root.name = "root";
  root.unlimited = true;
  std::optional<IncomingRoom::Hold> first(std::in_place, &room, ada);
  IncomingRoom::Hold second(&room, ada), of_bob(&room, bob), of_root(&room, root);
  EXPECT_TRUE(first->HoldMemory(limits::kMaxUserUploadMemory - 10).ok());
  EXPECT_TRUE(second.HoldMemory(10).ok());
  EXPECT_EQ(ErrorReason(second.HoldMemory(11)), "UPLOAD_QUOTA");
  EXPECT_TRUE(of_bob.HoldMemory(limits::kMaxUserUploadMemory).ok());
  EXPECT_TRUE(of_root.HoldMemory(2 * limits::kMaxUserUploadMemory).ok());

  EXPECT_TRUE(first->TakeDisk(limits::kMaxUserUploadDisk - 10).ok());
  EXPECT_EQ(ErrorReason(second.TakeDisk(11)), "UPLOAD_QUOTA");
  EXPECT_TRUE(second.TakeDisk(10).ok());
  first->SpendDisk(5);
  EXPECT_TRUE(second.TakeDisk(5).ok()) << "what lies on the disk is promised no longer";
  EXPECT_TRUE(of_bob.TakeDisk(limits::kMaxUserUploadDisk).ok());
  EXPECT_EQ(ErrorReason(of_bob.TakeDisk(UINT64_MAX >> 20)), "UPLOAD_QUOTA");
  first.reset();
  EXPECT_TRUE(second.HoldMemory(limits::kMaxUserUploadMemory).ok());
}

}  // namespace
}  // namespace sumscope::rpc
