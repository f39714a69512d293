// The fake's queue, devices and sweeps.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"
#include "tests/client/fake_stream.h"

namespace sumscope::client {
namespace {

class QueueAnswers : public v1::QueueService::Service {
 public:
  explicit QueueAnswers(FakeServer* fake) : fake_(fake) {}

  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override {
    fake_->Record("ListJobs", *request);
    size_t at = 0;  // one a page
    if (!absl::SimpleAtoi(request->page_token(), &at)) at = 0;
    if (at < fake_->jobs.size()) *response->add_jobs() = fake_->jobs[at];
    if (at + 1 < fake_->jobs.size()) response->set_next_page_token(absl::StrCat(at + 1));
    for (const v1::Job& job : fake_->jobs) {
      if (job.state() == v1::QUEUED) response->set_waiting(response->waiting() + 1);
      if (job.state() == v1::RUNNING) response->set_running(response->running() + 1);
    }
    for (const v1::UserShare& share : fake_->shares) *response->add_shares() = share;
    return grpc::Status::OK;
  }
  grpc::Status ExplainJob(grpc::ServerContext*, const v1::ExplainJobRequest* request,
                          v1::Explanation* answer) override {
    fake_->Record("ExplainJob", *request);
    *answer = fake_->explanation;
    return Find(request->name(), answer->mutable_job());
  }
  grpc::Status HoldJob(grpc::ServerContext*, const v1::HoldJobRequest* request, v1::Job* answer) override {
    const grpc::Status status = FindWaiting("HoldJob", *request, answer);
    answer->set_held_by(fake_->caller.user());
    answer->set_reason("HELD");
    return status;
  }
  grpc::Status ReleaseJob(grpc::ServerContext*, const v1::ReleaseJobRequest* request, v1::Job* answer) override {
    const grpc::Status status = FindWaiting("ReleaseJob", *request, answer);
    if (status.ok() && answer->held_by().empty()) {
      return ToGrpc(MakeError(absl::StatusCode::kFailedPrecondition, "JOB_NOT_HELD", "nobody holds it"));
    }
    answer->clear_held_by();
    return status;
  }
  grpc::Status SetJobPriority(grpc::ServerContext*, const v1::SetJobPriorityRequest* request,
                              v1::Job* answer) override {
    const grpc::Status status = FindWaiting("SetJobPriority", *request, answer);
    answer->set_priority(request->priority());
    return status;
  }

 private:
  grpc::Status Find(const std::string& name, v1::Job* answer) {
    for (const v1::Job& job : fake_->jobs) {
      const std::string subject = job.analysis().empty() ? job.run() : job.analysis();
      if (name != job.name() && name != subject) continue;
      *answer = job;
      return grpc::Status::OK;
    }
    return ToGrpc(MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", absl::StrCat("there is no ", name)));
  }
  template <typename Request>
  grpc::Status FindWaiting(const std::string& method, const Request& request, v1::Job* answer) {
    fake_->Record(method, request);
    const grpc::Status status = Find(request.name(), answer);
    if (!status.ok() || answer->state() == v1::QUEUED) return status;
    return ToGrpc(MakeError(absl::StatusCode::kFailedPrecondition, "JOB_STARTED", "it has begun"));
  }

  FakeServer* const fake_;
};

class DeviceAnswers : public v1::DeviceService::Service {
 public:
  explicit DeviceAnswers(FakeServer* fake) : fake_(fake) {}

  grpc::Status ListDevices(grpc::ServerContext*, const v1::ListDevicesRequest* request,
                           v1::ListDevicesResponse* response) override {
    fake_->Record("ListDevices", *request);
    *response = fake_->devices;
    return grpc::Status::OK;
  }
  grpc::Status WatchDevices(grpc::ServerContext* context, const v1::WatchDevicesRequest* request,
                            grpc::ServerWriter<v1::ListDevicesResponse>* writer) override {
    fake_->Record("WatchDevices", *request);
    Sender<v1::ListDevicesResponse> sender(fake_, context, writer);
    while (sender.Send(fake_->devices)) {
    }
    return sender.status();
  }

 private:
  FakeServer* const fake_;
};

class SweepAnswers : public v1::SweepService::Service {
 public:
  explicit SweepAnswers(FakeServer* fake) : fake_(fake) {}

  grpc::Status CreateSweep(grpc::ServerContext*, const v1::CreateSweepRequest* request, v1::Sweep* answer) override {
    fake_->Record("CreateSweep", *request);
    *answer = fake_->sweep;
    return ToGrpc(fake_->TakeError());
  }
  grpc::Status GetSweep(grpc::ServerContext*, const v1::GetSweepRequest* request, v1::Sweep* answer) override {
    return AnswerNamed("GetSweep", *request, answer);
  }
  grpc::Status ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest* request,
                          v1::ListSweepsResponse* response) override {
    fake_->Record("ListSweeps", *request);
    *response->add_sweeps() = fake_->sweep;
    return grpc::Status::OK;
  }
  grpc::Status WatchSweep(grpc::ServerContext* context, const v1::WatchSweepRequest* request,
                          grpc::ServerWriter<v1::Sweep>* writer) override {
    fake_->Record("WatchSweep", *request);
    Sender<v1::Sweep> sender(fake_, context, writer);
    v1::Sweep running = fake_->sweep;
    running.set_state(v1::SWEEP_RUNNING);
    for (const v1::Sweep& now : {running, fake_->sweep}) {
      if (!sender.Send(now)) return sender.status();
    }
    return grpc::Status::OK;
  }
  grpc::Status CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest* request, v1::Sweep* answer) override {
    return AnswerNamed("CancelSweep", *request, answer);
  }
  grpc::Status RetrySweep(grpc::ServerContext*, const v1::RetrySweepRequest* request, v1::Sweep* answer) override {
    return AnswerNamed("RetrySweep", *request, answer);
  }
  grpc::Status DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest* request,
                           v1::DeleteSweepResponse*) override {
    v1::Sweep forgotten;
    return AnswerNamed("DeleteSweep", *request, &forgotten);
  }

 private:
  template <typename Request>
  grpc::Status AnswerNamed(const std::string& method, const Request& request, v1::Sweep* answer) {
    fake_->Record(method, request);
    if (const absl::Status error = fake_->TakeError(); !error.ok()) return ToGrpc(error);
    if (request.name() != fake_->sweep.name() && request.name() != "sweeps/@last") {
      return ToGrpc(
          MakeError(absl::StatusCode::kNotFound, "SWEEP_NOT_FOUND", absl::StrCat("there is no ", request.name())));
    }
    *answer = fake_->sweep;
    return grpc::Status::OK;
  }

  FakeServer* const fake_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeQueueServices(FakeServer* fake) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(std::make_unique<QueueAnswers>(fake));
  services.push_back(std::make_unique<DeviceAnswers>(fake));
  services.push_back(std::make_unique<SweepAnswers>(fake));
  return services;
}

}  // namespace sumscope::client
