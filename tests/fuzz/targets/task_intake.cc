// Sequences of messages of a worker that may lie, in groups, into the intake of its task over storage in memory, with
// what a user and the server do meanwhile. What the models believe is what storage then holds, to the byte and no more;
// a lie ends the attempt and nothing of its group is stored; the job, its run or analysis, their events and what
// watchers see tell of one end, which is the one that the task came to; and a job that is queued again can start.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/intake_bench.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/protocol_model.h"
#include "tests/fuzz/targets/support/stored_model.h"
#include "tests/fuzz/targets/support/worker_script.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

using worker::v1::Finished;
using worker::v1::WorkerMessage;
using Kind = ProtocolModel::Kind;

constexpr char kProtocol[] = "WORKER_PROTOCOL";

// What happens beside the messages.
struct Circumstances {
  uint32_t attempt = 1;
  size_t group = 1;                 // messages that are committed together
  int cancel_at = 0, drain_at = 0;  // before which message; beyond the last one: never
  std::string loss;                 // how the worker goes that never says an end
};

Circumstances TakeCircumstances(Input* input) {
  constexpr const char* kLosses[] = {"WORKER_LOST", "HEARTBEAT_LOST", "POOL_SHUTDOWN", "TENSORS_UNREADABLE"};
  Circumstances circumstances;
  circumstances.attempt = 1 + input->Byte() % limits::kMaxAttempts;
  circumstances.group = 1 + input->Byte() % 8;
  circumstances.cancel_at = input->Byte();
  circumstances.drain_at = input->Byte();
  circumstances.loss = kLosses[input->Byte() % std::size(kLosses)];
  return circumstances;
}

// How a task ends, as the server's contract has it.
struct End {
  enum class Kind { kDone, kFailed, kRetryable, kLost, kReturned };
  Kind kind;
  std::string reason;
};

std::vector<v1::NodeTag> TagsOf(const v1::AnalysisResult& answer) { return KindOf(answer).Tags(answer); }

// Of the texts that a script gives as nodes, only P14L0MLP names one.
bool AreFacts(const std::vector<v1::NodeTag>& tags) {
  return std::all_of(tags.begin(), tags.end(), [](const v1::NodeTag& tag) {
    const std::string& text = tag.tag();
    const bool is_printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return tag.node() == "P14L0MLP" && !text.empty() && text.size() <= limits::kMaxTagLength && is_printable;
  });
}

class Session {
 public:
  Session(const ProtocolModel::Task& task, Circumstances circumstances)
      : task_(task),
        circumstances_(std::move(circumstances)),
        model_(task),
        stored_(task),
        bench_(task, stored_, circumstances_.attempt) {}

  void Play(Input* input);

 private:
  bool of_training() const { return task_.kind == Kind::kTraining; }
  void Say(WorkerMessage message);
  void Start(const WorkerMessage& message);
  void TakeGroup();
  void RequireTaken();
  void Lose();
  void Finish(const WorkerMessage& message);
  End EndOf(const Finished& finished) const;

  void RequireEnd(const absl::StatusOr<storage::Job>& recorded, const End& end);
  std::pair<v1::State, std::string> Fate(const End& end) const;
  void RequireRows(const storage::Job& recorded, v1::State state, const std::string& reason);
  void RequireFile(v1::State state, const std::string& reason);
  void RequireAnswer(v1::State state);
  void RequireCapture(v1::State state);
  void RequireNextStart();

  const ProtocolModel::Task task_;
  const Circumstances circumstances_;
  ProtocolModel model_;  // of what was said
  StoredModel stored_;   // of what was committed
  IntakeBench bench_;
  std::vector<WorkerMessage> group_;
  bool lied_ = false;    // in the group, or before
  std::string failure_;  // the reason by which nothing more is heard
  bool started_ = false, cancelling_ = false, draining_ = false, over_ = false;
  uint64_t acknowledged_ = 0;
  uint64_t step_ = 0;    // what watchers see of a training
  double fraction_ = 0;  // and of an analysis
};

void Session::Play(Input* input) {
  for (int i = 0; i < kMaxMessages && !input->AtEnd() && !over_; ++i) {
    if (i == circumstances_.cancel_at) {
      cancelling_ = true;
      bench_.Cancel();
    }
    if (i == circumstances_.drain_at) {
      draining_ = true;
      bench_.Drain();
    }
    Say(TakeMessage(input, model_));
  }
  if (!over_) Lose();
}

