// Analyses as their service tells of them: while they wait, run, end.
#include "server/rpc/analyses/analysis_service.h"

#include "tests/server/rpc/probes_fixture.h"

namespace sumscope::rpc {
namespace {

// A watcher saw nothing of a running analysis that waited for room on the disk.
TEST_F(ProbesService_Test, WatcherIsToldWhyARunningAnalysisWaits) {
  v1::CreateAnalysisResponse created;
  ASSERT_TRUE(Create(Capture(), &created).ok());
  StartAnalysis();
  v1::WatchAnalysisRequest request;
  request.set_name(created.analysis().name());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto reader = analyses_->WatchAnalysis(&context, request);
  v1::Analysis seen;
  ASSERT_TRUE(reader->Read(&seen));
  for (const char* reason : {"DISK_FULL", ""}) {
    v1::Analysis waits = seen;
    waits.set_state_reason(reason);
    ASSERT_TRUE(storage_.catalog->Write([&](auto& transaction) { return transaction.analyses().Put(waits); }).ok());
    hub_->Notify(run_);
    for (bool more = true; more && seen.state_reason() != reason;) more = reader->Read(&seen);
    EXPECT_EQ(seen.state_reason(), reason);
  }
  context.TryCancel();
}

// A question to a run that had lost its file heard that the run has no checkpoint yet.
TEST_F(ProbesService_Test, RunHasLostItsFileThenAQuestionHearsSo) {
  ASSERT_TRUE(storage_.run_files->Remove(run_).ok());
  v1::CreateAnalysisResponse created;
  EXPECT_EQ(ReasonOf(Create(Capture(), &created)), "RUN_FILE_NOT_FOUND");
}

TEST_F(ProbesService_Test, PlacesAreThoseAmongAllThatWait) {
  std::vector<std::string> names;
  for (uint64_t count = 1; count <= 4; ++count) {
    v1::CreateAnalysisRequest request = Capture();
    request.mutable_question_set()->mutable_uniform()->set_count(count);
    v1::CreateAnalysisResponse created;
    ASSERT_TRUE(Create(request, &created).ok());
    names.push_back(created.analysis().name());
  }
  StartAnalysis();
  const auto place = [](int number) { return "number " + std::to_string(number) + " of those that wait"; };
  v1::ListAnalysesRequest list;
  list.set_parent("runs/-");
  list.set_page_size(2);
  v1::ListAnalysesResponse page;
  grpc::ClientContext of_list, of_get;
  ASSERT_TRUE(analyses_->ListAnalyses(&of_list, list, &page).ok());
  EXPECT_THAT(page.analyses(0).state_detail(), testing::StartsWith(place(3)));
  EXPECT_THAT(page.analyses(1).state_detail(), testing::StartsWith(place(2)));
  v1::GetAnalysisRequest get;
  get.set_name(names[1]);
  v1::Analysis analysis;
  ASSERT_TRUE(analyses_->GetAnalysis(&of_get, get, &analysis).ok());
  EXPECT_THAT(analysis.state_detail(), testing::StartsWith(place(1)));
}

TEST_F(ProbesService_Test, FactsAndAnalysesAreFilteredAndDeleted) {
  v1::CreateAnalysisRequest request;
  request.set_parent("runs/" + run_);
  auto* tag = request.mutable_request()->mutable_import_tags()->add_tags();
  tag->set_node("P8L0H1");
  tag->set_tag("Algo:A1.SC");
  v1::CreateAnalysisResponse created;
  const grpc::Status status = Create(request, &created);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const auto facts = [&](const std::string& filter) {
    grpc::ClientContext context;
    v1::ListFactsRequest list;
    list.set_filter(filter);
    v1::ListFactsResponse response;
    EXPECT_TRUE(facts_->ListFacts(&context, list, &response).ok());
    return response.facts_size();
  };
  EXPECT_EQ(facts("task = \"A1.SC\" AND run.n_digits = 2"), 1);
  EXPECT_EQ(facts("task = \"A2.SC\""), 0);
  const auto analyses = [&](const std::string& kind) {
    grpc::ClientContext context;
    v1::ListAnalysesRequest list;
    list.set_parent("runs/-");
    list.set_analysis(kind);
    v1::ListAnalysesResponse response;
    const grpc::Status listed = analyses_->ListAnalyses(&context, list, &response);
    return listed.ok() ? std::to_string(response.analyses_size()) : ReasonOf(listed);
  };
  EXPECT_EQ(analyses("import_tags"), "1");
  EXPECT_EQ(analyses("evaluate"), "0");
  EXPECT_EQ(analyses("evaluat"), "ANALYSIS_UNKNOWN");
  grpc::ClientContext context;
  v1::DeleteAnalysisRequest remove;
  remove.set_name(created.analysis().name());
  v1::DeleteAnalysisResponse removed;
  EXPECT_TRUE(analyses_->DeleteAnalysis(&context, remove, &removed).ok());
  EXPECT_EQ(facts(""), 0);
}

// It was cancelled, and the answer was that its run's file is damaged.
TEST_F(ProbesService_Test, FileIsDamagedThenACancelIsAnsweredAllTheSame) {
  v1::CreateAnalysisResponse created;
  ASSERT_TRUE(Create(Capture(), &created).ok());
  StartAnalysis();  // waiting, it would end by itself when its turn comes
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "a bit flipped"); });
  v1::CancelAnalysisRequest request;
  request.set_name(created.analysis().name());
  v1::Analysis cancelled;
  grpc::ClientContext context;
  const grpc::Status status = analyses_->CancelAnalysis(&context, request, &cancelled);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(cancelled.name(), created.analysis().name());
  EXPECT_TRUE(cancelled.state() == v1::CANCELLING || cancelled.state() == v1::CANCELLED) << cancelled.state();
}

}  // namespace
}  // namespace sumscope::rpc
