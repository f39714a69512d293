// Finished runs from foreign weights.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/jobs/keeping/housekeeping.h"
#include "server/jobs/runs/new_run.h"
#include "server/jobs/runs/runs.h"

namespace sumscope::jobs {

absl::Status Runs::StoreWeights(const ImportedWeights& weights, storage::RunFile* file) {
  int64_t set = 0;
  SUMSCOPE_RETURN_IF_ERROR(file->Write([&](storage::RunFileTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(set, transaction.BeginTensorSet(storage::TensorSetKind::kWeights, /*step=*/0,
                                                              weights.tensors, context_->clock->Now()));
    return absl::OkStatus();
  }));
  for (uint64_t offset = 0; offset < weights.data_bytes;) {
    const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, weights.data_bytes - offset);
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string bytes, weights.read(offset, length));
    if (bytes.size() != length) return absl::InternalError("the imported file became shorter while it was read");
    SUMSCOPE_RETURN_IF_ERROR(file->Write(
        [&](storage::RunFileTransaction& transaction) { return transaction.AppendTensorBytes(set, bytes); }));
    offset += length;
  }
  SUMSCOPE_RETURN_IF_ERROR(file->Write([&](storage::RunFileTransaction& transaction) -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(transaction.FinishTensorSet(set, std::nullopt));
    storage::LogEntry entry;
    entry.time = context_->clock->Now();
    entry.severity = "INFO";
    entry.text =
        absl::StrCat("weights imported", weights.notes.empty() ? "" : ": ", absl::StrJoin(weights.notes, "; "));
    entry.checkpoint_step = 0;
    return transaction.AppendLog(entry).status();
  }));
  return file->Seal();
}

absl::StatusOr<v1::Run> Runs::Import(const storage::Actor& actor, const Request& request, const std::string& run_id,
                                     const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                                     const ImportedWeights& weights, v1::Visibility visibility) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered,
                            ReadCatalog<std::optional<std::string>>(
                                context_->catalog, [&](auto& reader) { return FindReplay(reader, actor, request); }));
  if (answered.has_value()) return Get(actor.viewer(), IdOf(*answered));
  SUMSCOPE_RETURN_IF_ERROR(admission_->CheckAcceptsWork());
  const std::string id = run_id.empty() ? context_->ids->NewId('r') : run_id;
  SUMSCOPE_ASSIGN_OR_RETURN(const auto reservation, Reservation::Take(this, id));
  SUMSCOPE_RETURN_IF_ERROR(RemoveOrphan(id));
  NewRun asked;
  asked.spec = spec;
  asked.labels = labels;
  asked.visibility = visibility;
  v1::Run run = RowOf(asked, id, actor.user(), context_->clock->Now());
  run.set_imported(true);
  run.set_file_name(weights.file_name);
  run.mutable_import_notes()->Add(weights.notes.begin(), weights.notes.end());
  run.set_state(v1::SUCCEEDED);
  run.set_attempt(1);
  *run.mutable_end_time() = run.create_time();
  if (Get(storage::Viewer::Server(), id).ok()) return RunExists(id);
  // A crash before the run is in the catalog leaves a file that the next start removes.
  SUMSCOPE_RETURN_IF_ERROR(context_->catalog->Write([&](storage::CatalogTransaction& transaction) {
    return transaction.removals().Put({id, "", ""});
  }));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context_->run_files->Create(run));
  absl::Status status = StoreWeights(weights, file.get());
  std::optional<std::string> made_before;  // by the same request, at the same time
  if (status.ok()) {
    status = context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(made_before, FindReplay(transaction, actor, request));
      if (made_before.has_value()) return absl::OkStatus();
      SUMSCOPE_RETURN_IF_ERROR(transaction.runs().Insert(run));
      storage::Event event;
      event.run = id;
      event.time = context_->clock->Now();
      event.change.set_state(v1::SUCCEEDED);
      event.change.set_attempt(run.attempt());
      event.log_entries = 1;  // "weights imported"
      SUMSCOPE_RETURN_IF_ERROR(transaction.events().Append(&event));
      return RecordRequest(transaction, actor, request, run.name());
    });
  }
  if (!status.ok() || made_before.has_value()) {
    CarryOut(context_, {id, "", ""}).IgnoreError();  // or at the next start, or when its id is asked for again
    if (!status.ok()) return status;
    return Get(actor.viewer(), IdOf(*made_before));
  }
  context_->hub->Notify(id);
  return run;
}

}  // namespace sumscope::jobs
