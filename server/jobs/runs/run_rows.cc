// Changes of a run's row that touch no job.
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/runs/runs.h"
#include "server/jobs/runs/sources.h"

namespace sumscope::jobs {
namespace {

// Brings labels and visibility in the run's file, if it has one, in line with the catalog's. The housekeeping seals
// what could not be sealed now.
absl::Status CopyChanges(Context* context, const v1::Run& row) {
  const std::string run = IdOf(row.name());
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, OpenIfExists(context, run));
  if (file == nullptr) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(
      ChangeDescription(context, run, file.get(), [](const v1::Run& catalog, v1::Run* description) {
        *description->mutable_labels() = catalog.labels();
        description->set_visibility(catalog.visibility());
      }));
  return IsTerminal(row.state()) ? SealUnlessBusy(context, run, file.get()) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Run> Runs::ChangeRow(const storage::Actor& actor, const std::string& run,
                                        const std::function<absl::Status(storage::CatalogReader&, v1::Run*)>& change) {
  v1::Run row;
  const auto write = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(row, transaction.runs().Get(actor.viewer(), run));
    actor.Names(row.name());
    SUMSCOPE_RETURN_IF_ERROR(change(transaction, &row));
    return transaction.runs().Update(row);
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(actor, write); }));
  context_->hub->Notify(run);
  return row;
}

absl::StatusOr<v1::Run> Runs::Delete(const storage::Actor& actor, const std::string& run) {
  return ChangeRow(actor, run, [&](storage::CatalogReader&, v1::Run* row) -> absl::Status {
    if (!IsTerminal(row->state())) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_UNFINISHED",
                       absl::StrCat(row->name(), " is ", v1::State_Name(row->state()),
                                    "; cancel it and wait until it has ended, then delete it"));
    }
    if (!row->has_delete_time()) *row->mutable_delete_time() = ToTimestamp(context_->clock->Now());
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Run> Runs::Undelete(const storage::Actor& actor, const std::string& run) {
  return ChangeRow(actor, run, [](storage::CatalogReader&, v1::Run* row) -> absl::Status {
    if (!row->has_delete_time()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_DELETED",
                       absl::StrCat(row->name(), " is not deleted; `sumscope runs list --deleted` shows what is"));
    }
    row->clear_delete_time();
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Run> Runs::Update(const storage::Actor& actor, const std::string& run, const RunChanges& changes) {
  const auto change = [&](storage::CatalogReader& reader, v1::Run* row) -> absl::Status {
    if (changes.replace_labels) row->clear_labels();
    for (const auto& [key, value] : changes.labels) {
      if (value.has_value()) {
        (*row->mutable_labels())[key] = *value;
      } else {
        row->mutable_labels()->erase(key);
      }
    }
    if (!changes.visibility.has_value() || *changes.visibility == row->visibility()) return absl::OkStatus();
    row->set_visibility(*changes.visibility);
    SUMSCOPE_RETURN_IF_ERROR(CheckSourceIsTheLabs(reader, actor.viewer(), *row));
    return CheckLabNamesItNot(reader, *row);
  };
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run changed, ChangeRow(actor, run, change));
  // They are stored: whatever is wrong with the file, whose copy is there for those who have nothing but the file.
  if (const absl::Status copied = CopyChanges(context_, changed); !copied.ok()) {
    context_->Say(absl::StrCat(changed.name(), " is changed, but not in its file: ", copied.message()));
  }
  return changed;
}

}  // namespace sumscope::jobs
