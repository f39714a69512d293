// The fake's runs.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/sha256.h"
#include "tests/client/fake_server.h"
#include "tests/client/fake_stream.h"

namespace sumscope::client {
namespace {

uint64_t TokenNumber(const std::string& token) {
  uint64_t number = 0;
  return absl::SimpleAtoi(token, &number) ? number : 0;
}

// A token of the list that `request` asks for, and of no other.
std::string PageToken(size_t page, const v1::ListRunsRequest& request) {
  return absl::StrCat(page, " ", request.filter(), " ", request.order_by());
}

class Runs : public v1::RunService::Service {
 public:
  explicit Runs(FakeServer* fake) : fake_(fake) {}

  grpc::Status CreateRun(grpc::ServerContext*, const v1::CreateRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = Begin("CreateRun", *request);
    return status.ok() ? Answer(Create(*request), answer) : status;
  }
  grpc::Status GetRun(grpc::ServerContext*, const v1::GetRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = AnswerNamed("GetRun", *request, request->name(), answer);
    if (status.ok() && fake_->on_get_run) fake_->on_get_run(request->name(), answer);
    return status;
  }
  grpc::Status UpdateRun(grpc::ServerContext*, const v1::UpdateRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = AnswerNamed("UpdateRun", *request, request->run().name(), answer);
    for (const std::string& path : request->update_mask().paths()) {
      if (path == "visibility") answer->set_visibility(request->run().visibility());
    }
    return status;
  }
  grpc::Status CancelRun(grpc::ServerContext*, const v1::CancelRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = AnswerNamed("CancelRun", *request, request->name(), answer);
    if (!status.ok() || !IsTerminal(answer->state())) return status;
    return Refuse("RUN_ENDED", absl::StrCat(answer->name(), " has ended already"));
  }
  grpc::Status DeleteRun(grpc::ServerContext*, const v1::DeleteRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = AnswerNamed("DeleteRun", *request, request->name(), answer);
    if (!status.ok()) return status;
    if (!IsTerminal(answer->state())) return Refuse("RUN_UNFINISHED", absl::StrCat(answer->name(), " goes on"));
    fake_->deleted.insert(answer->name());
    return Answer(fake_->FindRun(answer->name()), answer);
  }
  grpc::Status UndeleteRun(grpc::ServerContext*, const v1::UndeleteRunRequest* request, v1::Run* answer) override {
    const grpc::Status status = AnswerNamed("UndeleteRun", *request, request->name(), answer);
    if (!status.ok()) return status;
    if (fake_->deleted.erase(answer->name()) == 0) {
      return Refuse("RUN_NOT_DELETED", absl::StrCat(answer->name(), " is not deleted"));
    }
    return Answer(fake_->FindRun(answer->name()), answer);
  }
  grpc::Status ListRuns(grpc::ServerContext* context, const v1::ListRunsRequest* request,
                        v1::ListRunsResponse* response) override {
    fake_->Record("ListRuns", *request);
    fake_->list_patience = absl::FromChrono(context->deadline()) - absl::Now();
    if (request->page_size() > limits::kMaxPageSize) {
      return ToGrpc(InvalidField("PAGE_SIZE_INVALID", "page_size", "page_size is too large"));
    }
    const std::vector<std::string>& all = fake_->others;
    size_t page = 0;  // one run each
    while (!request->page_token().empty() && page < all.size() && request->page_token() != PageToken(page, *request)) {
      ++page;
    }
    if (page == all.size()) {
      return ToGrpc(InvalidField("PAGE_TOKEN_INVALID", "page_token", "page_token is not one that this list gave"));
    }
    absl::StatusOr<v1::Run> run = fake_->FindRun(all[page]);
    if (!run.ok()) return ToGrpc(run.status());
    if (!run->has_delete_time() || request->show_deleted()) *response->add_runs() = *std::move(run);
    if (page + 1 < all.size()) response->set_next_page_token(PageToken(page + 1, *request));
    return grpc::Status::OK;
  }

  grpc::Status WatchRun(grpc::ServerContext* context, const v1::WatchRunRequest* request,
                        grpc::ServerWriter<v1::WatchRunResponse>* writer) override {
    fake_->Record("WatchRun", *request);
    if (const auto run = fake_->FindRun(request->name()); !run.ok()) return ToGrpc(run.status());
    const uint64_t seen = TokenNumber(request->resume_token());
    if (seen == 0 && !request->resume_token().empty()) {
      return ToGrpc(InvalidField("RESUME_TOKEN_INVALID", "resume_token", "resume_token is not one that a watch gave"));
    }
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
    if (const auto run = fake_->FindRun(request->name()); !run.ok()) return ToGrpc(run.status());
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
    const absl::StatusOr<v1::Run> run = fake_->FindRun(request->name());
    if (!run.ok()) return ToGrpc(run.status());
    for (const uint64_t step : {uint64_t{0}, run->steps_done()}) {
      v1::Checkpoint* const checkpoint = response->add_checkpoints();
      checkpoint->set_name(absl::StrCat(run->name(), "/checkpoints/", step));
      checkpoint->set_step(step);
      checkpoint->set_bytes(fake_->weights.size());
      checkpoint->set_sha256(fake_->weights_sha256);
    }
    return grpc::Status::OK;
  }

