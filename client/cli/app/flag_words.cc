#include "client/cli/app/flag_words.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/rpc/error_details.pb.h"

namespace sumscope::client {
namespace {

// Fields whose name says enough wherever it stands, by their last part.
const std::map<absl::string_view, const char*>& UnmistakableFields() {
  static const auto* const kFields =
      new std::map<absl::string_view, const char*>{{"worst_count", "--worst"},
                                                   {"per_cell", "--per-cell"},
                                                   {"held_out", "--held-out"},
                                                   {"node_sets", "--nodes"},
                                                   {"patch_from", "--patch-from"},
                                                   {"patch_nodes", "--nodes"},
                                                   {"head_pairs", "--head-pairs"},
                                                   {"all_rows", "--all-rows"},
                                                   {"per_question", "--per-question"},
                                                   {"with_scores", "--scores"},
                                                   {"learnt_below", "--learnt-below"},
                                                   {"order_by", "--sort-by"},
                                                   {"run_id", "--run-id"},
                                                   {"like_model_name", "--like"},
                                                   {"page_size", "--limit"},
                                                   {"lifetime_days", "--days"},
                                                   {"local_uids", "--uid"},
                                                   {"certificate_names", "--certificate-name"}};
  return *kFields;
}

// Fields whose name is a common word: only the one that the error is about, at the message's beginning.
const std::map<absl::string_view, const char*>& CommonFields() {
  static const auto* const kFields = new std::map<absl::string_view, const char*>{
      {"window", "--window"}, {"penalty", "--penalty"}, {"components", "--components"},
      {"digit", "--digit"},   {"l2", "--l2"},           {"filter", "--filter"}};
  return *kFields;
}

std::string FieldOf(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  google::rpc::BadRequest request;
  if (!payload || !request.ParseFromString(std::string(*payload)) || request.field_violations().empty()) return "";
  return request.field_violations(0).field();
}

absl::string_view LastPart(absl::string_view field) { return field.substr(field.rfind('.') + 1); }

std::string FlagOf(absl::string_view word, absl::string_view field, bool first) {
  const absl::string_view whole = absl::StripSuffix(word, ".");  // of a sentence
  const absl::string_view end = word.substr(whole.size());
  if (field == "request.capture.components" && whole == "components") return absl::StrCat("--reduce components", end);
  if (whole == "question_set.operation") return absl::StrCat("--operation", end);
  if (whole == "question_set.seed") return absl::StrCat("--question-seed", end);
  // The field itself, with as much of its path as the message says; what holds the questions is the set.
  const bool is_field = whole == field || absl::EndsWith(field, absl::StrCat(".", whole));
  const bool is_set = LastPart(whole) == "questions" || LastPart(whole) == "pairs";
  if (first && absl::StartsWith(field, "question_set.") && is_field && !is_set) {
    return absl::StrCat("--questions: ", LastPart(whole), end);
  }
  if (whole == "question_set" || absl::StartsWith(whole, "question_set.")) return absl::StrCat("--questions", end);
  const auto unmistakable = UnmistakableFields().find(LastPart(whole));
  if (unmistakable != UnmistakableFields().end()) return absl::StrCat(unmistakable->second, end);
  const auto common = CommonFields().find(LastPart(whole));
  const bool its_field = LastPart(field) == LastPart(whole) && (first || whole == field);
  if (common != CommonFields().end() && its_field) return absl::StrCat(common->second, end);
  return std::string(word);
}

bool InWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_.[]", absl::string_view(&c, 1));
}

}  // namespace

std::string MessageInFlags(const absl::Status& status) {
  const std::string field = FieldOf(status);
  if (field.empty()) return std::string(status.message());
  std::string message;
  bool quoted = false;
  for (absl::string_view rest = status.message(); !rest.empty();) {
    size_t length = 0;
    while (length < rest.size() && InWord(rest[length])) ++length;
    if (length > 0 && !quoted) {
      absl::StrAppend(&message, FlagOf(rest.substr(0, length), field, message.empty()));
    } else {
      if (length == 0 && rest[0] == '"') quoted = !quoted;
      length = length == 0 ? 1 : length;
      if (quoted && rest[0] == '\\' && rest.size() > 1) length = 2;  // of Quote: a quote that ends nothing
      absl::StrAppend(&message, rest.substr(0, length));
    }
    rest.remove_prefix(length);
  }
  return message;
}

}  // namespace sumscope::client
