#include "server/jobs/runs/sources.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/tasks/insert_source.h"

namespace sumscope::jobs {

absl::Status CheckSourceIsTheLabs(storage::CatalogReader& reader, const storage::Viewer& viewer, const v1::Run& run) {
  if (run.visibility() == v1::PRIVATE || run.imported() || run.spec().init_from().empty()) return absl::OkStatus();
  const absl::StatusOr<CheckpointRef> ref = ParseInitFrom(run.spec().init_from());
  if (!ref.ok()) return absl::OkStatus();  // it names nothing
  const absl::StatusOr<v1::Run> source = reader.runs().Get(viewer, ref->run);
  if (absl::IsNotFound(source.status())) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(source.status());
  if (source->visibility() == v1::LAB) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SOURCE_IS_PRIVATE",
                   absl::StrCat("its source ", source->name(),
                                " is private, and the spec of a run of the lab would name it; let the run be private, "
                                "or set the source to LAB first"));
}

absl::Status CheckLabNamesItNot(storage::CatalogReader& reader, const v1::Run& run) {
  if (run.visibility() == v1::LAB) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t named, reader.runs().CountLabRunsFrom(IdOf(run.name())));
  if (named == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SOURCE_OF_LAB_RUNS",
                   absl::StrCat(run.name(), " is the source of ", named, named == 1 ? " run" : " runs",
                                " of the lab, deleted ones counted, whose spec.init_from names it; let their owners "
                                "set these to PRIVATE first"));
}

}  // namespace sumscope::jobs
