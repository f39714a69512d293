#ifndef SUMSCOPE_TESTS_SERVER_JOBS_SHARING_SHARING_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_SHARING_SHARING_FIXTURE_H_

#include <map>
#include <string>
#include <utility>

#include "server/jobs/analyses/analyses.h"
#include "server/jobs/scheduling/queue.h"
#include "storage/catalog/actor.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {

// Users who share slots. Slices are of ten seconds, which a test lets pass.
class SharingFixture : public JobsFixture {
 protected:
  static constexpr absl::Duration kSlice = absl::Seconds(10);

  void SetUp() override {
    shares_.slice = kSlice;
    AddUser("ada", v1::MEMBER);
    AddUser("bob", v1::MEMBER);
    AddUser("root", v1::ADMIN);
    Boot();
  }
  void AddUser(const std::string& name, v1::Role role) {
    v1::User user;
    user.set_name("users/" + name);
    user.set_role(role);
    const absl::Status status = storage_.catalog->Write(
        [&](storage::CatalogTransaction& transaction) { return transaction.users().Insert(user); });
    EXPECT_TRUE(status.ok()) << status;
  }
  static storage::Actor User(const std::string& name) {
    return storage::Actor(name == "root" ? storage::Viewer::Admin(name) : storage::Viewer::User(name), nullptr);
  }
  absl::StatusOr<v1::Run> TryCreate(const std::string& user, v1::Priority priority = v1::NORMAL, double seconds = 0) {
    NewRun run;
    run.spec = Spec();
    run.priority = priority;
    run.needs.seconds = seconds;
    return manager_->runs().Create(User(user), {}, run);
  }
  // The id of a run of that user.
  std::string Of(const std::string& user, v1::Priority priority = v1::NORMAL, double seconds = 0) {
    const absl::StatusOr<v1::Run> run = TryCreate(user, priority, seconds);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? Id(run->name()) : "";
  }
  // An evaluation of the run's last checkpoint, as it is there or, as an order, is to come; always the same.
  CreatedAnalysis Ask(const std::string& user, const std::string& run, v1::Priority priority = v1::NORMAL,
                      double seconds = 0, bool order = false, const Request& request = {}) {
    NewAnalysis asked;
    asked.analysis.set_analysis("evaluate");
    asked.analysis.mutable_request()->mutable_evaluate();
    asked.analysis.mutable_question_set()->mutable_uniform()->set_count(10);
    asked.analysis.set_owner(user);
    if (!order) {
      asked.analysis.set_checkpoint("runs/" + run + "/checkpoints/4");
      asked.analysis.set_key("k1");
    }
    asked.priority = priority;
    asked.needs.seconds = seconds;
    const auto created = manager_->analyses().Create(User(user), request, run, asked);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : CreatedAnalysis();
  }
  std::string JobOf(const std::string& run) { return GetJob(run).id; }
  // The next task, which is to be of that run, has begun.
  FakeWorkerPool::Given StartsNext(const std::string& run) {
    FakeWorkerPool::Given given = StartNext();
    EXPECT_EQ(given.task.task_id().substr(0, given.task.task_id().find('.')), JobOf(run));
    return given;
  }
  // The task obeys a stop at `step`.
  void GiveBack(const FakeWorkerPool::Given& given, uint64_t step) {
    ASSERT_TRUE(pool_->WaitForStop(given.task.task_id()));
    const uint64_t first = given.task.train().first_step();
    if (step > first) pool_->Send(given.slot, Metrics(first, static_cast<uint32_t>(step - first)));
    SendSet(worker::v1::RESUME_STATE, step, "resume-" + std::to_string(step % 10));
    pool_->Finish(given.slot, Finished(worker::v1::Finished::STOPPED));
  }
  double UsageOf(const std::string& user) {
    double seconds = 0;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto rows = reader.usage().List();
      if (!rows.ok()) return rows.status();
      for (const storage::UserUsage& row : *rows) seconds += row.user == user ? row.device_seconds : 0;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return seconds;
  }
  // Why the run's training waits, as the queue is shown.
  std::string WhyWaits(const std::string& run) {
    const auto view = manager_->queue().View();
    const QueuedJob* job = view->Find(JobOf(run));
    return job == nullptr ? "not there" : job->wait.reason;
  }
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_SHARING_SHARING_FIXTURE_H_