// As Ingest hands messages on: a start and an end alone, others by the group.
void Session::Say(WorkerMessage message) {
  if (message.has_started() || message.has_finished()) TakeGroup();
  lied_ = lied_ || !model_.Lie(message).empty();
  if (!lied_) model_.Believe(message);
  if (message.has_finished()) return Finish(message);
  if (message.has_started()) return Start(message);
  group_.push_back(std::move(message));
  if (group_.size() >= circumstances_.group) TakeGroup();
}

void Session::Start(const WorkerMessage& message) {
  bench_.intake().Start(message);
  if (failure_.empty() && lied_) failure_ = kProtocol;
  if (failure_.empty()) {
    started_ = true;
    acknowledged_ = message.sequence();
    const auto [job, run, analysis, entries] = bench_.Load();
    Require(job.state == (cancelling_ ? v1::CANCELLING : v1::RUNNING), "a task that started runs");
  }
  RequireTaken();
}

void Session::TakeGroup() {
  if (group_.empty()) return;
  bench_.intake().Take(group_);
  if (failure_.empty() && lied_) failure_ = kProtocol;
  StoredModel next = stored_;
  for (size_t i = 0; i < group_.size() && failure_.empty(); ++i) {
    failure_ = next.Refusal(group_[i]);
    if (failure_.empty()) next.Store(group_[i]);
  }
  if (failure_.empty()) {
    stored_ = std::move(next);
    for (const WorkerMessage& message : group_) {
      acknowledged_ = std::max(acknowledged_, message.sequence());
      if (message.has_metrics()) step_ = message.metrics().first_step() + message.metrics().count();
      if (message.has_analysis_progress()) fraction_ = std::min(1.0, message.analysis_progress().fraction());
    }
  }
  group_.clear();
  RequireTaken();
}

// What the worker and watchers hear after a group or a start.
void Session::RequireTaken() {
  Require(bench_.pool().cancelled() == !failure_.empty(),
          absl::StrCat("a task goes on exactly when what it sent is believed: ", failure_, " ", model_.sequence()));
  RequireEqual(absl::StrCat(bench_.pool().acknowledged()), absl::StrCat(acknowledged_),
               "what is stored is acknowledged");
  v1::Progress progress;
  const bool progresses = bench_.hub().GetProgress(IntakeBench::kRun, &progress);
  Require(progresses == (step_ > 0) && progress.step() == step_, "a training's progress is its last step");
  const std::string name = AnalysisName(IntakeBench::kRun, IntakeBench::kAnalysis);
  Require(bench_.hub().AnalysisProgress(name) == fraction_, "the progress is the one that was sent");
}

void Session::Lose() {
  TakeGroup();
  End end = {End::Kind::kLost, "WORKER_LOST"};
  if (circumstances_.loss == "POOL_SHUTDOWN" || draining_) end = {End::Kind::kReturned, "DRAINED"};
  if (circumstances_.loss == "TENSORS_UNREADABLE") end = {End::Kind::kFailed, "RUN_FILE_CORRUPT"};
  RequireEnd(bench_.intake().Lose(circumstances_.loss, "gone"), end);
}

void Session::Finish(const WorkerMessage& message) {
  if (failure_.empty() && lied_) failure_ = kProtocol;
  const End end = EndOf(message.finished());
  RequireEnd(bench_.intake().Finish(message), end);
  if (failure_.empty()) acknowledged_ = message.sequence();
  RequireEqual(absl::StrCat(bench_.pool().acknowledged()), absl::StrCat(acknowledged_), "an end is acknowledged");
}

End Session::EndOf(const Finished& finished) const {
  switch (finished.outcome()) {
    case Finished::DONE:
      if (!stored_.IsWhole(task_)) return {End::Kind::kFailed, "RUN_INCOMPLETE"};
      if (!AreFacts(TagsOf(stored_.answer()))) return {End::Kind::kFailed, "FACT_INVALID"};
      return {End::Kind::kDone, ""};
    case Finished::FAILED:
      return {finished.retryable() ? End::Kind::kRetryable : End::Kind::kFailed,
              finished.reason().empty() ? "WORKER_FAILED" : finished.reason()};
    case Finished::STOPPED:
      return draining_ ? End{End::Kind::kReturned, "DRAINED"} : End{End::Kind::kLost, "WORKER_LOST"};
    default:
      return {End::Kind::kLost, "WORKER_LOST"};
  }
}

