#include "client/cli/asking/ask_analysis.h"

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/confirm.h"
#include "client/cli/asking/question_options.h"
#include "client/cli/asking/watch.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/questions/question_sets.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"

namespace sumscope::client {
namespace {

// Says before it begins how much a large capture stores, and has confirmed what takes long.
absl::Status TellOfMuch(Session& session, Connection& connection, v1::CreateAnalysisRequest request, bool yes) {
  constexpr uint64_t kMuch = uint64_t{1} << 30;
  request.set_validate_only(true);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CreateAnalysisResponse checked, connection.Call(request));
  if (checked.from_cache()) return absl::OkStatus();
  const v1::AnalysisPrediction& prediction = checked.analysis().prediction();
  const uint64_t bytes = prediction.disk_bytes();
  if (bytes > kMuch) session.Note(absl::StrCat("This stores about ", FormatBytes(bytes), " on the server's disk."));
  return ConfirmLong(session, absl::Seconds(prediction.seconds()), yes);
}

// Creates what is asked, with the questions as the server takes them.
absl::StatusOr<v1::CreateAnalysisResponse> CreateAnalysis(Session& session, Connection& connection,
                                                          v1::CreateAnalysisRequest request, bool yes) {
  SUMSCOPE_RETURN_IF_ERROR(CompleteHash(connection, request.mutable_question_set()));
  SUMSCOPE_RETURN_IF_ERROR(UploadIfLong(connection, request.parent(), request.mutable_question_set()));
  if (request.question_set().ByteSizeLong() == 0) request.clear_question_set();
  if (!request.validate_only()) SUMSCOPE_RETURN_IF_ERROR(TellOfMuch(session, connection, request, yes));
  return connection.Call(request);
}

}  // namespace

absl::StatusOr<v1::TrainSpec> SpecForView(Session& session, const v1::Analysis& analysis) {
  const bool for_people = session.format() == Format::kTable || session.format() == Format::kWide;
  if (!for_people || !analysis.has_result()) return v1::TrainSpec();
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(absl::StrCat("runs/", RunIdOf(analysis.name()))));
  return run.spec();
}

absl::StatusOr<ExitCode> AskAnalysis(Session& session, v1::CreateAnalysisRequest request, Ask ask,
                                     const QuestionOptions& options, bool yes) {
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  request.set_validate_only(ask == Ask::kDryRun);
  const absl::StatusOr<v1::CreateAnalysisResponse> created = CreateAnalysis(session, *connection, request, yes);
  if (!created.ok()) return NameBadLine(session, *connection, request.parent(), options, created.status());
  v1::Analysis analysis = created->analysis();
  if (ask == Ask::kDryRun) {
    SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowPrediction(session, analysis)));
    return ExitCode::kDone;
  }
  if (!IsTerminal(analysis.state())) {
    if (ask == Ask::kQueue) {
      Document document = ShowAnalyses(session, {analysis}, session.clock().Now());
      document.json = ShowAnalysis(session, analysis, {}, created->from_cache()).json;
      document.items = {document.json};
      SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
      session.Note(absl::StrCat("Read the result with: sumscope analyses show ", analysis.name(),
                                "   (or add --wait to wait for it)"));
      return ExitCode::kDone;
    }
    SUMSCOPE_ASSIGN_OR_RETURN(analysis, WatchAnalysisToEnd(session, *connection, analysis.name()));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::TrainSpec spec, SpecForView(session, analysis));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowAnalysis(session, analysis, spec, created->from_cache())));
  return FateOf(analysis.state());
}

}  // namespace sumscope::client
