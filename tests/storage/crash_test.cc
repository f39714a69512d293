// What a write leaves behind when its process dies in it, and when the disk is full.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

absl::Status AppendSteps(RunFile& file, uint64_t first, uint32_t count) {
  return file.Write([&](RunFileTransaction& transaction) {
    v1::MetricBlock block;
    block.set_first_step(first);
    block.set_count(count);
    for (int c = 0; c < 20; ++c) block.add_columns("c" + std::to_string(c));
    // Incompressible enough to fill a small disk.
    for (uint32_t i = 0; i < count * 20; ++i) block.add_values(1.0 / (first * 20 + i * 7919 + 1));
    std::optional<uint64_t> diverged;
    return transaction.AppendMetrics(Series::kDeterministic, block, &diverged);
  });
}

class Crash_Test : public testing::Test {
 protected:
  Storage Open() { return *OpenSqliteStorage(folder_.path(), TestTransition, Clock::Real()); }
  const TempDirectory folder_;
};

TEST_F(Crash_Test, CommittedStepsOutliveAProcessThatDiesInTheNextWrite) {
  const pid_t child = fork();
  if (child == 0) {
    Storage storage = Open();
    const auto file = *storage.run_files->Create(MakeRun("r1"));
    if (!AppendSteps(*file, 0, 100).ok()) _exit(1);
    (void)file->Write([&](RunFileTransaction& transaction) -> absl::Status {
      v1::MetricBlock block;
      block.set_first_step(100);
      block.set_count(1);
      for (int c = 0; c < 20; ++c) block.add_columns("c" + std::to_string(c));
      for (int c = 0; c < 20; ++c) block.add_values(c);
      std::optional<uint64_t> diverged;
      (void)transaction.AppendMetrics(Series::kDeterministic, block, &diverged);
      kill(getpid(), SIGKILL);
      return absl::OkStatus();
    });
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  Storage storage = Open();
  const auto file = storage.run_files->Open("r1");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*(*file)->MetricSteps(Series::kDeterministic), 100u);
  EXPECT_EQ((*file)->ReadMetrics(Series::kDeterministic, 0, 1000)->count(), 100u);
}

// Killed between a change and its answer, and in the next change: of each there is all or nothing.
TEST_F(Crash_Test, ChangeOfACallIsThereWithItsRowOfTheAuditOrNeither) {
  const pid_t child = fork();
  if (child == 0) {
    Storage storage = Open();
    for (const char* run : {"r1", "r2"}) {
      CallAudit audit;
      const Actor actor(Viewer::User("ada"), &audit);
      const absl::Status status = storage.catalog->Write(actor, [&](CatalogTransaction& transaction) -> absl::Status {
        actor.Names(std::string("runs/") + run);
        const absl::Status inserted = transaction.runs().Insert(MakeRun(run));
        AuditRow row = audit.row;
        if (std::string(run) == "r2" && transaction.audit().Append(&row).ok()) kill(getpid(), SIGKILL);
        return inserted;
      });
      if (!status.ok() || !audit.written) _exit(1);
    }
    _exit(2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  Storage storage = Open();
  const absl::Status read = storage.catalog->Read([](CatalogReader& reader) {
    EXPECT_TRUE(reader.runs().Get(Viewer::Server(), "r1").ok());
    EXPECT_EQ(ErrorReason(reader.runs().Get(Viewer::Server(), "r2").status()), "RUN_NOT_FOUND");
    const auto page = reader.audit().List({});
    EXPECT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->rows.size(), 1u);
    EXPECT_EQ(page->rows.front().resource, "runs/r1");
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
}

TEST_F(Crash_Test, FullDiskIsSaidAndNothingIsLost) {
  // A limit on file sizes stands in for the disk, in a process of its own; SIGXFSZ is ignored, as in the server.
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    Storage storage = Open();
    const auto file = *storage.run_files->Create(MakeRun("r1"));
    if (!AppendSteps(*file, 0, 10).ok()) _exit(1);
    const rlimit limit{1'000'000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    uint64_t stored = 10;
    absl::Status status;
    while (stored < 100'000 && (status = AppendSteps(*file, stored, 500)).ok()) stored += 500;
    if (ErrorReason(status) != "DISK_FULL") _exit(2);
    if (*file->MetricSteps(Series::kDeterministic) != stored) _exit(3);
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &none);
    if (!AppendSteps(*file, stored, 500).ok()) _exit(4);  // space is back
    if (file->ReadMetrics(Series::kDeterministic, 0, 10'000'000)->count() != stored + 500) _exit(5);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sumscope::storage
