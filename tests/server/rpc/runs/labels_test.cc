#include "server/rpc/runs/labels.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

TEST(ValidateLabels_Test, KeysAndValuesHaveBounds) {
  const auto reason = [](const std::string& key, const std::string& value) {
    google::protobuf::Map<std::string, std::string> labels;
    labels[key] = value;
    return ErrorReason(ValidateLabels(labels));
  };
  EXPECT_EQ(reason("purpose_1-a", "any text at all"), "");
  EXPECT_EQ(reason("", "x"), "LABEL_KEY_INVALID");
  EXPECT_EQ(reason("Upper", "x"), "LABEL_KEY_INVALID");
  EXPECT_EQ(reason(std::string(64, 'a'), "x"), "LABEL_KEY_INVALID");
  EXPECT_EQ(reason("a", std::string(256, 'x')), "LABEL_VALUE_INVALID");
  // A label with a line break or a terminal's escape was taken, and broke every list that showed it.
  for (const char* value : {"a\nb", "\x1b[31m", "\t", "\x7f"}) EXPECT_EQ(reason("a", value), "LABEL_VALUE_INVALID");
}

}  // namespace
}  // namespace sumscope::rpc
