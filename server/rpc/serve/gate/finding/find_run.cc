#include "server/rpc/serve/gate/finding/find_run.h"

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

// The id that a caller means by `id`, which may be a prefix or @last.
absl::StatusOr<std::string> FullRunId(storage::CatalogReader& reader, const std::string& id, const auth::Caller& caller,
                                      storage::RunsFirst first) {
  const storage::Viewer viewer = caller.viewer();
  if (id == "@last") {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string last, reader.runs().Latest(viewer, caller.name));
    if (last.empty()) {
      return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "@last: you have no run yet");
    }
    return last;
  }
  if (!absl::IsNotFound(reader.runs().Get(viewer, id).status())) return id;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> found, reader.runs().Find(viewer, id, first, 6));
  if (found.empty()) return RunNotFound(id);
  if (found.size() == 1) return found[0];
  return MakeError(
      absl::StatusCode::kInvalidArgument, "AMBIGUOUS_PREFIX",
      absl::StrCat(Quote(id), " could be ", absl::StrJoin(found, ", "), "; give more characters of the run's id"),
      {{"prefix", id}});
}

}  // namespace

absl::Status RunNotFound(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND",
                   absl::StrCat("there is no run ", Quote(id),
                                "; `sumscope runs list` shows those there are, with --deleted also deleted ones"),
                   {{"run", id}});
}

absl::StatusOr<v1::Run> FindRun(storage::Catalog* catalog, const auth::Caller& caller, const std::string& name,
                                storage::RunsFirst first) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseRunName(name));
  v1::Run run;
  SUMSCOPE_RETURN_IF_ERROR(catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    std::string full = caller.found_run;
    if (full.empty() || caller.asked_run != name) {
      SUMSCOPE_ASSIGN_OR_RETURN(full, FullRunId(reader, id, caller, first));
    }
    absl::StatusOr<v1::Run> found = reader.runs().Get(caller.viewer(), full);
    if (absl::IsNotFound(found.status())) return RunNotFound(id);  // it went meanwhile
    SUMSCOPE_RETURN_IF_ERROR(found.status());
    run = *std::move(found);
    return absl::OkStatus();
  }));
  return run;
}

}  // namespace sumscope::rpc
