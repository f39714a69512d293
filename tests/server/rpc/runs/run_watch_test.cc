// What a watch shows, and in which order, over storage in memory.
#include "server/rpc/runs/run_watch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "server/jobs/state/job_states.h"
#include "storage/sqlite/sqlite_storage.h"

namespace sumscope::rpc {
namespace {

constexpr char kRun[] = "r1";

class RunWatch_Test : public testing::Test {
 protected:
  RunWatch_Test() : storage_(*storage::OpenInMemoryStorage(jobs::IsLegalTransition, Clock::Real())) {
    backend_.catalog = storage_.catalog.get();
    backend_.run_files = storage_.run_files.get();
    run_.set_name("runs/r1");
    *run_.mutable_spec() = CompleteSpec(v1::TrainSpec());
    run_.set_state(v1::QUEUED);
    *run_.mutable_create_time() = ToTimestamp(At(0));
    Write([&](storage::CatalogTransaction& transaction) { return transaction.runs().Insert(run_); });
  }

  static absl::Time At(int second) { return absl::FromUnixSeconds(1'700'000'000 + second); }

  void Write(const std::function<absl::Status(storage::CatalogTransaction&)>& body) {
    const absl::Status status = storage_.catalog->Write(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  void SetRun(v1::State state, uint32_t segment) {
    run_.set_state(state);
    run_.set_segment(segment);
    Write([&](storage::CatalogTransaction& transaction) { return transaction.runs().Update(run_); });
  }
  void AddEvent(v1::State state, int second, std::optional<uint64_t> log_entries) {
    storage::Event event;
    event.run = kRun;
    event.time = At(second);
    event.change.set_state(state);
    event.log_entries = log_entries;
    Write([&](storage::CatalogTransaction& transaction) { return transaction.events().Append(&event); });
  }
  void AddLog(const std::string& text, int second, std::optional<uint64_t> checkpoint_step = std::nullopt) {
    if (!storage_.run_files->Exists(kRun)) {
      EXPECT_TRUE(storage_.run_files->Create(run_).ok());
    }
    const absl::Status status = (*storage_.run_files->Open(kRun))->Write([&](storage::RunFileTransaction& transaction) {
      return transaction.AppendLog({0, At(second), "INFO", text, checkpoint_step}).status();
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  // All that a watch from its beginning shows until nothing moves: "RUNNING", "first line", ..
  std::vector<std::string> Shown() {
    RunWatch watch(backend_, storage::Viewer::Server(), kRun, WatchToken());
    std::vector<std::string> shown;
    bool moved = true;
    while (moved) {
      std::unique_ptr<v1::Run> ended;
      const auto responses = watch.Next(&moved, &ended);
      if (!responses.ok()) {
        shown.push_back(ErrorReason(responses.status()));
        return shown;
      }
      for (const v1::WatchRunResponse& response : *responses) {
        shown.push_back(response.has_state() ? v1::State_Name(response.state().state()) : response.log().text());
      }
      if (ended != nullptr) shown.push_back("end");
    }
    return shown;
  }

  storage::Storage storage_;
  Backend backend_ = {};
  v1::Run run_;
};

using Shows = std::vector<std::string>;

// A watch of a run that had lost a checkpoint was NOT_FOUND, again and again at the same place.
TEST_F(RunWatch_Test, CheckpointIsGoneThenItsLineIsShownAndTheWatchGoesOn) {
  SetRun(v1::RUNNING, 1);
  AddLog("checkpoint at step 1", 1, 1);
  AddLog("after it", 2);
  EXPECT_EQ(Shown(), (std::vector<std::string>{"checkpoint at step 1", "after it"}));
}

// When the clock stepped back in mid-run, a watch told of the end before what led to it.
TEST_F(RunWatch_Test, ClockThatStepsBackThenEventsKeepTheirPlaceInTheLog) {
  AddEvent(v1::QUEUED, 1000, 0);
  AddEvent(v1::RUNNING, 1001, 0);
  AddLog("first", 1002);
  AddLog("second", 10);
  AddEvent(v1::QUEUED, 11, 2);
  AddEvent(v1::RUNNING, 12, 2);
  AddLog("third", 13);
  AddEvent(v1::SUCCEEDED, 14, 3);
  SetRun(v1::SUCCEEDED, 2);
  EXPECT_EQ(Shown(), (Shows{"QUEUED", "RUNNING", "first", "second", "QUEUED", "RUNNING", "third", "SUCCEEDED", "end"}));
}

TEST_F(RunWatch_Test, EventsOfUnknownPlaceThenTheirTimeSaysItWithinWhatLaterOnesKnow) {
  AddEvent(v1::RUNNING, 1, 0);
  AddLog("first", 2);
  AddLog("second", 4);
  AddEvent(v1::CANCELLING, 3, std::nullopt);
  AddEvent(v1::CANCELLED, 5, 2);
  EXPECT_EQ(Shown(), (Shows{"RUNNING", "first", "CANCELLING", "second", "CANCELLED"}));
}

TEST_F(RunWatch_Test, UnknownPlaceAndAClockAheadThenTheLaterEventBoundsIt) {
  AddEvent(v1::CANCELLING, 1000, std::nullopt);
  AddLog("first", 2);
  AddEvent(v1::CANCELLED, 3, 1);
  AddLog("second", 4);
  EXPECT_EQ(Shown(), (Shows{"first", "CANCELLING", "CANCELLED", "second"}));
}

TEST_F(RunWatch_Test, MoreThanABatchThenNothingIsShownBeforeItsTurn) {
  const int lines = static_cast<int>(limits::kMaxEventBatch) + 20;
  AddEvent(v1::RUNNING, 1, 0);
  Shows expected{"RUNNING"};
  for (int i = 0; i < lines; ++i) {
    AddLog(absl::StrCat(i), 2);
    expected.push_back(absl::StrCat(i));
  }
  AddEvent(v1::SUCCEEDED, 0, lines);
  expected.push_back("SUCCEEDED");
  EXPECT_EQ(Shown(), expected);
}

// A file that came back from a backup has fewer entries than its events know of: they are shown all the same.
TEST_F(RunWatch_Test, FileThatLacksEntriesThenItsEventsAreShown) {
  AddLog("first", 1);
  AddEvent(v1::SUCCEEDED, 2, 7);
  SetRun(v1::SUCCEEDED, 1);
  EXPECT_EQ(Shown(), (Shows{"first", "SUCCEEDED", "end"}));
}

// A run whose file was gone gave a watch without its log, and no error.
TEST_F(RunWatch_Test, RunThatBeganWithoutItsFileThenTheWatchFailsWithAReason) {
  AddEvent(v1::QUEUED, 1, 0);
  EXPECT_EQ(Shown(), (Shows{"QUEUED"})) << "it has no file yet";
  SetRun(v1::SUCCEEDED, 1);
  EXPECT_EQ(Shown(), (Shows{"RUN_FILE_NOT_FOUND"}));
}

}  // namespace
}  // namespace sumscope::rpc