  grpc::Status DownloadCheckpoint(grpc::ServerContext* context, const v1::DownloadCheckpointRequest* request,
                                  grpc::ServerWriter<v1::FileChunk>* writer) override {
    fake_->Record("DownloadCheckpoint", *request);
    const absl::StatusOr<CheckpointRef> name = ParseCheckpointName(request->name());
    if (!name.ok()) return ToGrpc(name.status());
    const absl::StatusOr<v1::Run> run = fake_->FindRun(RunName(name->run));
    if (!run.ok()) return ToGrpc(run.status());
    const uint64_t step = name->step.value_or(run->steps_done());
    if (step != 0 && step != run->steps_done()) {
      return ToGrpc(MakeError(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND", "no weights of that step"));
    }
    return SendFile({fake_->weights, fake_->weights_sha256, /*chunk=*/50}, request->offset(), /*length=*/0,
                    Sender<v1::FileChunk>(fake_, context, writer));
  }

  grpc::Status ImportRun(grpc::ServerContext*, grpc::ServerReader<v1::ImportRunRequest>* reader,
                         v1::Run* answer) override {
    v1::ImportRunRequest message;
    if (!reader->Read(&message)) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "");
    const v1::ImportHeader header = message.header();
    const grpc::Status status = Begin("ImportRun", header);
    if (!status.ok()) return status;
    fake_->uploaded.clear();
    while (reader->Read(&message)) fake_->uploaded += message.data();
    if (Sha256Hex(fake_->uploaded) != header.sha256() || fake_->uploaded.size() != header.total_bytes()) {
      return grpc::Status(grpc::StatusCode::DATA_LOSS, "upload");
    }
    *answer = fake_->run;
    return status;
  }

 private:
  // Takes note of a call, and of the error that it is to meet.
  template <typename Request>
  grpc::Status Begin(const std::string& method, const Request& request) {
    fake_->Record(method, request);
    return ToGrpc(fake_->TakeError());
  }
  static grpc::Status Answer(absl::StatusOr<v1::Run> run, v1::Run* answer) {
    if (!run.ok()) return ToGrpc(run.status());
    *answer = *std::move(run);
    return grpc::Status::OK;
  }
  template <typename Request>
  grpc::Status AnswerNamed(const std::string& method, const Request& request, const std::string& name,
                           v1::Run* answer) {
    const grpc::Status status = Begin(method, request);
    return status.ok() ? Answer(fake_->FindRun(name), answer) : status;
  }
  static grpc::Status Refuse(const char* reason, const std::string& message) {
    return ToGrpc(MakeError(absl::StatusCode::kFailedPrecondition, reason, message));
  }

  // The fake's run, under the name that the request gives it.
  absl::StatusOr<v1::Run> Create(v1::CreateRunRequest request) {
    constexpr size_t kUuid = 36;
    const std::string id = request.request_id();
    if (!id.empty() && id.size() != kUuid) {
      return InvalidField("REQUEST_ID_INVALID", "request_id", "request_id must be a UUID, or empty");
    }
    request.clear_request_id();
    const std::string body = request.SerializeAsString();
    if (const auto made = made_.find(id); made != made_.end()) {
      if (made->second.first == body) return fake_->FindRun(made->second.second);
      return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED", "the request_id came with another body");
    }
    v1::Run run = fake_->run;
    if (request.visibility() != v1::VISIBILITY_UNSPECIFIED) run.set_visibility(request.visibility());
    if (!request.run_id().empty()) {
      run.set_name(RunName(request.run_id()));
      if (run.name() == fake_->run.name() || fake_->IsOther(run.name())) {
        return MakeError(absl::StatusCode::kAlreadyExists, "RUN_EXISTS", absl::StrCat(run.name(), " exists already"));
      }
    }
    if (request.validate_only()) {
      if (request.run_id().empty()) run.clear_name();
      return run;
    }
    if (!request.run_id().empty()) fake_->others.insert(fake_->others.begin(), run.name());
    if (!id.empty()) made_[id] = {body, run.name()};
    return run;
  }

  FakeServer* const fake_;
  std::map<std::string, std::pair<std::string, std::string>> made_;  // body and run's name by request id
};

}  // namespace

absl::StatusOr<v1::Run> FakeServer::FindRun(const std::string& name) const {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseRunName(name));
  v1::Run found = run;
  if (id != "@last" && !absl::StartsWith(run.name(), name)) {
    if (!IsOther(name)) {
      return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", absl::StrCat("there is no run ", Quote(id)),
                       {{"run", id}});
    }
    found.set_name(name);
  }
  if (deleted.count(found.name()) > 0) found.mutable_delete_time()->set_seconds(1'700'000'000);
  return found;
}

bool FakeServer::IsOther(const std::string& name) const {
  return std::find(others.begin(), others.end(), name) != others.end();
}

std::unique_ptr<grpc::Service> MakeRunService(FakeServer* fake) { return std::make_unique<Runs>(fake); }

}  // namespace sumscope::client
