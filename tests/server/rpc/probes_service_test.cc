// Captures, question sets, dry runs, streams of the services of probes.
#include "tests/server/rpc/probes_fixture.h"

namespace sumscope::rpc {
namespace {

using jobs::Chunk;
using jobs::Message;
using jobs::SetEnd;
using testing::HasSubstr;

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
  EXPECT_THAT(unknown.error_message(), HasSubstr("did you mean \"blocks.0.attn.hook_z\"?"));
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

}  // namespace
}  // namespace sumscope::rpc
