// What is stored when one operation on a file fails, in SQLite or beside it: at every operation of a create, a
// checkpoint, a capture and a delete.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/storage/faults/fault_env.h"
#include "tests/storage/faults/fault_vfs.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

constexpr char kRun[] = "r1", kCapture[] = "a1";
constexpr uint64_t kSteps = 10;

const std::string& Bytes() {
  static const auto* const kBytes = new std::string(40'000, 'w');
  return *kBytes;
}

std::vector<StoredTensor> Tensors() { return {{"w", "F32", {Bytes().size() / 4}, Bytes().size()}}; }

// A write of a call, which owes the audit a row.
absl::Status WriteAs(Storage& storage, const std::string& method,
                     const std::function<absl::Status(CatalogTransaction&)>& body) {
  CallAudit audit;
  audit.row.user = "ada";
  audit.row.method = method;
  const Actor actor(Viewer::User("ada"), &audit);
  actor.Names(std::string("runs/") + kRun);
  const absl::Status status = storage.catalog->Write(actor, body);
  EXPECT_EQ(audit.written, status.ok());
  return status;
}

absl::Status InsertRow(Storage& storage) {
  return WriteAs(storage, "CreateRun", [](CatalogTransaction& transaction) -> absl::Status {
    const absl::Status inserted = transaction.runs().Insert(MakeRun(kRun));
    if (!inserted.ok()) return inserted;
    Job job = MakeJob("j1", kRun);
    return transaction.jobs().Insert(&job);
  });
}

absl::Status MakeFile(Storage& storage) { return storage.run_files->Create(MakeRun(kRun)).status(); }

absl::Status WriteCheckpoint(Storage& storage) {
  const auto file = storage.run_files->Open(kRun);
  if (!file.ok()) return file.status();
  return (*file)->Write([](RunFileTransaction& transaction) -> absl::Status {
    v1::MetricBlock block;
    block.set_count(kSteps);
    block.add_columns("loss");
    for (uint64_t i = 0; i < kSteps; ++i) block.add_values(1.0 / static_cast<double>(i + 1));
    std::optional<uint64_t> diverged;
    absl::Status status = transaction.AppendMetrics(Series::kDeterministic, block, &diverged);
    if (!status.ok()) return status;
    const auto set =
        transaction.BeginTensorSet(TensorSetKind::kWeights, kSteps, Tensors(), absl::FromUnixSeconds(1'700'000'000));
    if (!set.ok()) return set.status();
    status = transaction.AppendTensorBytes(*set, Bytes());
    return status.ok() ? transaction.FinishTensorSet(*set, 0.5) : status;
  });
}

absl::Status Seal(Storage& storage) {
  const auto file = storage.run_files->Open(kRun);
  return file.ok() ? (*file)->Seal() : file.status();
}

absl::Status PointAtCheckpoint(Storage& storage) {
  return storage.catalog->Write(
      [](CatalogTransaction& transaction) { return transaction.runs().PutLastCheckpoint(kRun, kSteps); });
}

absl::Status WriteCapture(Storage& storage) {
  const auto writer = storage.captures->Create(kRun, kCapture, Tensors());
  if (!writer.ok()) return writer.status();
  const absl::Status appended = (*writer)->Append(Bytes());
  return appended.ok() ? (*writer)->Finish().status() : appended;
}

absl::Status PointAtCapture(Storage& storage) {
  return storage.catalog->Write(
      [](CatalogTransaction& transaction) { return transaction.analyses().Put(MakeAnalysis(kRun, kCapture, "key")); });
}

absl::Status ForgetRun(Storage& storage) {
  return WriteAs(storage, "PurgeRun", [](CatalogTransaction& transaction) { return transaction.runs().Remove(kRun); });
}

absl::Status RemoveFiles(Storage& storage) { return storage.run_files->Remove(kRun); }

absl::Status EndRemoval(Storage& storage) {
  return storage.catalog->Write([](CatalogTransaction& transaction) {
    return transaction.removals().End({kRun, "", ""});
  });
}

using Step = absl::Status (*)(Storage&);
struct Action {
  const char* name;
  std::vector<Step> before, steps;
};

const std::vector<Action>& Actions() {
  static const auto* const kActions = new std::vector<Action>{
      {"Create", {}, {InsertRow, MakeFile}},
      {"Checkpoint", {InsertRow, MakeFile}, {WriteCheckpoint, PointAtCheckpoint, Seal}},
      {"Capture", {InsertRow, MakeFile, WriteCheckpoint}, {WriteCapture, PointAtCapture}},
      {"Delete",
       {InsertRow, MakeFile, WriteCheckpoint, WriteCapture, PointAtCapture, Seal},
       {ForgetRun, RemoveFiles, EndRemoval}},
  };
  return *kActions;
}

// Of a catalog and files that may hold the action or not, but nothing in between.
class Store {
 public:
  explicit Store(const std::string& directory) : directory_(directory) {}

  // Every database is whole, every file somebody's.
  void ExpectSound() const {
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename();
      // A run file enters and leaves WAL mode under a journal, which its next use rolls back.
      EXPECT_THAT(name, testing::MatchesRegex("catalog\\.db(-wal|-shm)?|r1\\.db(-wal|-shm|-journal)?|r1\\.a1\\.db"));
      if (entry.path().extension() != ".db") continue;
      SQLite::Database database(entry.path().string(), SQLite::OPEN_READWRITE);
      EXPECT_EQ(std::string(database.execAndGet("PRAGMA integrity_check").getText()), "ok") << entry.path();
    }
  }

  // Each change of the row has its row in the audit: both or none.
  bool HasRow(Storage& storage) const {
    std::string called;
    const absl::Status status = storage.catalog->Read([&](CatalogReader& reader) -> absl::Status {
      const auto page = reader.audit().List({});
      if (!page.ok()) return page.status();
      for (const AuditRow& row : page->rows) called = row.method + " " + called;
      return reader.runs().Get(Viewer::Server(), kRun).status();
    });
    EXPECT_TRUE(status.ok() || absl::IsNotFound(status)) << status;
    if (status.ok()) {
      EXPECT_EQ(called, "CreateRun ");
    } else {
      EXPECT_THAT(called, testing::AnyOf("", "CreateRun PurgeRun "));
    }
    return status.ok();
  }

  bool HasFile(Storage& storage) const {
    const absl::Status status = storage.run_files->Open(kRun).status();
    EXPECT_TRUE(status.ok() || absl::IsNotFound(status)) << status;
    return status.ok();
  }

  // All of it or nothing.
  bool HasCheckpoint(Storage& storage) const {
    const auto file = storage.run_files->Open(kRun);
    if (!file.ok()) return false;
    const auto steps = (*file)->MetricSteps(Series::kDeterministic);
    const auto sets = (*file)->ListTensorSets(TensorSetKind::kWeights);
    EXPECT_TRUE(steps.ok() && sets.ok()) << steps.status() << sets.status();
    if (!steps.ok() || !sets.ok()) return false;
    EXPECT_EQ(*steps, sets->empty() ? 0 : kSteps);
    if (!sets->empty()) {
      EXPECT_EQ(*(*file)->ReadTensorBytes(sets->front().id, 0, Bytes().size()), Bytes());
    }
    return !sets->empty();
  }

  bool HasCapture(Storage& storage) const {
    const auto capture = storage.captures->Open(kRun, kCapture);
    EXPECT_TRUE(capture.ok() || absl::IsNotFound(capture.status())) << capture.status();
    if (!capture.ok()) return false;
    EXPECT_EQ(*(*capture)->Read(0, Bytes().size()), Bytes());
    return true;
  }

  bool HasRemoval(Storage& storage) const {
    bool there = false;
    const absl::Status status = storage.catalog->Read([&](CatalogReader& reader) -> absl::Status {
      const auto removals = reader.removals().List();
      there = removals.ok() && !removals->empty();
      return removals.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return there;
  }

  bool HasFiles() const {
    for (const auto& entry : fs::recursive_directory_iterator(directory_ + "/runs")) {
      if (entry.is_regular_file()) return true;
    }
    return false;
  }

  bool Has(Storage& storage, Step step) const {
    if (step == InsertRow) return HasRow(storage);
    if (step == MakeFile) return HasFile(storage);
    if (step == WriteCheckpoint) return HasCheckpoint(storage);
    if (step == WriteCapture) return HasCapture(storage);
    if (step == ForgetRun) return !HasRow(storage);
    if (step == RemoveFiles) return !HasFiles();
    if (step == EndRemoval) return !HasRemoval(storage);
    return true;  // a pointer or a seal: nothing depends on it, and it is made again
  }

  // What was said to be done is there; what was not may be done now, by the same storage or the next.
  void ExpectGoesOn(Storage& storage, const Action& action, size_t done) const {
    for (const Step step : action.before) {
      if (action.steps.front() != ForgetRun) {
        EXPECT_TRUE(Has(storage, step));
      }
    }
    for (size_t i = 0; i < action.steps.size(); ++i) {
      const bool there = Has(storage, action.steps[i]);
      if (i < done) {
        EXPECT_TRUE(there) << "step " << i << " was acknowledged";
      }
      const bool again = action.steps[i] != InsertRow && action.steps[i] != MakeFile &&
                         action.steps[i] != WriteCapture && action.steps[i] != ForgetRun;
      if (there && !again) continue;
      const absl::Status status = action.steps[i](storage);
      EXPECT_TRUE(status.ok()) << "step " << i << ": " << status;
      EXPECT_TRUE(Has(storage, action.steps[i])) << "step " << i;
    }
  }

 private:
  const std::string directory_;
};

// How an operation fails, and whether all after it do as well.
using Way = std::tuple<Faults::Moment, bool>;

class InjectedFault_Test : public testing::TestWithParam<std::tuple<size_t, Way>> {
 protected:
  const Action& action() const { return Actions()[std::get<0>(GetParam())]; }
  Faults::Moment moment() const { return std::get<0>(std::get<1>(GetParam())); }
  bool for_good() const { return std::get<1>(std::get<1>(GetParam())); }

  // The migrations take longer than all that follows them: they are done once, and their files copied.
  static void SetUpTestSuite() {
    empty_ = new TempDirectory();
    const auto storage = OpenSqliteStorage(empty_->path(), TestTransition, Clock::Real());
    ASSERT_TRUE(storage.ok()) << storage.status();
  }
  static void TearDownTestSuite() { delete empty_; }

  absl::StatusOr<Storage> Open(const std::string& directory) {
    return OpenSqliteStorage(directory, TestTransition, Clock::Real(), &env_);
  }

  static TempDirectory* empty_;

  Faults faults_;
  FaultEnv env_{&faults_};
  FaultVfs vfs_{&faults_};
};

TempDirectory* InjectedFault_Test::empty_ = nullptr;

TEST_P(InjectedFault_Test, WhereverItComesThenNothingAcknowledgedIsLostAndTheStoreIsSound) {
  bool fired = true;
  int64_t operations = 0;
  for (; fired; ++operations) {
    SCOPED_TRACE(operations);
    const TempDirectory folder;
    fs::copy(empty_->path(), folder.path(), fs::copy_options::recursive);
    const Store store(folder.path());
    absl::StatusOr<Storage> storage = Open(folder.path());
    ASSERT_TRUE(storage.ok()) << storage.status();
    for (const Step step : action().before) ASSERT_TRUE(step(*storage).ok());

    faults_.Arm(operations, moment(), for_good());
    size_t done = 0;
    while (done < action().steps.size() && action().steps[done](*storage).ok()) ++done;
    if (for_good()) *storage = Storage();  // its destructors write nothing either
    faults_.Disarm();
    fired = faults_.fired();
    EXPECT_TRUE(fired || done == action().steps.size());

    if (!for_good()) store.ExpectGoesOn(*storage, action(), done);
    *storage = Storage();
    storage = Open(folder.path());
    ASSERT_TRUE(storage.ok()) << storage.status();
    EXPECT_THAT(storage->notes, IsEmpty());
    store.ExpectSound();
    store.ExpectGoesOn(*storage, action(), for_good() ? done : action().steps.size());
    store.ExpectSound();
    if (HasFailure()) return;
  }
  EXPECT_GT(operations, 5) << "the action touches files";
}

std::string NameOf(const testing::TestParamInfo<InjectedFault_Test::ParamType>& info) {
  const auto& [moment, for_good] = std::get<1>(info.param);
  const char* const moments[] = {"Before", "Middle", "After"};
  return std::string(Actions()[std::get<0>(info.param)].name) + moments[static_cast<int>(moment)] +
         (for_good ? "AndAllAfterIt" : "");
}

INSTANTIATE_TEST_SUITE_P(
    EveryOperation, InjectedFault_Test,
    testing::Combine(testing::Range(size_t{0}, Actions().size()),
                     testing::Values(Way{Faults::Moment::kBefore, false}, Way{Faults::Moment::kMiddle, true},
                                     Way{Faults::Moment::kAfter, false}, Way{Faults::Moment::kAfter, true})),
    NameOf);

}  // namespace
}  // namespace sumscope::storage
