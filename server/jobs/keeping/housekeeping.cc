#include "server/jobs/keeping/housekeeping.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"

namespace sumscope::jobs {
namespace {

using storage::Removal;

bool OfRun(const Removal& removal) { return removal.question_set.empty() && removal.analysis.empty(); }

std::string NameOf(const Removal& removal) {
  if (!removal.question_set.empty()) return QuestionSetName(removal.question_set);
  return removal.analysis.empty() ? RunName(removal.run) : AnalysisName(removal.run, removal.analysis);
}

absl::StatusOr<bool> IsKnown(Context* context, const Removal& removal) {
  const storage::Viewer viewer = storage::Viewer::Server();
  const absl::Status found = context->catalog->Read([&](storage::CatalogReader& reader) {
    if (!removal.question_set.empty()) return reader.question_sets().Get(viewer, removal.question_set).status();
    if (removal.analysis.empty()) return reader.runs().Get(viewer, removal.run).status();
    return reader.analyses().Get(viewer, removal.run, removal.analysis).status();
  });
  if (!found.ok() && !absl::IsNotFound(found)) return found;
  return found.ok();
}

absl::Status RemoveAnalysis(Context* context, const std::string& run, const std::string& analysis) {
  SUMSCOPE_RETURN_IF_ERROR(context->captures->Remove(run, analysis));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, OpenIfExists(context, run));
  if (file == nullptr) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(
      file->Write([&](storage::RunFileTransaction& transaction) { return transaction.RemoveAnalysis(analysis); }));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, ReadCatalog<v1::Run>(context->catalog, [&](auto& reader) {
                              return reader.runs().Get(storage::Viewer::Server(), run);
                            }));
  return IsTerminal(row.state()) ? SealUnlessBusy(context, run, file.get()) : absl::OkStatus();
}

absl::Status Remove(Context* context, const Removal& removal) {
  SUMSCOPE_ASSIGN_OR_RETURN(const bool known, IsKnown(context, removal));
  if (!known) {
    SUMSCOPE_RETURN_IF_ERROR(!removal.question_set.empty() ? context->question_sets->Remove(removal.question_set)
                             : OfRun(removal)              ? context->run_files->Remove(removal.run)
                                                           : RemoveAnalysis(context, removal.run, removal.analysis));
  }
  return context->catalog->Write(
      [&](storage::CatalogTransaction& transaction) { return transaction.removals().End(removal); });
}

}  // namespace

absl::Status CarryOut(Context* context, const Removal& removal) {
  if (removal.question_set.empty()) return Remove(context, removal);
  MutexLock lock(&context->uploads);
  return Remove(context, removal);
}

void Housekeeping::Forget() {
  const absl::Time now = context_->clock->Now();
  context_->catalog
      ->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_RETURN_IF_ERROR(transaction.events().Prune(now - limits::kHistoryRetention));
        SUMSCOPE_RETURN_IF_ERROR(transaction.requests().Prune(now - limits::kHistoryRetention));
        SUMSCOPE_RETURN_IF_ERROR(transaction.audit().Prune(now - limits::kAuditRetention));
        SUMSCOPE_RETURN_IF_ERROR(transaction.tokens().Prune(now - limits::kAuditRetention));
        return transaction.question_sets().ForgetUnnamed(now - limits::kQuestionSetGrace);
      })
      .IgnoreError();
}

std::vector<std::string> Housekeeping::Sweep(bool runs_too) {
  using Removals = std::vector<Removal>;
  std::vector<std::string> done;
  const absl::StatusOr<Removals> removals =
      ReadCatalog<Removals>(context_->catalog, [](storage::CatalogReader& reader) { return reader.removals().List(); });
  if (!removals.ok()) return done;
  for (const Removal& removal : *removals) {
    if (OfRun(removal) && !runs_too) continue;
    const absl::Status removed = CarryOut(context_, removal);
    done.push_back(
        absl::StrCat(NameOf(removal),
                     removed.ok() ? ": what its removal left in files is gone" : ": cannot be removed from files yet: ",
                     removed.message()));
    if (!removed.ok() && context_->Ending()) break;  // the others may be as slow to be refused: the next start goes on
  }
  return done;
}

std::vector<std::string> Housekeeping::SealEnded(const std::vector<std::string>& runs) {
  std::vector<std::string> sealed;
  for (const std::string& run : runs) {
    if (context_->Ending()) break;
    const absl::StatusOr<v1::Run> row = ReadCatalog<v1::Run>(
        context_->catalog, [&](auto& reader) { return reader.runs().Get(storage::Viewer::Server(), run); });
    if (!row.ok() || !IsTerminal(row->state())) continue;
    const auto file = OpenIfExists(context_, run);
    if (!file.ok() || *file == nullptr || !SealUnlessBusy(context_, run, file->get()).ok()) continue;
    MutexLock lock(&context_->unsealed_mutex);
    if (context_->unsealed.count(run) == 0) sealed.push_back(absl::StrCat(RunName(run), ": its file is sealed again"));
  }
  return sealed;
}

std::vector<std::string> Housekeeping::SealFound() {
  const absl::StatusOr<std::vector<std::string>> unsealed = context_->run_files->ListUnsealed();
  return unsealed.ok() ? SealEnded(*unsealed) : std::vector<std::string>();
}

std::vector<std::string> Housekeeping::Start() {
  last_ = context_->clock->Monotonic();
  std::vector<std::string> repairs = Sweep(/*runs_too=*/true);
  for (std::string& repair : SealFound()) repairs.push_back(std::move(repair));
  Forget();
  Sweep(/*runs_too=*/true);
  return repairs;
}

void Housekeeping::Tick() {
  std::set<std::string> unsealed;
  {
    MutexLock lock(&context_->unsealed_mutex);
    unsealed = context_->unsealed;
  }
  SealEnded({unsealed.begin(), unsealed.end()});
  const absl::Duration now = context_->clock->Monotonic();
  if (now - last_ < limits::kHousekeepingInterval) return;
  last_ = now;
  Forget();
  Sweep(/*runs_too=*/false);
  SealFound();
}

}  // namespace sumscope::jobs
