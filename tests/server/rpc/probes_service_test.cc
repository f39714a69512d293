// The services of probes over a channel within the process, with storage in memory and workers that the test plays.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "proto/contract/base/sha256.h"
#include "proto/contract/safetensors.h"
#include "server/auth/authenticator.h"
#include "server/rpc/analysis_service.h"
#include "server/rpc/capture_service.h"
#include "server/rpc/fact_service.h"
#include "server/rpc/question_set_service.h"
#include "server/rpc/run_service.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::rpc {
namespace {

using jobs::Chunk;
using jobs::Message;
using jobs::SetEnd;
using testing::HasSubstr;

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  rpc.ParseFromString(status.error_details());
  return ErrorReason(FromRpcStatus(rpc));
}

class ProbesService_Test : public jobs::AnalysisFixture {
 protected:
  void SetUp() override {
    AnalysisFixture::SetUp();
    Backend backend;
    backend.manager = manager_.get();
    backend.pool = pool_.get();
    backend.hub = hub_.get();
    backend.catalog = storage_.catalog.get();
    backend.run_files = storage_.run_files.get();
    backend.captures = storage_.captures.get();
    backend.watchers = &watchers_;
    backend.downloads = &downloads_;
    backend.uploads = &uploads_;
    backend.room = &room_;
    backend.authenticator = &authenticator_;
    runs_service_ = std::make_unique<RunService>(backend);
    analyses_service_ = std::make_unique<AnalysisService>(backend);
    captures_service_ = std::make_unique<CaptureService>(backend);
    facts_service_ = std::make_unique<FactService>(backend);
    questions_service_ = std::make_unique<QuestionSetService>(backend);
    grpc::ServerBuilder builder;
    builder.RegisterService(runs_service_.get());
    builder.RegisterService(analyses_service_.get());
    builder.RegisterService(captures_service_.get());
    builder.RegisterService(facts_service_.get());
    builder.RegisterService(questions_service_.get());
    server_ = builder.BuildAndStart();
    const auto channel = server_->InProcessChannel({});
    runs_ = v1::RunService::NewStub(channel);
    analyses_ = v1::AnalysisService::NewStub(channel);
    captures_ = v1::CaptureService::NewStub(channel);
    facts_ = v1::FactService::NewStub(channel);
    questions_ = v1::QuestionSetService::NewStub(channel);
  }
  void TearDown() override {
    runs_.reset();
    analyses_.reset();
    captures_.reset();
    facts_.reset();
    questions_.reset();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  }

  v1::CreateAnalysisRequest Capture() {
    v1::CreateAnalysisRequest request;
    request.set_parent("runs/" + run_);
    request.mutable_request()->mutable_capture()->add_hooks("blocks.0.attn.hook_z");
    request.mutable_question_set()->mutable_uniform()->set_count(1);
    return request;
  }
  grpc::Status Create(const v1::CreateAnalysisRequest& request, v1::CreateAnalysisResponse* response) {
    grpc::ClientContext context;
    return analyses_->CreateAnalysis(&context, request, response);
  }
  // A capture of two tensors that has succeeded.
  std::string Captured() {
    v1::CreateAnalysisResponse created;
    const grpc::Status status = Create(Capture(), &created);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const std::string id = IdOf(created.analysis().name());
    StartAnalysis();
    Message begin;
    begin.mutable_tensor_set_begin()->set_kind(worker::v1::CAPTURE);
    begin.mutable_tensor_set_begin()->set_step(4);
    for (const char* name : {"tokens", "blocks.0.attn.hook_z"}) {
      auto* tensor = begin.mutable_tensor_set_begin()->add_tensors();
      tensor->set_name(name);
      tensor->set_dtype("F32");
      tensor->add_shape(2);
      tensor->set_bytes(8);
    }
    pool_->Send(kSlot, begin);
    pool_->Send(kSlot, Chunk("01234567abcdefgh"));
    pool_->Send(kSlot, SetEnd());
    v1::AnalysisResult result;
    for (const char* name : {"tokens", "blocks.0.attn.hook_z"}) result.mutable_capture()->add_tensors()->set_name(name);
    Answer(result);
    Finish(worker::v1::Finished::DONE);
    EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
    return id;
  }
  grpc::Status Read(const v1::ReadTensorRequest& request, std::string* data, v1::FileChunk* first) {
    grpc::ClientContext context;
    const auto reader = captures_->ReadTensor(&context, request);
    for (v1::FileChunk chunk; reader->Read(&chunk); *data += chunk.data()) {
      if (data->empty()) *first = chunk;
    }
    return reader->Finish();
  }
  std::string Download(const std::string& name, uint64_t offset) {
    v1::DownloadCaptureRequest request;
    request.set_name(name);
    request.set_offset(offset);
    grpc::ClientContext context;
    const auto reader = captures_->DownloadCapture(&context, request);
    std::string data;
    for (v1::FileChunk chunk; reader->Read(&chunk); data += chunk.data()) {
      if (data.empty()) sha256_ = chunk.sha256();
    }
    EXPECT_TRUE(reader->Finish().ok());
    return data;
  }
  grpc::Status Upload(uint32_t n_digits, const std::string& text, v1::UploadedQuestionSet* set) {
    grpc::ClientContext context;
    const auto writer = questions_->UploadQuestionSet(&context, set);
    v1::UploadQuestionSetRequest message;
    message.mutable_header()->set_n_digits(n_digits);
    writer->Write(message);
    message.set_data(text);
    writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }

