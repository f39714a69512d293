#include "client/cli/asking/watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/progress.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/names/states.h"

namespace sumscope::client {
namespace {

std::string WithDetail(std::string text, const std::string& detail) {
  return detail.empty() ? text : absl::StrCat(text, ": ", detail);
}

// Turns a run's events into what a person sees.
class RunDisplay {
 public:
  RunDisplay(Session& session, const std::string& name)
      : id_(RunIdOf(name)), progress_(&session.terminal(), &session.clock(), id_, session.output().quiet) {}

  absl::Status Show(const v1::WatchRunResponse& response) {
    switch (response.event_case()) {
      case v1::WatchRunResponse::kState:
        ShowState(response.state());
        break;
      case v1::WatchRunResponse::kLog:
        if (response.log().severity() != "INFO") {
          progress_.Say(absl::StrCat(id_, "  ", response.log().severity(), "  ", response.log().text()));
        }
        break;
      case v1::WatchRunResponse::kCheckpoint:
        if (response.checkpoint().has_heldout_loss()) heldout_ = FormatLoss(response.checkpoint().heldout_loss());
        break;
      case v1::WatchRunResponse::kProgress:
        ShowProgress(response.progress());
        break;
      case v1::WatchRunResponse::kEnd:
        ShowEnd(response.end());
        break;
      case v1::WatchRunResponse::EVENT_NOT_SET:
        break;
    }
    return absl::OkStatus();
  }

  Progress& progress() { return progress_; }

 private:
  void ShowState(const v1::StateChange& change) {
    // What an earlier attempt came to is not how this one stands.
    if (change.attempt() != attempt_) heldout_.clear();
    attempt_ = change.attempt();
    if (IsTerminal(change.state())) return;  // the end mark says more
    std::string text = absl::StrCat(id_, "  ", DescribeState(change.state(), change.reason()));
    if (change.segment() > 1) absl::StrAppend(&text, ", attempt ", change.attempt(), ", segment ", change.segment());
    progress_.Say(WithDetail(std::move(text), change.detail()));
  }

  void ShowProgress(const v1::Progress& progress) {
    Amount amount;
    amount.share = progress.steps() == 0 ? 0 : static_cast<double>(progress.step()) / progress.steps();
    amount.details = absl::StrCat(progress.step(), "/", progress.steps(), "  loss ", FormatLoss(progress.loss()));
    if (!heldout_.empty()) amount.extra = absl::StrCat("held-out ", heldout_);
    absl::StrAppendFormat(&amount.details, "  %.3g steps/s", progress.steps_per_second());
    if (progress.step() < progress.steps() && progress.steps_per_second() > 0) {
      absl::StrAppend(&amount.details, "  ETA ", FormatSpan(absl::Seconds(progress.eta_seconds())));
    }
    progress_.Update(amount);
  }

  void ShowEnd(const v1::Run& run) {
    std::string text = absl::StrCat(id_, "  ", DescribeState(run.state(), run.state_reason()));
    if (run.imported()) {
      absl::StrAppend(&text, ", imported");
    } else {
      absl::StrAppend(&text, " after ", Counted(run.steps_done(), "step"));
    }
    if (run.has_start_time() && run.has_end_time()) {
      absl::StrAppend(&text, " in ", FormatSpan(ToTime(run.end_time()) - ToTime(run.start_time())));
    }
    if (run.has_loss()) absl::StrAppend(&text, ", loss ", FormatLoss(run.loss()));
    if (run.has_heldout_loss()) absl::StrAppend(&text, ", held-out ", FormatLoss(run.heldout_loss()));
    progress_.Say(WithDetail(std::move(text), run.state_detail()));
  }

  const std::string id_;
  std::string heldout_;
  uint32_t attempt_ = 0;
  Progress progress_;
};

void TellOfReconnects(Connection& connection, Progress& progress) {
  connection.set_on_reconnect([&progress, told = false](const absl::Status&) mutable {
    if (!told) progress.Say("lost the server, waiting for it to come back (the job is not lost)");
    told = true;
  });
}

// Who asked for ids alone gets that of what goes on without them: nothing else says how to come back to it.
void PrintIdOf(Session& session, const std::string& id) {
  if (session.format() != Format::kId) return;
  Document document;
  document.ids = {id};
  session.Print(document).IgnoreError();  // the lost watch is the error that is told
}

}  // namespace

absl::StatusOr<v1::Run> WatchRunToEnd(Session& session, Connection& connection, const std::string& name) {
  absl::StatusOr<v1::Run> run = absl::UnknownError("not watched yet");
  {
    RunDisplay display(session, name);
    TellOfReconnects(connection, display.progress());
    run = connection.WatchRun(name, [&display](const v1::WatchRunResponse& event) { return display.Show(event); });
    connection.set_on_reconnect([](const absl::Status&) {});
  }
  if (!run.ok() && (session.interrupted() || absl::IsUnavailable(run.status()))) {
    PrintIdOf(session, RunIdOf(name));
    // Commands have lines of their own, so that a narrow terminal does not break them.
    session.Note("No longer watching; the run goes on. Come back with:");
    session.Note(absl::StrCat("sumscope runs watch ", RunIdOf(name)));
  }
  return run;
}

absl::StatusOr<v1::Analysis> WatchAnalysisToEnd(Session& session, Connection& connection, const std::string& name) {
  absl::StatusOr<v1::Analysis> analysis = absl::UnknownError("not watched yet");
  {
    Progress progress(&session.terminal(), &session.clock(), name, session.output().quiet);
    TellOfReconnects(connection, progress);
    std::string shown;
    analysis = connection.WatchAnalysis(name, [&](const v1::Analysis& now) {
      // Also what a running one waits for: a full disk, a locked file.
      const std::string state = DescribeState(now.state(), now.state_reason());
      if (state != std::exchange(shown, state) && !IsTerminal(now.state())) {
        progress.Say(absl::StrCat(name, "  ", state));
      }
      if (now.state() == v1::RUNNING) progress.Update({now.progress(), "", ""});
      return absl::OkStatus();
    });
    connection.set_on_reconnect([](const absl::Status&) {});
  }
  if (!analysis.ok() && (session.interrupted() || absl::IsUnavailable(analysis.status()))) {
    PrintIdOf(session, name);
    session.Note("No longer waiting; the analysis goes on. Read it, or stop it, with:");
    for (const char* command : {"show", "cancel"}) session.Note(absl::StrCat("sumscope analyses ", command, " ", name));
  }
  return analysis;
}

}  // namespace sumscope::client
