#include "server/rpc/serve/gate/ownership.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/rpc/serve/resolve_run.h"

namespace sumscope::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kUsers[] = "users";
constexpr size_t kMaxNameLength = 200;
constexpr size_t kMaxPartLength = 64;

// The text in a field of that name; empty where there is none.
std::string TextIn(const Message& message, const char* name) {
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
  const bool is_text = field != nullptr && field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated();
  return is_text ? message.GetReflection()->GetString(message, field) : "";
}

// The text in `field` of the message in the field `outer`.
std::string TextWithin(const Message& message, const char* outer, const char* field) {
  const FieldDescriptor* const inner = message.GetDescriptor()->FindFieldByName(outer);
  if (inner == nullptr || inner->type() != FieldDescriptor::TYPE_MESSAGE || inner->is_repeated()) return "";
  return TextIn(message.GetReflection()->GetMessage(message, inner), field);
}

// What the request is about.
std::string NameIn(const Message& request) {
  for (const std::string& name : {TextIn(request, "name"), TextWithin(request, "run", "name"),
                                  TextWithin(request, "user", "name"), TextIn(request, "parent")}) {
    if (!name.empty()) return name;
  }
  return "";
}

// No token passes: they have capital letters.
bool IsPartOfName(absl::string_view part) {
  return !part.empty() && part.size() <= kMaxPartLength && std::all_of(part.begin(), part.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_' || c == '.' || c == '@';
  });
}

bool IsResourceName(absl::string_view name) {
  if (name.size() > kMaxNameLength) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  const bool known = parts[0] == "runs" || parts[0] == "questionSets" || parts[0] == kUsers;
  return known && parts.size() > 1 && std::all_of(parts.begin() + 1, parts.end(), IsPartOfName);
}

// The owner of what `name` means to the caller. An error where there is none, or no telling.
absl::StatusOr<std::string> OwnerOf(storage::Catalog* catalog, const std::string& name, storage::RunsFirst first,
                                    auth::Caller* caller) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts[0] == kUsers && parts.size() > 1) return parts[1];
  std::string run = name, analysis;
  if (const absl::StatusOr<AnalysisRef> ref = ParseAnalysisName(name); ref.ok()) {
    run = RunName(ref->run);
    analysis = ref->analysis;
  } else if (const absl::StatusOr<CaptureRef> capture = ParseCaptureName(name); capture.ok()) {
    run = RunName(capture->run);
    analysis = capture->capture;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, ResolveRun(catalog, *caller, run, first));
  caller->asked_run = run;
  caller->found_run = IdOf(found.name());
  if (analysis.empty()) return found.owner();
  std::string owner;
  SUMSCOPE_RETURN_IF_ERROR(catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis row,
                              reader.analyses().Get(caller->viewer(), caller->found_run, analysis));
    owner = row.owner();
    return absl::OkStatus();
  }));
  return owner;
}

}  // namespace

absl::Status CheckOwnership(storage::Catalog* catalog, const auth::Right& right, const Message& request,
                            auth::Caller* caller) {
  const std::string name = NameIn(request);
  if (right.whose != auth::Whose::kOwn || name.empty()) return absl::OkStatus();
  const storage::RunsFirst first =
      absl::EndsWith(right.method, "/UndeleteRun") ? storage::RunsFirst::kDeleted : storage::RunsFirst::kLiving;
  const absl::StatusOr<std::string> owner = OwnerOf(catalog, name, first, caller);
  return owner.ok() ? auth::CheckOwner(*caller, right.method, *owner) : absl::OkStatus();
}

std::string NamedResource(const Message& request) {
  std::string name = NameIn(request);
  if (const std::string run = TextIn(request, "run_id"); !run.empty()) name = RunName(run);
  if (const std::string user = TextIn(request, "user_id"); !user.empty()) name = absl::StrCat(kUsers, "/", user);
  return IsResourceName(name) ? name : "";
}

}  // namespace sumscope::rpc
