#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_SWEEP_MEMBERS_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_SWEEP_MEMBERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "sumscope/v1/spec.pb.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope {

// One run of a sweep.
struct SweepMember {
  v1::TrainSpec spec;  // complete and valid
  std::string text;    // what it has of its own, for people: "d_model=96, seed=3"
};

// Every combination of the fields' values upon `base`, a complete spec: seeds change first, then the last field, then
// the one before. INVALID_ARGUMENT SWEEP_EMPTY without a field, or with one without values; SWEEP_TOO_LARGE above
// limits::kMaxSweepRuns; FIELD_TWICE; VALUE_TWICE of a value that comes again in its field; UNKNOWN_FIELD and
// FIELD_TYPE, as SetSpecField; and what ValidateSpec says of a member, which the text names. All or nothing.
absl::StatusOr<std::vector<SweepMember>> SweepMembers(const v1::TrainSpec& base,
                                                      const google::protobuf::RepeatedPtrField<v1::SweepField>& fields);

// The values that a text such as "1..8", "96,128" or "1..3,7" lists. INVALID_ARGUMENT SWEEP_EMPTY of an empty text, an
// empty part of it or a range that runs backwards; SWEEP_TOO_LARGE.
absl::StatusOr<std::vector<std::string>> ParseSweepValues(absl::string_view field, absl::string_view text);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_SWEEP_MEMBERS_H_