  std::string sha256_;  // that the last download announced
  Seats watchers_{1, "TOO_MANY_WATCHERS", "watches"};
  Seats downloads_{4, "TOO_MANY_DOWNLOADS", "downloads"};
  UploadDesk uploads_{4};
  IncomingRoom room_{[] { return uint64_t{1} << 40; }, 0, uint64_t{1} << 30};
  auth::SingleUserAuthenticator authenticator_{"ada"};
  std::unique_ptr<RunService> runs_service_;
  std::unique_ptr<AnalysisService> analyses_service_;
  std::unique_ptr<CaptureService> captures_service_;
  std::unique_ptr<FactService> facts_service_;
  std::unique_ptr<QuestionSetService> questions_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::RunService::Stub> runs_;
  std::unique_ptr<v1::AnalysisService::Stub> analyses_;
  std::unique_ptr<v1::CaptureService::Stub> captures_;
  std::unique_ptr<v1::FactService::Stub> facts_;
  std::unique_ptr<v1::QuestionSetService::Stub> questions_;
};

TEST_F(ProbesService_Test, TensorIsReadWholeAndByRange) {
  const std::string id = Captured();
  v1::ReadTensorRequest request;
  request.set_name(CaptureName(run_, id));
  request.set_tensor("blocks.0.attn.hook_z");
  std::string data;
  v1::FileChunk first;
  ASSERT_TRUE(Read(request, &data, &first).ok());
  EXPECT_EQ(data, "abcdefgh");
  EXPECT_EQ(first.total_bytes(), 8u);
  EXPECT_EQ(first.sha256(), Sha256Hex("abcdefgh"));
  request.set_offset(2);
  request.set_length(3);
  data.clear();
  ASSERT_TRUE(Read(request, &data, &first).ok());
  EXPECT_EQ(data, "cde");
  request.set_length(0);
  data.clear();
  ASSERT_TRUE(Read(request, &data, &first).ok());
  EXPECT_EQ(data, "cdefgh");
  request.set_offset(9);
  EXPECT_EQ(ReasonOf(Read(request, &data, &first)), "OFFSET_OUT_OF_RANGE");
  request.set_tensor("blocks.0.attn.hook_zz");
  const grpc::Status unknown = Read(request, &data, &first);
  EXPECT_EQ(ReasonOf(unknown), "TENSOR_NOT_FOUND");
  EXPECT_THAT(unknown.error_message(), HasSubstr("did you mean blocks.0.attn.hook_z?"));
}

TEST_F(ProbesService_Test, CaptureIsDownloadedAsOneFileFromAnyOffset) {
  const std::string name = CaptureName(run_, Captured());
  const std::string whole = Download(name, 0);
  const auto header = ParseSafetensorsHeader(whole, whole.size());
  ASSERT_TRUE(header.ok()) << header.status();
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[1].name, "blocks.0.attn.hook_z");
  EXPECT_EQ(whole.substr(header->data_offset), "01234567abcdefgh");
  EXPECT_EQ(header->metadata.at("capture"), name);
  for (const uint64_t offset : {uint64_t{5}, header->data_offset, uint64_t{whole.size() - 3}, uint64_t{whole.size()}}) {
    EXPECT_EQ(Download(name, offset), whole.substr(offset));
    EXPECT_EQ(sha256_, Sha256Hex(whole));
  }
}

