#include "storage/sqlite/catalog/rows/seen_runs.h"

#include "absl/strings/str_cat.h"

namespace sumscope::storage {

std::string AndIsSeen(const Viewer& viewer) {
  if (viewer.sees_everything()) return "";
  return " AND (+runs.visibility = 'LAB' OR +runs.owner = ?)";
}

std::string AndRunIsSeen(const Viewer& viewer, absl::string_view run) {
  if (viewer.sees_everything()) return "";
  return absl::StrCat(" AND EXISTS (SELECT 1 FROM runs INDEXED BY runs_seen WHERE runs.id = ", run, AndIsSeen(viewer),
                      ")");
}

std::string AndSweepIsSeen(const Viewer& viewer) {
  if (viewer.sees_everything()) return "";
  return " AND (+sweeps.visibility = 'LAB' OR +sweeps.owner = ?)";
}

void BindViewer(Query& query, const Viewer& viewer) {
  if (!viewer.sees_everything()) query.Bind(viewer.user());
}

}  // namespace sumscope::storage
