#include "server/rpc/serve/gate/ownership.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/rpc/serve/gate/finding/find_job.h"
#include "server/rpc/serve/gate/finding/find_run.h"
#include "server/rpc/serve/gate/finding/find_sweep.h"
#include "server/rpc/serve/gate/request_facts.h"

namespace sumscope::rpc {
namespace {

using google::protobuf::Message;

// The run, and what of it, that the request of a service names; empty where the name has not that form.
struct Named {
  std::string run, analysis;  // runs/r7, a1
};
std::optional<Named> Parse(absl::string_view method, const std::string& name) {
  if (absl::StrContains(method, ".AnalysisService/")) {
    const absl::StatusOr<AnalysisRef> ref = ParseAnalysisName(name);
    return ref.ok() ? std::make_optional(Named{RunName(ref->run), ref->analysis}) : std::nullopt;
  }
  if (absl::StrContains(method, ".CaptureService/")) {
    const absl::StatusOr<CaptureRef> ref = ParseCaptureName(name);
    return ref.ok() ? std::make_optional(Named{RunName(ref->run), ref->capture}) : std::nullopt;
  }
  return ParseRunName(name).ok() ? std::make_optional(Named{name, ""}) : std::nullopt;
}

// Who made the analysis or capture; empty where there is none.
absl::StatusOr<std::optional<std::string>> OwnerOfAnalysis(storage::Catalog* catalog, const auth::Caller& caller,
                                                           const std::string& analysis) {
  std::optional<std::string> owner;
  const absl::Status read = catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis row,
                              reader.analyses().Get(caller.viewer(), caller.found_run, analysis));
    owner = row.owner();
    return absl::OkStatus();
  });
  if (!read.ok() && !absl::IsNotFound(read)) return read;
  return owner;
}

absl::Status CheckSweep(storage::Catalog* catalog, const auth::Right& right, const std::string& name,
                        auth::Caller* caller) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, FindSweep(catalog, *caller, name));
  caller->asked_sweep = name;
  caller->found_sweep = IdOf(sweep.name());
  return auth::CheckOwner(*caller, right.method, sweep.owner());
}

// Of a job that is named by its run or analysis it is the same: their names are read once, by the road.
absl::Status CheckJob(storage::Catalog* catalog, const auth::Right& right, const std::string& name,
                      auth::Caller* caller) {
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job job, FindJob(catalog, *caller, name));
  if (const absl::StatusOr<AnalysisRef> ref = ParseAnalysisName(name); ref.ok()) {
    caller->asked_run = RunName(ref->run);
  } else if (ParseRunName(name).ok()) {
    caller->asked_run = name;
  }
  caller->found_run = job.run;
  return auth::CheckOwner(*caller, right.method, job.owner);
}

}  // namespace

absl::Status CheckOwnership(storage::Catalog* catalog, const auth::Right& right, const Message& request,
                            auth::Caller* caller) {
  const std::string name = NameIn(request);
  if (right.whose != auth::Whose::kOwn || name.empty()) return absl::OkStatus();
  if (absl::StrContains(right.method, ".UserService/")) {
    const std::vector<std::string> parts = absl::StrSplit(name, '/');
    return parts.size() < 2 ? absl::OkStatus() : auth::CheckOwner(*caller, right.method, parts[1]);
  }
  if (absl::StrContains(right.method, ".SweepService/")) return CheckSweep(catalog, right, name, caller);
  if (absl::StrContains(right.method, ".QueueService/")) return CheckJob(catalog, right, name, caller);
  const std::optional<Named> named = Parse(right.method, name);
  if (!named.has_value()) return absl::OkStatus();
  const storage::RunsFirst first =
      absl::EndsWith(right.method, "/UndeleteRun") ? storage::RunsFirst::kDeleted : storage::RunsFirst::kLiving;
  // What it says of an absent run the handler would say, too.
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, FindRun(catalog, *caller, named->run, first));
  caller->asked_run = named->run;
  caller->found_run = IdOf(run.name());
  if (named->analysis.empty()) return auth::CheckOwner(*caller, right.method, run.owner());
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> owner, OwnerOfAnalysis(catalog, *caller, named->analysis));
  return owner.has_value() ? auth::CheckOwner(*caller, right.method, *owner) : absl::OkStatus();
}

}  // namespace sumscope::rpc