TEST_F(ProbesService_Test, CapturesAreListedOnceTheyHaveSucceeded) {
  v1::ListCapturesRequest list;
  list.set_parent("runs/-");
  const auto count = [&] {
    grpc::ClientContext context;
    v1::ListCapturesResponse response;
    EXPECT_TRUE(captures_->ListCaptures(&context, list, &response).ok());
    return response.captures_size();
  };
  v1::CreateAnalysisResponse queued;
  v1::CreateAnalysisRequest other = Capture();
  other.mutable_question_set()->mutable_uniform()->set_count(2);
  const std::string id = Captured();
  ASSERT_TRUE(Create(other, &queued).ok());
  EXPECT_EQ(count(), 1);
  v1::GetCaptureRequest get;
  get.set_name(CaptureName(run_, IdOf(queued.analysis().name())));
  v1::Capture capture;
  {
    grpc::ClientContext context;
    EXPECT_EQ(ReasonOf(captures_->GetCapture(&context, get, &capture)), "CAPTURE_NOT_FOUND");
  }
  get.set_name(CaptureName(run_, id));
  {
    grpc::ClientContext context;
    ASSERT_TRUE(captures_->GetCapture(&context, get, &capture).ok());
  }
  EXPECT_EQ(capture.result().bytes(), 16u);
  EXPECT_EQ(capture.request().hooks(0), "blocks.0.attn.hook_z");
  EXPECT_EQ(capture.analysis(), AnalysisName(run_, id));
  v1::DeleteCaptureRequest remove;
  remove.set_name(capture.name());
  {
    grpc::ClientContext context;
    v1::DeleteCaptureResponse response;
    ASSERT_TRUE(captures_->DeleteCapture(&context, remove, &response).ok());
  }
  EXPECT_EQ(count(), 0);
  EXPECT_FALSE(storage_.captures->Exists(run_, id));
}

TEST_F(ProbesService_Test, DryRunPredictsAndRefusesLikeTheRealOne) {
  v1::CreateAnalysisRequest request = Capture();
  request.set_validate_only(true);
  v1::CreateAnalysisResponse response;
  ASSERT_TRUE(Create(request, &response).ok());
  EXPECT_GT(response.analysis().prediction().disk_bytes(), 0u);
  EXPECT_EQ(response.analysis().prediction().questions(), 1);
  EXPECT_TRUE(response.analysis().name().empty());
  request.mutable_question_set()->mutable_uniform()->set_count(1'000'000);
  EXPECT_EQ(ReasonOf(Create(request, &response)), "CAPTURE_TOO_LARGE");
  request.set_validate_only(false);
  EXPECT_EQ(ReasonOf(Create(request, &response)), "CAPTURE_TOO_LARGE");
  EXPECT_THAT(*File(run_)->ListAnalyses(), testing::IsEmpty());
}

TEST_F(ProbesService_Test, WhatCannotBeSentBackIsRefusedAtOnce) {
  v1::CreateAnalysisRequest request;
  request.set_parent("runs/" + run_);
  auto* tags = request.mutable_request()->mutable_import_tags();
  for (int i = 0; i < 90'000; ++i) {
    auto* tag = tags->add_tags();
    tag->set_node("P6L0H0");
    tag->set_tag("Fail%:" + std::to_string(i % 100) + ".00000000");
  }
  v1::CreateAnalysisResponse response;
  const grpc::Status status = Create(request, &response);  // twice the tags are more than a message
  EXPECT_EQ(ReasonOf(status), "RESULT_TOO_LARGE") << status.error_message();
  EXPECT_THAT(*File(run_)->ListAnalyses(), testing::IsEmpty());
  tags->mutable_tags()->DeleteSubrange(1000, tags->tags_size() - 1000);
  EXPECT_TRUE(Create(request, &response).ok());
  EXPECT_EQ(response.analysis().result().import_tags().tags_size(), 1000);
}

