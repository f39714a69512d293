// The authors' names of models. What is taken names a spec whose own name is read as the same spec.
#include "proto/contract/models/model_names.h"

#include <string>

#include "absl/strings/match.h"
#include "proto/contract/models/complete_spec.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {

Corpus CorpusOfTarget() {
  return {{"add_d5_l1_h3_t15K_s372001", "sub_d2_l2_h4", "mul_d20_l8_h16_t0.5K", "mix_d10_l3_h4_gf",
           "ins1_mix_d6_l3_h4_t40K_gf_s372001", "ins4_mas_d5_l2_h3_t10000K_s18446744073709551615",
           "mas_d4_l1_h1_t0.001K_s0"},
          {"_", "add", "ins2_", "_d", "_l", "_h", "_t", "K", "_gf", "_s", ".", "0", "*", "4294967295K", ".001K"}};
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  const auto parsed = ParseModelName(fuzz::Input(data, size).Rest());
  if (!parsed.ok()) {
    fuzz::RequireToldWell(parsed.status());
    return 0;
  }
  const v1::TrainSpec spec = CompleteSpec(*parsed);
  if (const absl::Status valid = ValidateSpec(spec); !valid.ok()) fuzz::RequireToldWell(valid);
  const std::string name = ModelName(spec);
  fuzz::Require(!absl::EndsWith(name, "*"), "a name says all that it set");
  const auto again = ParseModelName(name);
  fuzz::Require(again.ok(), "a spec's name is taken: " + name);
  fuzz::RequireEqual(CompleteSpec(*again).DebugString(), spec.DebugString(), "a spec's name is read as the same spec");
  return 0;
}