// State and reason that the job must come to.
std::pair<v1::State, std::string> Session::Fate(const End& end) const {
  if (end.kind == End::Kind::kDone) return {v1::SUCCEEDED, ""};
  if (end.kind == End::Kind::kFailed) return {v1::FAILED, end.reason};
  if (cancelling_) return {v1::CANCELLED, "CANCEL_REQUESTED"};
  const bool last = end.kind != End::Kind::kReturned && circumstances_.attempt == limits::kMaxAttempts;
  return {last ? v1::FAILED : v1::QUEUED, end.reason};
}

void Session::RequireEnd(const absl::StatusOr<storage::Job>& recorded, const End& said) {
  over_ = true;
  RequireOk(recorded.status(), "an end can be recorded");
  const End failed = {failure_ == kProtocol ? End::Kind::kRetryable : End::Kind::kFailed, failure_};
  const End end = failure_.empty() ? said : failed;
  const auto [state, reason] = Fate(end);
  const bool counts = state == v1::QUEUED && end.kind != End::Kind::kReturned;
  RequireEqual(absl::StrCat(recorded->attempt), absl::StrCat(circumstances_.attempt + (counts ? 1 : 0)), "the attempt");
  if (!failure_.empty()) RequireToldWell(MakeError(absl::StatusCode::kInvalidArgument, failure_, recorded->detail));
  RequireRows(*recorded, state, reason);
  if (of_training()) stored_.End(state);
  RequireFile(state, reason);
  if (!of_training()) RequireAnswer(state);
  if (task_.kind == Kind::kCapture) RequireCapture(state);
  v1::Progress progress;
  const std::string name = AnalysisName(IntakeBench::kRun, IntakeBench::kAnalysis);
  Require(!bench_.hub().GetProgress(IntakeBench::kRun, &progress) && bench_.hub().AnalysisProgress(name) == 0,
          "what has ended shows no progress");
  if (state == v1::QUEUED) RequireNextStart();
}

// The catalog tells of one end.
void Session::RequireRows(const storage::Job& recorded, v1::State state, const std::string& reason) {
  const jobs::JobWithSubject found = bench_.Load();
  const auto require = [&](v1::State told, const std::string& why, const char* row) {
    RequireEqual(absl::StrCat(v1::State_Name(told), " ", why), absl::StrCat(v1::State_Name(state), " ", reason), row);
  };
  require(recorded.state, recorded.reason, "the end that was recorded");
  require(found.job.state, found.job.reason, "the job");
  Require(found.job.attempt == recorded.attempt && found.job.slot.empty(), "a job that ended has no slot");
  Require(found.job.end_time.has_value() == IsTerminal(state), "a job has an end when it is over");
  const storage::Event event = bench_.Events().back();
  require(event.change.state(), event.change.reason(), "the last event");
  if (!of_training()) return require(found.analysis.state(), found.analysis.state_reason(), "the analysis");
  require(found.run.state(), found.run.state_reason(), "the run");
  stored_.RequireShownBy(found.run);
}

void Session::RequireFile(v1::State state, const std::string& reason) {
  stored_.RequireHeldBy(bench_.file());
  const auto run = bench_.file()->GetRun();
  RequireOk(run.status(), "the run's description can be read");
  if (of_training()) {
    const int segments = started_ ? 1 : 0;
    RequireEqual(absl::StrCat(run->segments_size()), absl::StrCat(segments), "a start is a segment");
    if (!IsTerminal(state)) return;
    Require(run->state() == state && run->state_reason() == reason, "the file tells of the run's end");
    return stored_.RequireShownBy(*run);
  }
  const auto analysis = bench_.file()->GetAnalysis(IntakeBench::kAnalysis);
  RequireOk(analysis.status(), "the analysis can be read");
  if (!IsTerminal(state)) return;
  Require(analysis->state() == state && analysis->state_reason() == reason, "the file tells of the analysis' end");
}

