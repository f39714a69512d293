#include "proto/contract/models/sweep_members.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

using Fields = google::protobuf::RepeatedPtrField<v1::SweepField>;

absl::Status SweepEmpty(absl::string_view field, absl::string_view message) {
  return InvalidField("SWEEP_EMPTY", field, message);
}

absl::Status SweepTooLarge(absl::string_view what) {
  return InvalidField("SWEEP_TOO_LARGE", "fields",
                      absl::StrCat(what, " more than ", limits::kMaxSweepRuns, " runs; make several sweeps of it"));
}

std::string FieldPath(int index, absl::string_view part) { return absl::StrCat("fields[", index, "].", part); }

// `status` with its reason and details, and with who is meant before its text.
absl::Status Named(const std::string& member, const absl::Status& status) {
  absl::Status named(status.code(), absl::StrCat("the member ", Quote(member), ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

// That each value is one of its field, and none comes twice.
absl::Status CheckValues(const v1::TrainSpec& base, const Fields& fields) {
  std::set<std::string> names;
  for (int i = 0; i < fields.size(); ++i) {
    const v1::SweepField& field = fields[i];
    if (!names.insert(field.field()).second) {
      return InvalidField("FIELD_TWICE", FieldPath(i, "field"),
                          absl::StrCat(Quote(field.field()), " comes twice; list all of its values once"));
    }
    if (field.values().empty()) {
      return SweepEmpty(FieldPath(i, "values"),
                        absl::StrCat(Quote(field.field()), " has no values, so no run is left"));
    }
    std::set<std::string> specs;
    for (const std::string& value : field.values()) {
      v1::TrainSpec spec = base;
      SUMSCOPE_RETURN_IF_ERROR(SetSpecField(field.field(), value, &spec));
      if (!specs.insert(spec.SerializeAsString()).second) {
        return InvalidField(
            "VALUE_TWICE", FieldPath(i, "values"),
            absl::StrCat(field.field(), " has the value ", Quote(value), " twice, which would be the same run twice"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCount(const Fields& fields) {
  if (fields.empty()) {
    return SweepEmpty("fields", "a sweep needs a field and its values, such as seed with 1, 2 and 3");
  }
  uint64_t runs = 1;
  for (const v1::SweepField& field : fields) {
    runs *= static_cast<uint64_t>(field.values_size());
    if (runs > limits::kMaxSweepRuns) return SweepTooLarge("the combinations of all values are");
  }
  return absl::OkStatus();
}

// The fields from the one that changes last to the one that changes first.
std::vector<const v1::SweepField*> InOrder(const Fields& fields) {
  std::vector<const v1::SweepField*> ordered;
  for (const v1::SweepField& field : fields) ordered.push_back(&field);
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const v1::SweepField* field) { return field->field() != "seed"; });
  return ordered;
}

absl::StatusOr<SweepMember> MemberAt(const v1::TrainSpec& base, const std::vector<const v1::SweepField*>& fields,
                                     const std::vector<int>& at) {
  SweepMember member;
  member.spec = base;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string& value = fields[i]->values(at[i]);
    SUMSCOPE_RETURN_IF_ERROR(SetSpecField(fields[i]->field(), value, &member.spec));
    absl::StrAppend(&member.text, i == 0 ? "" : ", ", fields[i]->field(), "=", value);
  }
  const absl::Status valid = ValidateSpec(member.spec);
  if (!valid.ok()) return Named(member.text, valid);
  return member;
}

bool ParseNumber(absl::string_view text, uint64_t* number) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit) && absl::SimpleAtoi(text, number);
}

}  // namespace

absl::StatusOr<std::vector<SweepMember>> SweepMembers(const v1::TrainSpec& base, const Fields& fields) {
  SUMSCOPE_RETURN_IF_ERROR(CheckCount(fields));
  SUMSCOPE_RETURN_IF_ERROR(CheckValues(base, fields));
  const std::vector<const v1::SweepField*> ordered = InOrder(fields);
  std::vector<SweepMember> members;
  std::vector<int> at(ordered.size(), 0);
  for (;;) {
    SUMSCOPE_ASSIGN_OR_RETURN(SweepMember member, MemberAt(base, ordered, at));
    members.push_back(std::move(member));
    size_t i = ordered.size();
    while (i > 0 && ++at[i - 1] == ordered[i - 1]->values_size()) at[--i] = 0;
    if (i == 0) return members;
  }
}

absl::StatusOr<std::vector<std::string>> ParseSweepValues(absl::string_view field, absl::string_view text) {
  std::vector<std::string> values;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    if (part.empty()) {
      return SweepEmpty(field, absl::StrCat(field, "=", text, " has an empty value; expected such as 1..8 or 96,128"));
    }
    const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(part, absl::MaxSplits("..", 1));
    uint64_t first = 0, last = 0;
    if (!ParseNumber(ends.first, &first) || !ParseNumber(ends.second, &last)) {
      values.emplace_back(part);
    } else if (first > last) {
      return SweepEmpty(field,
                        absl::StrCat("the range ", part, " of ", field, " runs backwards; write ", last, "..", first));
    } else if (last - first >= limits::kMaxSweepRuns) {
      return SweepTooLarge(absl::StrCat("the values ", part, " of ", field, " make"));
    } else {
      for (uint64_t i = 0; i <= last - first; ++i) values.push_back(absl::StrCat(first + i));
    }
    if (values.size() > limits::kMaxSweepRuns) return SweepTooLarge(absl::StrCat("the values of ", field, " make"));
  }
  return values;
}

}  // namespace sumscope
