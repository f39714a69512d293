#include "server/rpc/serve/gate/finding/find_sweep.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"

namespace sumscope::rpc {
namespace {

constexpr int kMostCandidates = 6;  // that an ambiguous prefix names

// The id that a caller means by `id`, which may be a prefix or @last.
absl::StatusOr<std::string> FullSweepId(storage::CatalogReader& reader, const std::string& id,
                                        const auth::Caller& caller) {
  const storage::Viewer viewer = caller.viewer();
  if (id == "@last") {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string last, reader.sweeps().Latest(viewer, caller.name));
    if (!last.empty()) return last;
    return MakeError(absl::StatusCode::kNotFound, "SWEEP_NOT_FOUND", "@last: you have no sweep yet");
  }
  if (!absl::IsNotFound(reader.sweeps().Get(viewer, id).status())) return id;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> found, reader.sweeps().Find(viewer, id, kMostCandidates));
  if (found.empty()) return SweepNotFound(id);
  if (found.size() == 1) return found[0];
  return MakeError(
      absl::StatusCode::kInvalidArgument, "AMBIGUOUS_PREFIX",
      absl::StrCat(Quote(id), " could be ", absl::StrJoin(found, ", "), "; give more characters of the sweep's id"),
      {{"prefix", id}});
}

}  // namespace

absl::Status SweepNotFound(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, "SWEEP_NOT_FOUND",
                   absl::StrCat("there is no sweep ", Quote(id), "; `sumscope sweeps list` shows those there are"),
                   {{"sweep", id}});
}

absl::StatusOr<v1::Sweep> FindSweep(storage::Catalog* catalog, const auth::Caller& caller, const std::string& name) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseSweepName(name));
  v1::Sweep sweep;
  SUMSCOPE_RETURN_IF_ERROR(catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    std::string full = caller.found_sweep;
    if (full.empty() || caller.asked_sweep != name) {
      SUMSCOPE_ASSIGN_OR_RETURN(full, FullSweepId(reader, id, caller));
    }
    absl::StatusOr<v1::Sweep> found = reader.sweeps().Get(caller.viewer(), full);
    if (absl::IsNotFound(found.status())) return SweepNotFound(id);  // it went meanwhile
    SUMSCOPE_RETURN_IF_ERROR(found.status());
    sweep = *std::move(found);
    return absl::OkStatus();
  }));
  return sweep;
}

}  // namespace sumscope::rpc
