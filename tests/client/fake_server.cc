#include "tests/client/fake_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/text/sha256.h"
#include "tests/client/fake_stream.h"

namespace sumscope::client {
namespace {

class Analyses : public v1::AnalysisService::Service {
 public:
  explicit Analyses(FakeServer* fake) : fake_(fake) {}

  grpc::Status CreateAnalysis(grpc::ServerContext*, const v1::CreateAnalysisRequest* request,
                              v1::CreateAnalysisResponse* response) override {
    fake_->Record("CreateAnalysis", *request);
    if (!fake_->refuse_create.ok()) return ToGrpc(fake_->refuse_create);
    if (fake_->no_checkpoint.count(request->parent()) > 0) {
      return ToGrpc(MakeError(absl::StatusCode::kFailedPrecondition, "RUN_HAS_NO_CHECKPOINT", "no checkpoint yet"));
    }
    *response->mutable_analysis() = fake_->from_cache ? fake_->analysis : Unfinished(v1::QUEUED);
    response->set_from_cache(fake_->from_cache);
    if (fake_->on_create) fake_->on_create(*request, response->mutable_analysis());
    return grpc::Status::OK;
  }
  grpc::Status GetAnalysis(grpc::ServerContext*, const v1::GetAnalysisRequest* request, v1::Analysis* answer) override {
    fake_->Record("GetAnalysis", *request);
    *answer = fake_->analysis;
    for (const v1::Analysis& one : fake_->stored) {
      if (one.name() == request->name()) *answer = one;
    }
    return grpc::Status::OK;
  }
  grpc::Status ListAnalyses(grpc::ServerContext*, const v1::ListAnalysesRequest* request,
                            v1::ListAnalysesResponse* response) override {
    fake_->Record("ListAnalyses", *request);
    if (fake_->stored.empty()) *response->add_analyses() = fake_->analysis;
    for (const v1::Analysis& one : fake_->stored) {
      const bool of_run =
          request->parent() == "runs/-" || absl::StartsWith(one.name(), absl::StrCat(request->parent(), "/"));
      const bool of_kind = request->analysis().empty() || request->analysis() == one.analysis();
      if (of_run && of_kind) *response->add_analyses() = one;
    }
    for (v1::Analysis& one : *response->mutable_analyses()) {
      one.clear_request();
      one.clear_result();
    }
    return grpc::Status::OK;
  }
  grpc::Status CancelAnalysis(grpc::ServerContext*, const v1::CancelAnalysisRequest* request,
                              v1::Analysis* answer) override {
    fake_->Record("CancelAnalysis", *request);
    if (absl::EndsWith(request->name(), "/ended")) {
      return ToGrpc(MakeError(absl::StatusCode::kFailedPrecondition, "ANALYSIS_ENDED", "it has ended already"));
    }
    *answer = Unfinished(v1::CANCELLED);
    answer->set_name(request->name());
    return grpc::Status::OK;
  }
  grpc::Status DeleteAnalysis(grpc::ServerContext*, const v1::DeleteAnalysisRequest* request,
                              v1::DeleteAnalysisResponse*) override {
    fake_->Record("DeleteAnalysis", *request);
    return grpc::Status::OK;
  }
  grpc::Status WatchAnalysis(grpc::ServerContext* context, const v1::WatchAnalysisRequest* request,
                             grpc::ServerWriter<v1::Analysis>* writer) override {
    fake_->Record("WatchAnalysis", *request);
    Sender<v1::Analysis> sender(fake_, context, writer);
    v1::Analysis waiting = Unfinished(v1::RUNNING);
    waiting.set_state_reason(fake_->waits_for);
    for (const v1::Analysis& now : {Unfinished(v1::QUEUED), Unfinished(v1::RUNNING), waiting, fake_->analysis}) {
      if (!sender.Send(now)) return sender.status();
    }
    return grpc::Status::OK;
  }

 private:
  v1::Analysis Unfinished(v1::State state) const {
    v1::Analysis now = fake_->analysis;
    now.clear_result();
    now.set_state(state);
    now.set_progress(state == v1::RUNNING ? 0.5 : 0);
    return now;
  }

  FakeServer* const fake_;
};

class System : public v1::SystemService::Service {
 public:
  explicit System(FakeServer* fake) : fake_(fake) {}

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest* request,
                             v1::ServerInfo* info) override {
    fake_->Record("GetServerInfo", *request);
    v1::TrainSpec spec;
    if (!request->model_name().empty()) {
      absl::StatusOr<v1::TrainSpec> named = ParseModelName(request->model_name());
      if (!named.ok()) return ToGrpc(named.status());
      spec = *std::move(named);
    }
    for (const std::string& hook : HookNames(CompleteSpec(spec))) info->add_hook_names(hook);
    v1::Limit* const page_size = info->add_limits();
    page_size->set_name("page_size");
    page_size->set_maximum(limits::kMaxPageSize);
    info->set_version("1.2.3");
    info->set_pid(4711);
    v1::Slot* const slot = info->add_slots();
    slot->set_name("cpu0");
    slot->set_state("IDLE");
    slot->mutable_rates()->set_training_flops_per_second(7.23e9);
    slot->mutable_rates()->set_answering_flops_per_second(119.2e9);
    return grpc::Status::OK;
  }

 private:
  FakeServer* const fake_;
};

}  // namespace

FakeServer::FakeServer()
    : run(EndedRun()),
      events(EventsOf(run)),
      metric_steps(20),
      weights(SmallSafetensors()),
      weights_sha256(Sha256Hex(weights)),
      analysis(EndedAnalysis()),
      services_(MakeProbingServices(this)) {
  caller.set_user("users/ada");
  caller.set_role(v1::ADMIN);
  caller.set_credential("local uid 1000");
  caller.set_address("socket");
  for (auto& service : MakeQueueServices(this)) services_.push_back(std::move(service));
  services_.push_back(MakeRunService(this));
  services_.push_back(MakeUserService(this));
  services_.push_back(std::make_unique<Analyses>(this));
  services_.push_back(std::make_unique<System>(this));
  Start();
}

FakeServer::~FakeServer() { Stop(); }

void FakeServer::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
}

void FakeServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

absl::Status FakeServer::TakeError() {
  if (errors.empty()) return absl::OkStatus();
  const absl::Status status = errors.front();
  errors.erase(errors.begin());
  return status;
}

std::vector<std::string> FakeServer::calls() const {
  const MutexLock lock(&mutex_);
  return calls_;
}

int FakeServer::CountCalls(const std::string& method) const {
  const std::vector<std::string> all = calls();
  return static_cast<int>(std::count(all.begin(), all.end(), method));
}

}  // namespace sumscope::client
