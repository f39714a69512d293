#ifndef SUMSCOPE_TESTS_CLIENT_FAKE_SERVER_H_
#define SUMSCOPE_TESTS_CLIENT_FAKE_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/base/backoff.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/mutex.h"
#include "sumscope/v1/activations.grpc.pb.h"
#include "sumscope/v1/analyses.grpc.pb.h"
#include "sumscope/v1/facts.grpc.pb.h"
#include "sumscope/v1/question_sets.grpc.pb.h"
#include "sumscope/v1/queue.grpc.pb.h"
#include "sumscope/v1/runs.grpc.pb.h"
#include "sumscope/v1/sweeps.grpc.pb.h"
#include "sumscope/v1/system.grpc.pb.h"
#include "sumscope/v1/users.grpc.pb.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {

// How a stream ends before its end.
enum class Break {
  kNone,
  kUnavailable,  // with that status
  kEndEarly,     // with OK, as if it were over
  kHang,         // waits for Stop
};

// sumscope.v1 on a Unix socket of its own, holding one run, its events, metrics and weights, and one analysis. Set the
// data before calls, which come one by one; it can be stopped and started again on its socket. What clients rely on in
// runs, their watches, metrics, checkpoints and captures' bytes, users and tokens it keeps as the real services do:
// contract/ holds both to one suite. The suite says nothing yet of analyses, facts, question sets, imports, UpdateRun,
// the audit, the queue, devices, sweeps, lists of metrics, logs and captures; most of these the fake answers by any
// name.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  void Start();
  // Cancels what hangs and takes the socket away.
  void Stop();
  std::string socket() const { return directory_.path() + "/s.sock"; }
  std::string address() const { return "unix:" + socket(); }

  // Data.
  v1::Run run;
  std::function<void(const std::string& name, v1::Run*)> on_get_run;  // shapes GetRun's answer
  // Runs like `run` but for their names, newest first; lists have these alone, one a page; at least one.
  std::vector<std::string> others = {"runs/r0", "runs/r1", "runs/r2"};
  std::set<std::string> deleted;             // of these, by name
  std::vector<v1::WatchRunResponse> events;  // in order; the last is the end mark. Tokens are "1", "2", ..
  uint64_t metric_steps = 0;
  uint32_t block_steps = 7;
  std::string weights;  // a safetensors file
  std::string weights_sha256;
  v1::Analysis analysis;
  std::vector<v1::Analysis> stored;  // of several runs, newest first; none: the one above is listed for every run
  bool from_cache = false;
  std::string waits_for;                // a reason for which running analyses wait a while
  std::set<std::string> no_checkpoint;  // runs that CreateAnalysis refuses
  absl::Status refuse_create;           // what CreateAnalysis says instead
  std::function<void(const v1::CreateAnalysisRequest&, v1::Analysis*)> on_create;  // shapes its answer
  std::vector<v1::NodeFact> facts;                                                 // two a page
  v1::Capture capture;
  std::map<std::string, std::string> tensors;  // bytes by name
  std::string capture_file;                    // as DownloadCapture sends it
  std::string questions;                       // uploaded
  std::vector<std::string> question_sets;      // hashes that ListQuestionSets names
  v1::Caller caller;                           // an admin
  std::vector<v1::User> users;                 // by name, one a page
  std::vector<v1::Token> tokens;               // of all users, newest first, one a page
  std::vector<v1::AuditRecord> audit;          // one a page
  std::vector<v1::Job> jobs;                   // one a page; found by their names, and by those of what they do
  std::vector<v1::UserShare> shares;
  v1::Explanation explanation;  // but for its job
  v1::ListDevicesResponse devices;
  v1::Sweep sweep;  // the only one

  // Behaviour of the next `breaks` streams: each sends `break_after` messages first.
  Break break_kind = Break::kNone;
  int break_after = 0;
  std::atomic<int> breaks{0};
  // Fulfilled when a stream hangs.
  std::promise<void> hanging;
  // The next calls about users, and those that make, get or change a run, or import one, fail with these, first one
  // first.
  std::vector<absl::Status> errors;
  absl::Duration list_patience;  // what the last ListRuns had left of its deadline when it came
  // Tokens up to this one have expired.
  std::string expired_token;

  // What came in, guarded for the handlers.
  template <typename Request>
  void Record(const std::string& method, const Request& request) {
    const MutexLock lock(&mutex_);
    calls_.push_back(method);
    last_requests_[request.GetDescriptor()->full_name()] = request.SerializeAsString();
  }
  std::vector<std::string> calls() const;
  int CountCalls(const std::string& method) const;
  // The last one of this type; empty where none came.
  template <typename Request>
  Request LastRequest() const {
    const MutexLock lock(&mutex_);
    Request request;
    const auto last = last_requests_.find(request.GetDescriptor()->full_name());
    if (last != last_requests_.end()) request.ParseFromString(last->second);
    return request;
  }
  std::string uploaded;
  // Takes the next of `errors`; OK where there is none.
  absl::Status TakeError();

  // What `name` means: `run` by its name, a beginning of it or runs/@last, or one of the others by its own.
  // INVALID_ARGUMENT RESOURCE_NAME_INVALID; NOT_FOUND RUN_NOT_FOUND.
  absl::StatusOr<v1::Run> FindRun(const std::string& name) const;
  bool IsOther(const std::string& name) const;

 private:
  const TempDirectory directory_;
  mutable Mutex mutex_;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> last_requests_ ABSL_GUARDED_BY(mutex_);  // by type
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
};

// The runs of `fake`; its users; its captures, facts and question sets; its queue, devices and sweeps.
std::unique_ptr<grpc::Service> MakeRunService(FakeServer* fake);
std::unique_ptr<grpc::Service> MakeUserService(FakeServer* fake);
std::vector<std::unique_ptr<grpc::Service>> MakeProbingServices(FakeServer* fake);

std::vector<std::unique_ptr<grpc::Service>> MakeQueueServices(FakeServer* fake);

// A capture of two tensors; fills the fake's tensors and file.
void FillCapture(FakeServer* fake);

// Needs no time; runs `on_sleep` instead.
class FakeSleeper : public Sleeper {
 public:
  void Sleep(absl::Duration duration) override {
    slept += duration;
    ++sleeps;
    if (on_sleep) on_sleep();
  }
  absl::Duration slept;
  int sleeps = 0;
  std::function<void()> on_sleep;
};

// Row `step` of the fake's metrics, [loss, digit_loss.A1, digit_loss.A0, cell_count.BA, cell_loss.BA].
std::vector<double> MetricRow(uint64_t step);
v1::MetricBlock MetricBlockOf(uint64_t first_step, uint32_t count);

// A small, valid safetensors file.
std::string SmallSafetensors();

// A run that has succeeded, with every field that people see.
v1::Run EndedRun();
// Its events: queued, running, a log line, a checkpoint, progress, end mark.
std::vector<v1::WatchRunResponse> EventsOf(const v1::Run& run);
// A finished Evaluate.
v1::Analysis EndedAnalysis();

}  // namespace sumscope::client

#endif  // SUMSCOPE_TESTS_CLIENT_FAKE_SERVER_H_
