#ifndef SUMSCOPE_TESTS_SERVER_JOBS_ANALYSIS_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_ANALYSIS_FIXTURE_H_

#include <string>
#include <vector>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/analyses/analyses.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {

// A trained run of four steps, and questions to its last checkpoint.
class AnalysisFixture : public JobsFixture {
 protected:
  using JobsFixture::JobsFixture;
  void SetUp() override {
    Boot();
    run_ = Trained();
  }

  v1::Analysis Question(const v1::AnalysisRequest& request, const std::string& key = "k1") {
    v1::Analysis analysis;
    analysis.set_analysis(std::string(KindOf(request).name()));
    analysis.set_checkpoint(CheckpointName(run_, 4));
    *analysis.mutable_request() = request;
    analysis.mutable_question_set()->mutable_uniform()->set_count(10);
    analysis.set_key(key);
    analysis.set_owner("ada");
    return analysis;
  }
  // The id of the analysis that a question makes.
  std::string Ask(const v1::Analysis& question) {
    const auto created = manager_->analyses().Create(Ada(), {}, run_, question);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? IdOf(created->analysis.name()) : "";
  }
  FakeWorkerPool::Given StartAnalysis() {
    FakeWorkerPool::Given given = StartNext();
    task_ = given.task.task_id();
    return given;
  }
  // The worker's answer, made durable.
  void Answer(const v1::AnalysisResult& result) {
    Message message;
    *message.mutable_analysis_result() = result;
    EXPECT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, message)));
  }
  void Finish(worker::v1::Finished::Outcome outcome) { pool_->Finish(kSlot, Finished(outcome)); }

  // node=tag of every fact.
  std::vector<std::string> Facts() {
    std::vector<std::string> facts;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto page = reader.facts().List(storage::Viewer::Server(), {});
      if (page.ok()) {
        for (const v1::NodeFact& fact : page->facts) facts.push_back(fact.node() + "=" + fact.tag());
      }
      return page.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return facts;
  }
  bool Knows(const std::string& analysis) {
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      return reader.analyses().Get(storage::Viewer::Server(), run_, analysis).status();
    });
    return status.ok();
  }

  std::string run_, task_;
};

inline v1::AnalysisRequest UsefulNodes() {
  v1::AnalysisRequest request;
  request.mutable_useful_nodes();
  return request;
}
// P8L0H0 fails nothing, P8L0H1 and P9L0H1 something, P9L0MLP too.
inline v1::AnalysisResult UsefulNodesResult() {
  v1::AnalysisResult result;
  auto* useful = result.mutable_useful_nodes();
  for (const auto& [name, failed] : {std::make_pair("P8L0H0", 0), std::make_pair("P8L0H1", 3),
                                     std::make_pair("P9L0H1", 1), std::make_pair("P9L0MLP", 2)}) {
    auto* node = useful->add_nodes();
    node->set_nodes(name);
    node->set_failed_of_right(failed);
    if (failed == 0) continue;
    auto* tag = useful->add_tags();
    tag->set_node(name);
    tag->set_tag("Fail%:" + std::to_string(failed));
  }
  return result;
}

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_ANALYSIS_FIXTURE_H_
