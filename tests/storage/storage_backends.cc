#include "tests/storage/storage_backends.h"

#include <utility>

#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::storage {
namespace {

constexpr int64_t kOrigin = 1'700'000'000;

absl::StatusOr<Storage> OpenBackend(Backend backend, const std::string& directory) {
  return backend == Backend::kDisk ? OpenSqliteStorage(directory, TestTransition, Clock::Real())
                                   : OpenInMemoryStorage(TestTransition, Clock::Real());
}

}  // namespace

bool TestTransition(v1::State from, v1::State to) { return !(from == v1::SUCCEEDED && to == v1::RUNNING); }

BackendTest::BackendTest() {
  auto storage = OpenBackend(GetParam(), folder_.path());
  EXPECT_TRUE(storage.ok()) << storage.status();
  storage_ = *std::move(storage);
}

void BackendTest::Reopen() {
  if (GetParam() == Backend::kMemory) return;
  storage_ = {};
  storage_ = *OpenBackend(GetParam(), folder_.path());
}

void BackendTest::Write(const std::function<absl::Status(CatalogTransaction&)>& body) {
  const absl::Status status = catalog().Write(body);
  ASSERT_TRUE(status.ok()) << status;
}

std::string BackendName(const testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::kDisk ? "Disk" : "Memory";
}

v1::Run MakeRun(const std::string& id, int second) {
  v1::Run run;
  run.set_name(RunName(id));
  *run.mutable_spec() = CompleteSpec(v1::TrainSpec());
  run.set_model_name(ModelName(run.spec()));
  run.set_owner("ada");
  run.set_visibility(v1::LAB);
  run.set_state(v1::QUEUED);
  run.set_attempt(1);
  run.mutable_create_time()->set_seconds(kOrigin + second);
  return run;
}

Job MakeJob(const std::string& id, const std::string& run) {
  Job job;
  job.id = id;
  job.run = run;
  job.create_time = absl::FromUnixSeconds(kOrigin);
  return job;
}

v1::Analysis MakeAnalysis(const std::string& run, const std::string& id, const std::string& key, int second) {
  v1::Analysis analysis;
  analysis.set_name(AnalysisName(run, id));
  analysis.set_analysis("evaluate");
  analysis.set_checkpoint(CheckpointName(run, 10));
  analysis.set_state(v1::QUEUED);
  analysis.set_key(key);
  analysis.mutable_request()->mutable_evaluate()->set_generate(true);
  analysis.mutable_question_set()->mutable_uniform()->set_count(5);
  analysis.mutable_create_time()->set_seconds(kOrigin + second);
  return analysis;
}

}  // namespace sumscope::storage
