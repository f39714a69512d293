#include "client/cli/arguments/find.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/names.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

constexpr char kLast[] = "@last";
constexpr size_t kNamed = 6;  // candidates that an error lists

// What is looked for, in the words of its command.
struct Kind {
  absl::string_view noun, collection, filter, not_found;
};
constexpr Kind kAnalysis = {"analysis", "analyses", "", "ANALYSIS_NOT_FOUND"};
constexpr Kind kCapture = {"capture", "captures", "capture", "CAPTURE_NOT_FOUND"};

// RUN and ID; RUN is "" where only an id was given.
struct TypedName {
  std::string run, id;
};

absl::StatusOr<TypedName> ParseTyped(const Kind& kind, absl::string_view text) {
  std::vector<std::string> parts = absl::StrSplit(absl::StripPrefix(text, "runs/"), '/');
  if (parts.size() == 3 && (parts[1] == kind.collection || parts[1] == kAnalysis.collection)) {
    parts.erase(parts.begin() + 1);
  }
  const bool bare = parts.size() == 1 && !absl::StartsWith(text, "runs/");
  const TypedName typed = bare ? TypedName{"", parts[0]} : TypedName{parts[0], parts.back()};
  const bool known_id = typed.id == kLast || ParseAnalysisName(AnalysisName("r", typed.id)).ok();
  if ((!bare && (parts.size() != 2 || !RunNameOf(typed.run).ok())) || !known_id) {
    return InvalidField(
        "RESOURCE_NAME_INVALID", "name",
        absl::StrCat(Quote(text), " names no ", kind.noun, "; expected its id, the beginning of one, RUN/ID or @last"));
  }
  return typed;
}

// Goes through the analyses of `run`, or of all runs for "", newest first, until `use` says no.
absl::Status ForEach(Connection& connection, const Kind& kind, const std::string& run,
                     const std::function<bool(const v1::Analysis&)>& use) {
  v1::ListAnalysesRequest request;
  request.set_parent(RunName(run.empty() ? "-" : run));
  request.set_analysis(std::string(kind.filter));
  request.set_page_size(limits::kMaxPageSize);
  do {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListAnalysesResponse page, connection.Call(request));
    for (const v1::Analysis& analysis : page.analyses()) {
      if (!use(analysis)) return absl::OkStatus();
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::StatusOr<std::string> FindLast(Connection& connection, const Kind& kind, const std::string& run) {
  // Whose the latest is, only the server knows: the owner of what it calls the user's latest run.
  std::string owner;
  if (run.empty()) {
    const absl::StatusOr<v1::Run> mine = connection.GetRun("runs/@last");
    if (absl::IsNotFound(mine.status())) {
      return MakeError(absl::StatusCode::kNotFound, kind.not_found,
                       absl::StrCat("@last: you have no run yet, and so no ", kind.noun, " of yours; give RUN/ID"));
    }
    SUMSCOPE_RETURN_IF_ERROR(mine.status());
    owner = mine->owner();
  }
  std::string found;
  SUMSCOPE_RETURN_IF_ERROR(ForEach(connection, kind, run, [&](const v1::Analysis& analysis) {
    if (owner.empty() || analysis.owner() == owner) found = analysis.name();
    return found.empty();
  }));
  if (!found.empty()) return found;
  return MakeError(absl::StatusCode::kNotFound, kind.not_found,
                   run.empty() ? absl::StrCat("@last: you have no ", kind.noun, " yet")
                               : absl::StrCat(run, " has no ", kind.noun, " yet"));
}

absl::StatusOr<std::string> FindById(Connection& connection, const Kind& kind, const std::string& id) {
  std::string exact;
  std::vector<std::string> begin_so;
  SUMSCOPE_RETURN_IF_ERROR(ForEach(connection, kind, "", [&](const v1::Analysis& analysis) {
    const std::string its_id = IdOf(analysis.name());
    if (its_id == id) exact = analysis.name();
    if (absl::StartsWith(its_id, id)) begin_so.push_back(analysis.name());
    return exact.empty();
  }));
  if (!exact.empty()) return exact;
  if (begin_so.size() == 1) return begin_so[0];
  if (begin_so.empty()) {
    return MakeError(
        absl::StatusCode::kNotFound, kind.not_found,
        absl::StrCat("there is no ", kind.noun, " ", Quote(id), "; `sumscope ", kind.collection, " list` shows all"));
  }
  const size_t more = begin_so.size() - std::min(begin_so.size(), kNamed);
  begin_so.resize(begin_so.size() - more);
  return InvalidField("AMBIGUOUS_PREFIX", "name",
                      absl::StrCat(Quote(id), " could be ", absl::StrJoin(begin_so, ", "), more > 0 ? ", .." : "",
                                   "; give more of the id"));
}

absl::StatusOr<std::string> Find(Connection& connection, const Kind& kind, absl::string_view text) {
  SUMSCOPE_ASSIGN_OR_RETURN(const TypedName typed, ParseTyped(kind, text));
  if (typed.id == kLast) return FindLast(connection, kind, typed.run);
  if (typed.run.empty()) return FindById(connection, kind, typed.id);
  return AnalysisName(typed.run, typed.id);
}

}  // namespace

absl::StatusOr<std::string> FindAnalysis(Connection& connection, absl::string_view text) {
  return Find(connection, kAnalysis, text);
}

absl::StatusOr<std::string> FindCapture(Connection& connection, absl::string_view text) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, Find(connection, kCapture, text));
  return CaptureName(RunIdOf(name), IdOf(name));  // a capture has the id of the analysis that made it
}

}  // namespace sumscope::client
