#include "server/rpc/runs/labels.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/quote.h"

namespace sumscope::rpc {

absl::Status ValidateLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  if (labels.size() > limits::kMaxLabels) {
    return InvalidField("TOO_MANY_LABELS", "labels", absl::StrCat("a run has at most ", limits::kMaxLabels, " labels"));
  }
  for (const auto& [key, value] : labels) {
    const bool plain = key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
    if (key.empty() || key.size() > limits::kMaxLabelKeyLength || !plain) {
      return InvalidField("LABEL_KEY_INVALID", "labels",
                          absl::StrCat("a label's key has 1 to ", limits::kMaxLabelKeyLength,
                                       " of the characters a-z, 0-9, '_' and '-'"));
    }
    if (value.size() > limits::kMaxLabelValueLength || HasControlCharacter(value)) {
      return InvalidField("LABEL_VALUE_INVALID", absl::StrCat("labels.", key),
                          absl::StrCat("a label's value has at most ", limits::kMaxLabelValueLength,
                                       " bytes and no control characters, not ", Quote(value)));
    }
  }
  return absl::OkStatus();
}

}  // namespace sumscope::rpc