// The answer of a success, as it was sent, and what it says of nodes.
void Session::RequireAnswer(v1::State state) {
  const auto found = bench_.file()->GetAnalysis(IntakeBench::kAnalysis);
  RequireOk(found.status(), "the analysis can be read");
  std::set<std::string> tags, facts;
  for (const v1::NodeFact& fact : bench_.Facts()) facts.insert(fact.tag());
  if (state == v1::SUCCEEDED) {
    v1::AnalysisResult answer = found->result(), sent = stored_.answer();
    for (v1::AnalysisResult* of : {&answer, &sent}) {
      if (!of->has_capture()) continue;  // what the file knows of its tensors
      of->mutable_capture()->clear_tensors();
      of->mutable_capture()->clear_bytes();
    }
    RequireEqual(answer.SerializeAsString(), sent.SerializeAsString(), "an answer is the one that was sent");
    for (const v1::NodeTag& tag : TagsOf(sent)) tags.insert(tag.tag());
  } else if (IsTerminal(state)) {
    Require(!found->has_result(), "what did not succeed has no answer");
  }
  Require(facts == tags, "the facts are those of the answer of a success");
}

// All of it, or no file and nobody who writes one.
void Session::RequireCapture(v1::State state) {
  storage::CaptureFiles& captures = bench_.captures();
  if (state != v1::SUCCEEDED) {
    Require(!captures.Exists(IntakeBench::kRun, IntakeBench::kAnalysis), "what did not succeed has no capture");
    const std::vector<storage::StoredTensor> none;
    return RequireOk(captures.Create(IntakeBench::kRun, IntakeBench::kAnalysis, none).status(),
                     "none is being written");
  }
  const auto capture = captures.Open(IntakeBench::kRun, IntakeBench::kAnalysis);
  RequireOk(capture.status(), "the capture can be read");
  std::vector<storage::StoredTensor> tensors;
  for (const storage::CaptureTensor& tensor : (*capture)->tensors()) tensors.push_back(tensor.tensor);
  RequireSameTensors(tensors, stored_.capture()->begin);
  const auto bytes = (*capture)->Read(0, (*capture)->data_bytes());
  RequireOk(bytes.status(), "the capture's bytes can be read");
  RequireEqual(*bytes, stored_.capture()->bytes, "a capture holds the bytes that were sent");
  const auto result = bench_.file()->GetAnalysis(IntakeBench::kAnalysis)->result().capture();
  RequireEqual(absl::StrCat(result.bytes()), absl::StrCat(bytes->size()), "the answer says how large the capture is");
}

// From the last resume state that was finished, beside the checkpoints that were.
void Session::RequireNextStart() {
  const jobs::Assignment next = bench_.NextStart();
  if (!of_training()) return;
  const uint64_t first = stored_.resume_state().has_value() ? stored_.resume_state()->begin.step() : 0;
  RequireEqual(absl::StrCat(next.task.train().first_step()), absl::StrCat(first), "the next start goes on from there");
  const auto& have = next.task.train().have_checkpoints();
  const auto& weights = stored_.weights();
  Require(std::equal(have.begin(), have.end(), weights.begin(), weights.end(),
                     [](uint64_t step, const auto& set) { return step == set.first; }),
          "the next start knows which checkpoints are there");
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  const std::string undisturbed = {'\0', '\0', '\xff', '\xff', '\0'};
  for (const std::string& script : SeedScripts()) {
    const std::string task = script.substr(0, kTaskBytes), lines = script.substr(kTaskBytes);
    corpus.seeds.push_back(task + undisturbed + lines);
    for (char i = 0; i < 4; ++i) {
      const std::string disturbed = {i, static_cast<char>(2 * i + 1), static_cast<char>(i == 1 ? 6 : -1),
                                     static_cast<char>(i == 2 ? 9 : -1), i};
      corpus.seeds.push_back(task + disturbed + lines);
    }
  }
  corpus.words = ScriptWords();
  return corpus;
}

}  // namespace sumscope::fuzz

// A task, what happens beside it, then a script of what its worker says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  const fuzz::ProtocolModel::Task task = fuzz::TakeTask(&input);
  fuzz::Session session(task, fuzz::TakeCircumstances(&input));
  session.Play(&input);
  return 0;
}
