#include "client/cli/asking/watch_sweep.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/output/progress.h"
#include "client/cli/output/queue/job_view.h"
#include "client/cli/output/queue/sweep_view.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::client {
namespace {

ExitCode FateOfSweep(v1::SweepState state) {
  if (state == v1::SWEEP_SUCCEEDED) return ExitCode::kDone;
  return state == v1::SWEEP_CANCELLED ? ExitCode::kJobCancelled : ExitCode::kJobFailed;
}

void ShowSweepProgress(Session& session, const v1::Sweep& sweep, Progress* progress) {
  Amount amount;
  amount.share = sweep.progress();
  amount.details = TallyText(sweep);
  const std::string ends =
      InText(sweep.has_expected_end(), sweep.expected_end(), session.clock().Now(), /*with_range=*/false);
  if (!ends.empty()) amount.extra = absl::StrCat("ends ", ends);
  progress->Update(amount);
}

}  // namespace

absl::StatusOr<ExitCode> WatchSweepToEnd(Session& session, Connection& connection, const std::string& name) {
  const std::string id = IdOf(name);
  absl::StatusOr<v1::Sweep> sweep = absl::UnknownError("not watched yet");
  {
    Progress progress(&session.terminal(), &session.clock(), id, session.output().quiet);
    connection.set_on_reconnect([&progress, told = false](const absl::Status&) mutable {
      if (!told) progress.Say("lost the server, waiting for it to come back (the sweep is not lost)");
      told = true;
    });
    sweep = connection.WatchSweep(name, [&](const v1::Sweep& now) {
      ShowSweepProgress(session, now, &progress);
      return absl::OkStatus();
    });
    connection.set_on_reconnect([](const absl::Status&) {});
    if (sweep.ok()) {
      progress.Say(absl::StrCat(id, "  ", SweepStateText(sweep->state()), ": ", TallyText(*sweep)));
    }
  }
  if (!sweep.ok() && (session.interrupted() || absl::IsUnavailable(sweep.status()))) {
    if (session.format() == Format::kId) {
      Document document;
      document.ids = {id};
      session.Print(document).IgnoreError();  // the lost watch is the error that is told
    }
    session.Note("No longer watching; the sweep goes on. Come back with:");
    session.Note(absl::StrCat("sumscope sweeps watch ", id));
  }
  SUMSCOPE_RETURN_IF_ERROR(sweep.status());
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowSweep(session, *sweep, session.clock().Now())));
  return FateOfSweep(sweep->state());
}

}  // namespace sumscope::client
