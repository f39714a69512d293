#include "tests/client/fake_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "tests/client/fake_stream.h"

namespace sumscope::client {
namespace {

uint64_t TokenNumber(const std::string& token) {
  uint64_t number = 0;
  return absl::SimpleAtoi(token, &number) ? number : 0;
}

}  // namespace

class FakeServer::Runs : public v1::RunService::Service {
 public:
  explicit Runs(FakeServer* fake) : fake_(fake) {}

  grpc::Status CreateRun(grpc::ServerContext*, const v1::CreateRunRequest* request, v1::Run* answer) override {
    return AnswerRun("CreateRun", *request, answer);
  }
  grpc::Status GetRun(grpc::ServerContext*, const v1::GetRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = AnswerRun("GetRun", *request, answer);
    if (status.ok() && fake_->on_get_run) fake_->on_get_run(request->name(), answer);
    return status;
  }
  grpc::Status UpdateRun(grpc::ServerContext*, const v1::UpdateRunRequest* request, v1::Run* answer) override {
    return AnswerRun("UpdateRun", *request, answer);
  }
  grpc::Status CancelRun(grpc::ServerContext*, const v1::CancelRunRequest* request, v1::Run* answer) override {
    return AnswerRun("CancelRun", *request, answer);
  }
  grpc::Status UndeleteRun(grpc::ServerContext*, const v1::UndeleteRunRequest* request, v1::Run* answer) override {
    return AnswerRun("UndeleteRun", *request, answer);
  }
  grpc::Status ListRuns(grpc::ServerContext* context, const v1::ListRunsRequest* request,
                        v1::ListRunsResponse* response) override {
    fake_->Record("ListRuns", *request);
    fake_->list_patience = absl::FromChrono(context->deadline()) - absl::Now();
    // Three pages of one run each.
    const uint64_t page = TokenNumber(request->page_token());
    const std::string name = absl::StrCat("runs/r", page);
    const bool deleted = fake_->deleted.count(name) > 0;
    if (!deleted || request->show_deleted()) {
      v1::Run* const run = response->add_runs();
      *run = fake_->run;
      run->set_name(name);
      if (deleted) run->mutable_delete_time()->set_seconds(1'700'000'000);
    }
    if (page < 2) response->set_next_page_token(absl::StrCat(page + 1));
    return grpc::Status::OK;
  }

  grpc::Status WatchRun(grpc::ServerContext* context, const v1::WatchRunRequest* request,
                        grpc::ServerWriter<v1::WatchRunResponse>* writer) override {
    fake_->Record("WatchRun", *request);
    const uint64_t seen = TokenNumber(request->resume_token());
    if (seen > 0 && seen <= TokenNumber(fake_->expired_token)) {
      fake_->expired_token.clear();
      return ToGrpc(MakeError(absl::StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED", "too old"));
    }
    Sender<v1::WatchRunResponse> sender(fake_, context, writer);
    for (const v1::WatchRunResponse& event : fake_->events) {
      if (!event.resume_token().empty() && TokenNumber(event.resume_token()) <= seen) continue;
      if (!sender.Send(event)) return sender.status();
    }
    return grpc::Status::OK;
  }

  grpc::Status ListMetrics(grpc::ServerContext*, const v1::ListMetricsRequest* request,
                           v1::ListMetricsResponse* response) override {
    fake_->Record("ListMetrics", *request);
    v1::MetricBlock* const block = response->mutable_block();
    if (request->series() == v1::DETERMINISTIC) {
      if (request->first_step() < fake_->metric_steps) *block = MetricBlockOf(request->first_step(), 1);
      return grpc::Status::OK;
    }
    block->set_first_step(request->first_step());
    block->add_columns("steps_per_second");
    // The last step's timing is not there yet.
    for (uint64_t step = request->first_step(); step + 1 < fake_->metric_steps && block->count() < request->page_size();
         ++step) {
      block->add_values(100 + static_cast<double>(step));
      block->set_count(block->count() + 1);
    }
    return grpc::Status::OK;
  }

  grpc::Status StreamMetrics(grpc::ServerContext* context, const v1::StreamMetricsRequest* request,
                             grpc::ServerWriter<v1::MetricBlock>* writer) override {
    fake_->Record("StreamMetrics", *request);
    Sender<v1::MetricBlock> sender(fake_, context, writer);
    // Blocks begin where storage cuts them, so that a resumed stream may start with rows that were sent before.
    for (uint64_t first = request->first_step() / fake_->block_steps * fake_->block_steps; first < fake_->metric_steps;
         first += fake_->block_steps) {
      const auto count = static_cast<uint32_t>(std::min<uint64_t>(fake_->block_steps, fake_->metric_steps - first));
      if (!sender.Send(MetricBlockOf(first, count))) return sender.status();
    }
    return grpc::Status::OK;
  }

  grpc::Status ListLogs(grpc::ServerContext*, const v1::ListLogsRequest* request,
                        v1::ListLogsResponse* response) override {
    fake_->Record("ListLogs", *request);
    for (uint64_t sequence = request->after_sequence() + 1; sequence <= 5; ++sequence) {
      if (response->lines_size() == 2) {
        response->set_more(true);
        break;
      }
      v1::LogLine* const line = response->add_lines();
      line->set_sequence(sequence);
      line->set_severity("INFO");
      line->set_text(absl::StrCat("line ", sequence, " \x1b[2Jboo\n"));
      line->mutable_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(sequence));
    }
    return grpc::Status::OK;
  }

  grpc::Status ListCheckpoints(grpc::ServerContext*, const v1::ListCheckpointsRequest* request,
                               v1::ListCheckpointsResponse* response) override {
    fake_->Record("ListCheckpoints", *request);
    for (const uint64_t step : {uint64_t{0}, fake_->run.steps_done()}) {
      v1::Checkpoint* const checkpoint = response->add_checkpoints();
      checkpoint->set_name(absl::StrCat(fake_->run.name(), "/checkpoints/", step));
      checkpoint->set_step(step);
      checkpoint->set_bytes(fake_->weights.size());
      checkpoint->set_sha256(fake_->weights_sha256);
    }
    return grpc::Status::OK;
  }

  grpc::Status DownloadCheckpoint(grpc::ServerContext* context, const v1::DownloadCheckpointRequest* request,
                                  grpc::ServerWriter<v1::FileChunk>* writer) override {
    fake_->Record("DownloadCheckpoint", *request);
    Sender<v1::FileChunk> sender(fake_, context, writer);
    constexpr uint64_t kChunk = 50;
    for (uint64_t offset = request->offset(); offset < fake_->weights.size(); offset += kChunk) {
      v1::FileChunk chunk;
      chunk.set_offset(offset);
      chunk.set_data(fake_->weights.substr(offset, kChunk));
      if (offset == request->offset()) {
        chunk.set_total_bytes(fake_->weights.size());
        chunk.set_sha256(fake_->weights_sha256);
      }
      if (!sender.Send(chunk)) return sender.status();
    }
    return grpc::Status::OK;
  }

  grpc::Status ImportRun(grpc::ServerContext*, grpc::ServerReader<v1::ImportRunRequest>* reader,
                         v1::Run* answer) override {
    v1::ImportRunRequest message;
    if (!reader->Read(&message)) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "");
    const v1::ImportHeader header = message.header();
    const grpc::Status status = AnswerRun("ImportRun", header, answer);
    if (!status.ok()) return status;
    fake_->uploaded.clear();
    while (reader->Read(&message)) fake_->uploaded += message.data();
    if (Sha256Hex(fake_->uploaded) != header.sha256() || fake_->uploaded.size() != header.total_bytes()) {
      return grpc::Status(grpc::StatusCode::DATA_LOSS, "upload");
    }
    return status;
  }

 private:
  template <typename Request>
  grpc::Status AnswerRun(const std::string& method, const Request& request, v1::Run* answer) {
    fake_->Record(method, request);
    if (!fake_->errors.empty()) {
      const absl::Status status = fake_->errors.front();
      fake_->errors.erase(fake_->errors.begin());
      return ToGrpc(status);
    }
    *answer = fake_->run;
    return grpc::Status::OK;
  }

  FakeServer* const fake_;
};

class FakeServer::Analyses : public v1::AnalysisService::Service {
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

class FakeServer::System : public v1::SystemService::Service {
 public:
  explicit System(FakeServer* fake) : fake_(fake) {}

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest* request,
                             v1::ServerInfo* info) override {
    fake_->Record("GetServerInfo", *request);
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

FakeServer::FakeServer()
    : run(EndedRun()),
      events(EventsOf(run)),
      metric_steps(20),
      weights(SmallSafetensors()),
      weights_sha256(Sha256Hex(weights)),
      analysis(EndedAnalysis()),
      runs_(std::make_unique<Runs>(this)),
      analyses_(std::make_unique<Analyses>(this)),
      system_(std::make_unique<System>(this)),
      probing_(MakeProbingServices(this)) {
  Start();
}

FakeServer::~FakeServer() { Stop(); }

void FakeServer::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.RegisterService(runs_.get());
  builder.RegisterService(analyses_.get());
  builder.RegisterService(system_.get());
  for (const auto& service : probing_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
}

void FakeServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
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
