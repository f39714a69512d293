// Changes of a run's row that touch no job.
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/runs/runs.h"

namespace sumscope::jobs {
namespace {

// Brings the labels in the run's file, if it has one, in line with the catalog's. The housekeeping seals what could not
// be sealed now.
absl::Status CopyLabels(Context* context, const v1::Run& row) {
  const std::string run = IdOf(row.name());
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, OpenIfExists(context, run));
  if (file == nullptr) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(ChangeDescription(
      context, run, file.get(),
      [](const v1::Run& catalog, v1::Run* description) { *description->mutable_labels() = catalog.labels(); }));
  return IsTerminal(row.state()) ? SealUnlessBusy(context, run, file.get()) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Run> Runs::ChangeRow(const storage::Viewer& viewer, const std::string& run,
                                        const std::function<absl::Status(v1::Run*)>& change) {
  v1::Run row;
  const auto write = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(row, transaction.runs().Get(viewer, run));
    SUMSCOPE_RETURN_IF_ERROR(change(&row));
    return transaction.runs().Update(row);
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(write); }));
  context_->hub->Notify(run);
  return row;
}

absl::StatusOr<v1::Run> Runs::Delete(const storage::Viewer& viewer, const std::string& run) {
  return ChangeRow(viewer, run, [&](v1::Run* row) -> absl::Status {
    if (!IsTerminal(row->state())) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_UNFINISHED",
                       absl::StrCat(row->name(), " is ", v1::State_Name(row->state()),
                                    "; cancel it and wait until it has ended, then delete it"));
    }
    if (!row->has_delete_time()) *row->mutable_delete_time() = ToTimestamp(context_->clock->Now());
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Run> Runs::Undelete(const storage::Viewer& viewer, const std::string& run) {
  return ChangeRow(viewer, run, [](v1::Run* row) -> absl::Status {
    if (!row->has_delete_time()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_DELETED",
                       absl::StrCat(row->name(), " is not deleted; `sumscope runs list --deleted` shows what is"));
    }
    row->clear_delete_time();
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Run> Runs::UpdateLabels(const storage::Viewer& viewer, const std::string& run, bool replace_all,
                                           const std::map<std::string, std::optional<std::string>>& labels) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run changed, ChangeRow(viewer, run, [&](v1::Run* row) {
                              if (replace_all) row->clear_labels();
                              for (const auto& [key, value] : labels) {
                                if (value.has_value()) {
                                  (*row->mutable_labels())[key] = *value;
                                } else {
                                  row->mutable_labels()->erase(key);
                                }
                              }
                              return absl::OkStatus();
                            }));
  // They are stored: whatever is wrong with the file, whose copy is there for those who have nothing but the file.
  if (const absl::Status copied = CopyLabels(context_, changed); !copied.ok()) {
    context_->Say(absl::StrCat(changed.name(), ": its labels are changed, but not in its file: ", copied.message()));
  }
  return changed;
}

}  // namespace sumscope::jobs