TEST_F(ProbesService_Test, UploadedQuestionsAreOneSetAndCheckedAgainstTheRun) {
  v1::UploadedQuestionSet set, again;
  ASSERT_TRUE(Upload(2, "1+2\n34+5", &set).ok());
  ASSERT_TRUE(Upload(2, "01+02\n34+05\n", &again).ok());
  EXPECT_EQ(set.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(set.name(), "questionSets/" + Sha256Hex("01+02\n34+05\n"));
  EXPECT_EQ(set.owner(), "ada");
  v1::CreateAnalysisRequest request;
  request.set_parent("runs/" + run_);
  request.mutable_request()->mutable_evaluate();
  request.mutable_question_set()->mutable_uploaded()->set_sha256(set.sha256());
  v1::CreateAnalysisResponse response;
  const grpc::Status created = Create(request, &response);
  EXPECT_TRUE(created.ok()) << created.error_message();
  request.mutable_question_set()->mutable_uploaded()->set_sha256(Sha256Hex("nothing"));
  EXPECT_EQ(ReasonOf(Create(request, &response)), "QUESTION_SET_NOT_FOUND");
  ASSERT_TRUE(Upload(3, "1+2", &set).ok());
  request.mutable_question_set()->mutable_uploaded()->set_sha256(set.sha256());
  EXPECT_EQ(ReasonOf(Create(request, &response)), "WRONG_DIGITS");
  EXPECT_EQ(ReasonOf(Upload(2, "1+2\nnonsense\n", &set)), "QUESTION_INVALID");
  EXPECT_EQ(ReasonOf(Upload(1, "1+2", &set)), "DIGITS_OUT_OF_RANGE");
}

TEST_F(ProbesService_Test, InsertModesNameTheCheckpointThatTheyMean) {
  v1::CreateRunRequest request;
  *request.mutable_spec() = Spec();
  request.mutable_spec()->set_insert_mode(v1::INSERT_INIT);
  request.mutable_spec()->set_init_from(run_.substr(0, 6));
  const auto create = [&](v1::Run* run) {
    grpc::ClientContext context;
    return runs_->CreateRun(&context, request, run);
  };
  v1::Run run;
  const grpc::Status created = create(&run);
  ASSERT_TRUE(created.ok()) << created.error_message();
  EXPECT_EQ(run.spec().init_from(), run_ + "@4");
  request.mutable_spec()->set_insert_mode(v1::INSERT_USEFUL_HEADS);
  EXPECT_EQ(ReasonOf(create(&run)), "USEFUL_NODES_MISSING");
  request.mutable_spec()->set_insert_mode(v1::INSERT_INIT);
  request.mutable_spec()->set_n_digits(3);
  EXPECT_EQ(ReasonOf(create(&run)), "INIT_FROM_MISMATCH");
  request.mutable_spec()->set_n_digits(2);
  request.mutable_spec()->set_init_from("nobody");
  EXPECT_EQ(ReasonOf(create(&run)), "RUN_NOT_FOUND");
  request.mutable_spec()->set_init_from(run_ + "@3");
  EXPECT_EQ(ReasonOf(create(&run)), "CHECKPOINT_NOT_FOUND");
}

TEST_F(ProbesService_Test, EveryStreamThatWaitsCountsAsAWatcher) {
  const auto other = watchers_.Enter();
  {
    v1::WatchRunRequest request;
    request.set_name("runs/" + run_);
    grpc::ClientContext context;
    EXPECT_EQ(ReasonOf(runs_->WatchRun(&context, request)->Finish()), "TOO_MANY_WATCHERS");
  }
  {
    v1::StreamMetricsRequest request;
    request.set_name("runs/" + run_);
    request.set_follow(true);
    grpc::ClientContext context;
    EXPECT_EQ(ReasonOf(runs_->StreamMetrics(&context, request)->Finish()), "TOO_MANY_WATCHERS");
  }
  {
    v1::WatchAnalysisRequest request;
    request.set_name(AnalysisName(run_, "a1234567"));
    grpc::ClientContext context;
    EXPECT_EQ(ReasonOf(analyses_->WatchAnalysis(&context, request)->Finish()), "TOO_MANY_WATCHERS");
  }
  v1::StreamMetricsRequest request;  // what does not wait is served
  request.set_name("runs/" + run_);
  grpc::ClientContext context;
  const auto reader = runs_->StreamMetrics(&context, request);
  v1::MetricBlock block;
  EXPECT_TRUE(reader->Read(&block));
  EXPECT_FALSE(reader->Read(&block));
  EXPECT_TRUE(reader->Finish().ok());
}

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
    ASSERT_TRUE(storage_.catalog->Write([&](auto& transaction) { return transaction.PutAnalysis(waits); }).ok());
    hub_->Notify(run_);
    for (bool more = true; more && seen.state_reason() != reason;) more = reader->Read(&seen);
    EXPECT_EQ(seen.state_reason(), reason);
  }
  context.TryCancel();
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
  EXPECT_EQ(page.analyses(0).state_detail(), place(3));
  EXPECT_EQ(page.analyses(1).state_detail(), place(2));
  v1::GetAnalysisRequest get;
  get.set_name(names[1]);
  v1::Analysis analysis;
  ASSERT_TRUE(analyses_->GetAnalysis(&of_get, get, &analysis).ok());
  EXPECT_EQ(analysis.state_detail(), place(1));
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

}  // namespace
}  // namespace sumscope::rpc
