// The order of lists is that in which things came about: the wall clock of a server may step back.
#include <string>
#include <vector>

#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using Names = std::vector<std::string>;

class Order_Test : public BackendTest {
 protected:
  Names Runs(const std::string& order_by, const std::string& filter = "") {
    RunQuery query;
    query.order_by = order_by;
    query.filter = filter;
    query.page_size = 2;
    Names names;
    do {
      const absl::Status status = catalog().Read([&](CatalogReader& reader) -> absl::Status {
        const auto page = reader.runs().List(Viewer::Server(), query);
        if (!page.ok()) return page.status();
        for (const v1::Run& run : page->runs) names.push_back(run.name().substr(5));
        query.page_token = page->next_page_token;
        return absl::OkStatus();
      });
      EXPECT_TRUE(status.ok()) << status;
    } while (!query.page_token.empty());
    return names;
  }
  Names Analyses(const std::string& run, const std::string& kind) {
    AnalysisQuery query{run, kind, 1, ""};
    Names names;
    do {
      const absl::Status status = catalog().Read([&](CatalogReader& reader) -> absl::Status {
        const auto page = reader.analyses().List(Viewer::Server(), query);
        if (!page.ok()) return page.status();
        for (const v1::Analysis& analysis : page->analyses) {
          names.push_back(analysis.name().substr(analysis.name().rfind('/') + 1));
        }
        query.page_token = page->next_page_token;
        return absl::OkStatus();
      });
      EXPECT_TRUE(status.ok()) << status;
    } while (!query.page_token.empty());
    return names;
  }
  void End(const std::string& id, int second) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      v1::Run run = *transaction.runs().Get(Viewer::Server(), id);
      run.set_state(v1::SUCCEEDED);
      run.mutable_end_time()->set_seconds(second);
      return transaction.runs().Update(run);
    });
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Order_Test);

// After a step back of the clock new runs stood behind old ones, and @last was not the last.
TEST_P(Order_Test, ClockThatStepsBackThenRunsKeepTheOrderInWhichTheyWereMade) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const auto& [id, second] : {std::pair<const char*, int>{"r1", 500}, {"r2", 900}, {"r3", 100}, {"r0", 100}}) {
      EXPECT_TRUE(transaction.runs().Insert(MakeRun(id, second)).ok());
    }
    return absl::OkStatus();
  });
  Reopen();
  EXPECT_EQ(Runs(""), (Names{"r0", "r3", "r2", "r1"}));
  EXPECT_EQ(Runs("create_time"), (Names{"r1", "r2", "r3", "r0"}));
  EXPECT_EQ(Runs("", "state = QUEUED"), (Names{"r0", "r3", "r2", "r1"}));
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    EXPECT_EQ(*reader.runs().Latest(Viewer::Server(), "ada"), "r0");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(Order_Test, ClockThatStepsBackThenEndedRunsKeepTheOrderOfTheirEnds) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const char* id : {"r1", "r2", "r3"}) EXPECT_TRUE(transaction.runs().Insert(MakeRun(id)).ok());
    return absl::OkStatus();
  });
  End("r2", 900);
  End("r3", 800);
  End("r2", 900);  // an update that brings no new end
  EXPECT_EQ(Runs("end_time desc"), (Names{"r3", "r2", "r1"}));
  EXPECT_EQ(Runs("end_time"), (Names{"r2", "r3", "r1"}));
  Write([](CatalogTransaction& transaction) -> absl::Status {
    v1::Run run = *transaction.runs().Get(Viewer::Server(), "r2");
    run.clear_end_time();  // resumed
    return transaction.runs().Update(run);
  });
  EXPECT_EQ(Runs("end_time desc"), (Names{"r3", "r2", "r1"}));
  End("r2", 700);
  EXPECT_EQ(Runs("end_time desc"), (Names{"r2", "r3", "r1"}));
}

TEST_P(Order_Test, ClockThatStepsBackThenAnalysesKeepTheOrderInWhichTheyWereAsked) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const char* run : {"r1", "r2"}) EXPECT_TRUE(transaction.runs().Insert(MakeRun(run)).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a1", "k1", 900)).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r2", "a2", "k2", 500)).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a3", "k3", 100)).ok());
    v1::Analysis ended = MakeAnalysis("r1", "a1", "k1", 900);
    ended.set_state(v1::SUCCEEDED);
    return transaction.analyses().Put(ended);
  });
  Reopen();
  EXPECT_EQ(Analyses("", ""), (Names{"a3", "a2", "a1"}));
  EXPECT_EQ(Analyses("", "evaluate"), (Names{"a3", "a2", "a1"}));
  EXPECT_EQ(Analyses("r1", ""), (Names{"a3", "a1"}));
  EXPECT_EQ(Analyses("r1", "evaluate"), (Names{"a3", "a1"}));
}

TEST_P(Order_Test, ClockThatStepsBackThenQuestionSetsKeepTheOrderOfTheirUploads) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const auto& [sha256, second] : {std::pair<const char*, int>{"b", 900}, {"c", 500}, {"a", 500}}) {
      v1::UploadedQuestionSet set;
      set.set_sha256(sha256);
      set.mutable_create_time()->set_seconds(second);
      EXPECT_TRUE(transaction.question_sets().Insert(set).ok());
    }
    return absl::OkStatus();
  });
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    const auto first = reader.question_sets().List(Viewer::Server(), 2, "");
    EXPECT_EQ(first->question_sets[0].sha256() + first->question_sets[1].sha256(), "ac");
    EXPECT_EQ(reader.question_sets().List(Viewer::Server(), 2, first->next_page_token)->question_sets[0].sha256(), "b");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

// The newest useful-node map of a run, from which insert modes take heads, was that of the largest time.
TEST_P(Order_Test, ClockThatStepsBackThenAFilesAnalysesKeepTheirOrder) {
  const auto file = *files().Create(MakeRun("r1"));
  const auto put = [&](const v1::Analysis& analysis) {
    EXPECT_TRUE(file->Write([&](RunFileTransaction& transaction) { return transaction.PutAnalysis(analysis); }).ok());
  };
  put(MakeAnalysis("r1", "a2", "k2", 900));
  put(MakeAnalysis("r1", "a1", "k1", 100));
  v1::Analysis ended = MakeAnalysis("r1", "a2", "k2", 900);
  ended.set_state(v1::SUCCEEDED);
  put(ended);
  const auto analyses = file->ListAnalyses();
  ASSERT_TRUE(analyses.ok()) << analyses.status();
  EXPECT_EQ(analyses->front().name(), "runs/r1/analyses/a2");
  EXPECT_EQ(analyses->front().state(), v1::SUCCEEDED);
  EXPECT_EQ(analyses->back().name(), "runs/r1/analyses/a1");
}

}  // namespace
}  // namespace sumscope::storage
