// What is freed goes back to the system: after a thousand watches that were over, 208 MB stayed with the server.
#include "server/allocator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

namespace sumscope {
namespace {

uint64_t ResidentBytes() {
  uint64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Blocks as small as those of messages, the last of which holds the heap's end where it is.
TEST(Allocator_Test, MuchIsFreedBelowWhatIsKeptThenTrimmingGivesItBack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "it has an allocator of its own";
#endif
  constexpr uint64_t kBlock = 1000, kAll = 64 << 20;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (uint64_t bytes = 0; bytes < kAll; bytes += kBlock) blocks.push_back(std::make_unique<char[]>(kBlock));
  const uint64_t full = ResidentBytes();
  const std::unique_ptr<char[]> kept = std::move(blocks.back());
  blocks.clear();
  EXPECT_GT(ResidentBytes(), full - kAll / 4) << "what free() keeps, which is what this is about";
  TrimAllocator();
  EXPECT_LT(ResidentBytes(), full - kAll / 2);
}

}  // namespace
}  // namespace sumscope
