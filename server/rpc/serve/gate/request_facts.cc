#include "server/rpc/serve/gate/request_facts.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

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

// No token passes: they have capital letters.
bool IsPartOfName(absl::string_view part) {
  return !part.empty() && part.size() <= kMaxPartLength && std::all_of(part.begin(), part.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_' || c == '.' || c == '@';
  });
}

bool IsResourceName(absl::string_view name) {
  if (name.size() > kMaxNameLength) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  constexpr absl::string_view kCollections[] = {"runs", "questionSets", "users", "jobs", "sweeps"};
  const bool known = std::find(std::begin(kCollections), std::end(kCollections), parts[0]) != std::end(kCollections);
  return known && parts.size() > 1 && std::all_of(parts.begin() + 1, parts.end(), IsPartOfName);
}

}  // namespace

std::string NameIn(const Message& request) {
  for (const std::string& name : {TextIn(request, "name"), TextWithin(request, "run", "name"),
                                  TextWithin(request, "user", "name"), TextIn(request, "parent")}) {
    if (!name.empty()) return name;
  }
  return "";
}

std::string NamedResource(const Message& request) {
  std::string name = NameIn(request);
  if (const std::string run = TextIn(request, "run_id"); !run.empty()) name = RunName(run);
  if (const std::string user = TextIn(request, "user_id"); !user.empty()) name = UserName(user);
  return IsResourceName(name) ? name : "";
}

std::string RequestIdOf(const Message& request) {
  std::string id = TextIn(request, "request_id");
  return IsUuid(id) ? id : "";
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

}  // namespace sumscope::rpc
