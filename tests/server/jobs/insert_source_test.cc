// Trainings that take weights from another run.
#include "server/jobs/tasks/insert_source.h"

#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;

TEST(ParseInitFrom_Test, RunAndStepAreTaken) {
  EXPECT_EQ(ParseInitFrom("r7k2m9qa")->run, "r7k2m9qa");
  EXPECT_FALSE(ParseInitFrom("r7k2m9qa")->step.has_value());
  EXPECT_EQ(ParseInitFrom("runs/r7k2m9qa@100")->step, 100u);
  EXPECT_EQ(ParseInitFrom("r7@last")->run, "r7");
  EXPECT_EQ(ParseInitFrom("@last")->run, "@last");
  EXPECT_EQ(ParseInitFrom("@last@5")->step, 5u);
  for (const char* text : {"", "@", "r7@x", "R7", "runs/"}) {
    EXPECT_EQ(ErrorReason(ParseInitFrom(text).status()), "INIT_FROM_INVALID") << text;
  }
}

TEST(CheckSourceFits_Test, ShapesMustFit) {
  v1::TrainSpec source;
  source.set_n_digits(5);
  source = CompleteSpec(source);
  EXPECT_TRUE(CheckSourceFits(source, source).ok());
  v1::TrainSpec larger = source;
  larger.set_n_layers(source.n_layers() + 1);
  larger.set_n_heads(source.n_heads() + 1);
  EXPECT_TRUE(CheckSourceFits(larger, source).ok());
  const auto problem = CheckSourceFits(source, larger);
  EXPECT_EQ(ErrorReason(problem), "INIT_FROM_MISMATCH");
  EXPECT_THAT(std::string(problem.message()), testing::HasSubstr("n_layers"));
  for (const char* field : {"n_digits", "d_model", "d_head"}) {
    v1::TrainSpec other = source;
    const auto* descriptor = v1::TrainSpec::descriptor()->FindFieldByName(field);
    other.GetReflection()->SetUInt32(&other, descriptor, other.GetReflection()->GetUInt32(other, descriptor) + 1);
    EXPECT_THAT(std::string(CheckSourceFits(other, source).message()), testing::HasSubstr(field));
  }
}

class InsertModes_Test : public AnalysisFixture {
 protected:
  std::string CreateInserted(v1::InsertMode mode) {
    v1::TrainSpec spec = Spec();
    spec.set_insert_mode(mode);
    spec.set_init_from(InitFromText(run_, 4));
    const auto run = manager_->runs().Create(Ada(), {}, "", spec, {});
    EXPECT_TRUE(run.ok()) << run.status();
    return IdOf(run->name());
  }
};

TEST_F(InsertModes_Test, WorkerGetsTheSourcesWeights) {
  CreateInserted(v1::INSERT_ALL);
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.tensors.kind(), worker::v1::INPUTS);
  ASSERT_EQ(given.tensors.tensors_size(), 1);
  EXPECT_EQ(given.tensors.tensors(0).name(), "source.embed.W_E");
  EXPECT_EQ(given.tensor_bytes, "weights!");
  EXPECT_TRUE(given.task.has_tensors());
  EXPECT_EQ(given.task.train().source_spec().n_digits(), 2u);
  EXPECT_EQ(given.task.train().first_step(), 0u);
  EXPECT_EQ(given.task.train().source_nodes_size(), 0);
}

TEST_F(InsertModes_Test, ResumeStateComesBeforeTheSource) {
  CreateInserted(v1::INSERT_INIT);
  const std::string task = StartNext().task.task_id();
  pool_->Send(kSlot, Metrics(0, 2));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task, SendSet(worker::v1::RESUME_STATE, 2, "resume-2")));
  pool_->Lose(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.tensors.kind(), worker::v1::RESUME_STATE);
  EXPECT_EQ(given.tensors.step(), 2u);
  EXPECT_EQ(given.task.train().first_step(), 2u);
  EXPECT_EQ(given.tensors.tensors_size(), 2);
  EXPECT_EQ(given.tensor_bytes, "resume-2weights!");
}

TEST_F(InsertModes_Test, UsefulHeadsComeFromTheStoredMap) {
  const auto missing = UsefulHeads(File(run_).get(), Spec(), run_, 4);
  EXPECT_EQ(ErrorReason(missing.status()), "USEFUL_NODES_MISSING");
  EXPECT_THAT(std::string(missing.status().message()), testing::HasSubstr("sumscope probe " + run_));
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  Answer(UsefulNodesResult());
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  EXPECT_THAT(*UsefulHeads(File(run_).get(), Spec(), run_, 4), ElementsAre("L0H1"));
  EXPECT_FALSE(UsefulHeads(File(run_).get(), Spec(), run_, 2).ok());

  CreateInserted(v1::INSERT_USEFUL_HEADS);
  EXPECT_THAT(StartNext().task.train().source_nodes(), ElementsAre("L0H1"));
}

TEST_F(InsertModes_Test, SourceThatIsGoneFailsTheRun) {
  ASSERT_TRUE(storage_.run_files->Remove(run_).ok());
  const std::string run = CreateInserted(v1::INSERT_INIT);
  EXPECT_TRUE(WaitForState(run, v1::FAILED));
  EXPECT_EQ(Get(run).state_reason(), "RUN_FILE_NOT_FOUND");
}

}  // namespace
}  // namespace sumscope::jobs
