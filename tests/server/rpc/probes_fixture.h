#ifndef SUMSCOPE_TESTS_SERVER_RPC_PROBES_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_RPC_PROBES_FIXTURE_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "google/rpc/status.pb.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"
#include "proto/contract/text/sha256.h"
#include "server/auth/authenticator.h"
#include "server/rpc/analyses/analysis_service.h"
#include "server/rpc/captures/capture_service.h"
#include "server/rpc/devices/device_service.h"
#include "server/rpc/facts/fact_service.h"
#include "server/rpc/questions/question_set_service.h"
#include "server/rpc/queue/queue_service.h"
#include "server/rpc/runs/run_service.h"
#include "server/rpc/serve/road.h"
#include "server/rpc/sweeps/sweep_service.h"
#include "server/rpc/system/system_service.h"
#include "server/rpc/users/user_service.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::rpc {

inline std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  rpc.ParseFromString(status.error_details());
  return ErrorReason(FromRpcStatus(rpc));
}

// The services of probes over a channel within the process, with storage in memory and workers that the test plays.
class ProbesService_Test : public jobs::AnalysisFixture {
 protected:
  void SetUp() override {
    AnalysisFixture::SetUp();
    Backend backend;
    backend.manager = manager_.get();
    backend.pool = pool_.get();
    backend.hub = hub_.get();
    backend.catalog = storage_.catalog.get();
    backend.run_files = &files_;
    backend.captures = storage_.captures.get();
    backend.watchers = &watchers_;
    backend.downloads = &downloads_;
    backend.reads = &reads_;
    backend.uploads = &uploads_;
    backend.room = &room_;
    backend.env = storage::Env::Real();
    backend.devices = [this] { return devices_; };
    RoadParts road;
    road.authenticator = authenticator_;
    road.peer_of = peer_of_;
    road.catalog = &road_catalog_;
    road.clock = &clock_;
    road.user_limits = user_limits_;
    road.hooks = hooks_;
    road_ = std::make_unique<Road>(std::move(road));
    services_.push_back(std::make_unique<RunService>(backend, road_.get()));
    services_.push_back(std::make_unique<AnalysisService>(backend, road_.get()));
    services_.push_back(std::make_unique<CaptureService>(backend, road_.get()));
    services_.push_back(std::make_unique<FactService>(backend, road_.get()));
    services_.push_back(std::make_unique<QuestionSetService>(backend, road_.get()));
    services_.push_back(std::make_unique<SystemService>(backend, road_.get(), v1::ServerInfo(), &call_times_));
    services_.push_back(std::make_unique<UserService>(backend, road_.get(),
                                                      UserService::Parts{&clock_, IdSource::Real(), {900, "lab"}}));
    services_.push_back(std::make_unique<QueueService>(backend, road_.get()));
    services_.push_back(std::make_unique<DeviceService>(backend, road_.get()));
    services_.push_back(std::make_unique<SweepService>(backend, road_.get()));
    grpc::ServerBuilder builder;
    for (const auto& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    const auto channel = server_->InProcessChannel({});
    runs_ = v1::RunService::NewStub(channel);
    analyses_ = v1::AnalysisService::NewStub(channel);
    captures_ = v1::CaptureService::NewStub(channel);
    facts_ = v1::FactService::NewStub(channel);
    questions_ = v1::QuestionSetService::NewStub(channel);
    queue_ = v1::QueueService::NewStub(channel);
    device_service_ = v1::DeviceService::NewStub(channel);
    sweeps_ = v1::SweepService::NewStub(channel);
  }
  void TearDown() override {
    runs_.reset();
    analyses_.reset();
    captures_.reset();
    facts_.reset();
    questions_.reset();
    queue_.reset();
    device_service_.reset();
    sweeps_.reset();
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
    jobs::Message begin;
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
    pool_->Send(kSlot, jobs::Chunk("01234567abcdefgh"));
    pool_->Send(kSlot, jobs::SetEnd());
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

  std::string sha256_;                         // that the last download announced
  std::vector<devices::DeviceState> devices_;  // that somebody looked at; set before calls begin
  Seats watchers_{1, "TOO_MANY_WATCHERS", "watches"};
  Seats downloads_{4, "TOO_MANY_DOWNLOADS", "downloads"};
  ReadTurns reads_{limits::kMaxTensorReads, absl::ToChronoMilliseconds(limits::kMaxReadTurnWait)};
  IncomingRoom room_{[] { return uint64_t{1} << 40; }, 0, uint64_t{1} << 30};
  CallTimes call_times_;
  auth::SingleUserAuthenticator ada_{"ada"};
  // Chosen by the constructor of a test.
  auth::Authenticator* authenticator_ = &ada_;
  std::function<auth::Peer(const grpc::ServerContextBase&)> peer_of_ = [](const auto&) { return auth::Peer(); };
  UserLimits user_limits_;
  jobs::FaultyCatalog road_catalog_{storage_.catalog.get()};  // what the road itself writes
  std::vector<CallHook*> hooks_;
  std::unique_ptr<Road> road_;
  UploadDesk uploads_{4};  // after the road, which its threads use
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::RunService::Stub> runs_;
  std::unique_ptr<v1::AnalysisService::Stub> analyses_;
  std::unique_ptr<v1::CaptureService::Stub> captures_;
  std::unique_ptr<v1::FactService::Stub> facts_;
  std::unique_ptr<v1::QuestionSetService::Stub> questions_;
  std::unique_ptr<v1::QueueService::Stub> queue_;
  std::unique_ptr<v1::DeviceService::Stub> device_service_;
  std::unique_ptr<v1::SweepService::Stub> sweeps_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_TESTS_SERVER_RPC_PROBES_FIXTURE_H_
