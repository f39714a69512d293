#include "client/cli/asking/across.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/app/tell_error.h"
#include "client/cli/arguments/filter_times.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/confirm.h"
#include "client/cli/asking/watch.h"
#include "client/cli/output/probes/across_view.h"
#include "client/connection/pages.h"
#include "client/questions/question_sets.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

absl::StatusOr<v1::ListRunsResponse> AllRuns(Connection& connection, const std::string& filter) {
  v1::ListRunsRequest request;
  request.set_filter(filter);
  return ReadPages(
      request, /*limit=*/0, [&](const v1::ListRunsRequest& page) { return connection.Call(page); },
      &v1::ListRunsResponse::mutable_runs);
}

// Asks every run, then waits for every answer.
class Asker {
 public:
  Asker(Session& session, Connection& connection, v1::CreateAnalysisRequest request)
      : session_(session), connection_(connection), request_(std::move(request)) {}

  void Create(const v1::Run& run) {
    absl::StatusOr<v1::CreateAnalysisResponse> created = TryCreate(run, request_.validate_only());
    if (created.ok()) {
      asked_.push_back({run, std::move(*created->mutable_analysis())});
    } else if (absl::IsFailedPrecondition(created.status())) {
      LeaveOut(run, created.status());
      session_.Note(absl::StrCat(RunIdOf(run.name()), " is left out: ", created.status().message()));
    } else {
      Failed(run, created.status());
    }
  }

  // What all the answers that are not known yet would take. Runs that cannot answer are told of when they are asked.
  absl::Duration Predict(const v1::ListRunsResponse& found) {
    absl::Duration all;
    for (const v1::Run& run : found.runs()) {
      if (session_.interrupted()) break;
      const absl::StatusOr<v1::CreateAnalysisResponse> checked = TryCreate(run, /*validate_only=*/true);
      if (checked.ok() && !checked->from_cache()) all += absl::Seconds(checked->analysis().prediction().seconds());
    }
    return all;
  }

  absl::Status Wait() {
    for (AskedRun& asked : asked_) {
      if (!IsTerminal(asked.analysis.state())) {
        absl::StatusOr<v1::Analysis> ended = WatchAnalysisToEnd(session_, connection_, asked.analysis.name());
        if (!ended.ok() && session_.interrupted()) TellOfOthers(asked);
        SUMSCOPE_RETURN_IF_ERROR(ended.status());
        asked.analysis = *std::move(ended);
      }
      if (asked.analysis.has_result()) continue;
      Failed(asked.run, MakeError(absl::StatusCode::kInternal, asked.analysis.state_reason(),
                                  absl::StrCat(asked.analysis.name(), " is ", v1::State_Name(asked.analysis.state()),
                                               ": ", asked.analysis.state_detail())));
      exit_code_ = FateOf(asked.analysis.state());
    }
    return absl::OkStatus();
  }

  const std::vector<AskedRun>& asked() const { return asked_; }
  const std::vector<LeftOutRun>& left_out() const { return left_out_; }
  ExitCode exit_code() const { return exit_code_; }

 private:
  absl::StatusOr<v1::CreateAnalysisResponse> TryCreate(const v1::Run& run, bool validate_only) {
    v1::CreateAnalysisRequest request = request_;
    request.set_validate_only(validate_only);
    request.set_parent(run.name());
    if (NeedsUpload(request.question_set())) {
      // Padded to the digits of the run: one upload for each number of digits.
      auto uploaded = uploaded_.find(run.spec().n_digits());
      if (uploaded == uploaded_.end()) {
        v1::QuestionSet questions = request.question_set();
        SUMSCOPE_RETURN_IF_ERROR(UploadList(connection_, run.spec().n_digits(), &questions));
        uploaded = uploaded_.emplace(run.spec().n_digits(), std::move(questions)).first;
      }
      *request.mutable_question_set() = uploaded->second;
    }
    if (request.question_set().ByteSizeLong() == 0) request.clear_question_set();
    absl::StatusOr<v1::CreateAnalysisResponse> created = connection_.Call(request);
    if (!created.ok()) return ExplainMissingList(created.status());
    return created;
  }

  // Which analyses go on beside the one that was waited for.
  void TellOfOthers(const AskedRun& waited_for) {
    std::vector<std::string> names;
    for (const AskedRun& one : asked_) {
      if (&one != &waited_for && !IsTerminal(one.analysis.state())) names.push_back(one.analysis.name());
    }
    if (session_.format() == Format::kId) {
      Document document;
      document.ids = names;
      session_.Print(document).IgnoreError();  // the lost watch is the error that is told
    }
    if (!names.empty()) session_.Note(absl::StrCat("So do the other runs': ", absl::StrJoin(names, " ")));
  }

  void LeaveOut(const v1::Run& run, const absl::Status& status) {
    left_out_.push_back({RunIdOf(run.name()), ErrorReason(status), std::string(status.message())});
  }

  void Failed(const v1::Run& run, const absl::Status& status) {
    LeaveOut(run, status);
    const ExitCode code = TellStatus(&session_.terminal(), status, RunIdOf(run.name()));
    if (exit_code_ == ExitCode::kDone) exit_code_ = code;
  }

  Session& session_;
  Connection& connection_;
  const v1::CreateAnalysisRequest request_;
  std::map<uint32_t, v1::QuestionSet> uploaded_;
  std::vector<AskedRun> asked_;
  std::vector<LeftOutRun> left_out_;
  ExitCode exit_code_ = ExitCode::kDone;
};

}  // namespace

absl::StatusOr<ExitCode> AskAcrossRuns(Session& session, const std::string& filter, v1::CreateAnalysisRequest request,
                                       bool dry_run, bool yes) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListRunsResponse found,
                            AllRuns(*connection, WithAbsoluteTimes(filter, session.clock().Now())));
  SUMSCOPE_RETURN_IF_ERROR(CompleteHash(*connection, request.mutable_question_set()));
  request.set_validate_only(dry_run);
  Asker asker(session, *connection, std::move(request));
  if (!dry_run) SUMSCOPE_RETURN_IF_ERROR(ConfirmLong(session, asker.Predict(found), yes));
  for (const v1::Run& run : found.runs()) {
    if (session.interrupted()) return absl::CancelledError("interrupted");
    asker.Create(run);
  }
  if (!dry_run) {
    SUMSCOPE_RETURN_IF_ERROR(asker.Wait());
  }
  if (asker.asked().empty() && asker.exit_code() == ExitCode::kDone) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NO_RESULTS",
                     found.runs().empty()
                         ? absl::StrCat("no run matches --runs ", Quote(filter))
                         : absl::StrCat("no run that matches can answer: ", asker.left_out().back().message));
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(dry_run ? ShowPredictions(session, asker.asked())
                                                 : ShowAcross(session, filter, asker.asked(), asker.left_out())));
  return asker.exit_code();
}

}  // namespace sumscope::client
