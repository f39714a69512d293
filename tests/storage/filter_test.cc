#include "storage/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::storage {
namespace {

using Kind = FilterNode::Kind;

TEST(ParseFilter_Test, OrBindsTighterThanAnd) {
  const auto node = ParseFilter("a = 1 AND b = 2 OR c = 3");
  ASSERT_TRUE(node.ok() && node->has_value()) << node.status();
  EXPECT_EQ((*node)->kind, Kind::kAnd);
  ASSERT_EQ((*node)->children.size(), 2u);
  EXPECT_EQ((*node)->children[1].kind, Kind::kOr);
}

TEST(ParseFilter_Test, BlankIsNoFilterAndNotNests) {
  EXPECT_FALSE(ParseFilter("  ")->has_value());
  const auto node = ParseFilter("NOT (a.b >= \"x \\\" y\")");
  ASSERT_TRUE(node.ok() && node->has_value()) << node.status();
  EXPECT_EQ((*node)->kind, Kind::kNot);
  const FilterNode& comparison = (*node)->children[0];
  EXPECT_EQ(comparison.field, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(comparison.op, FilterOperator::kGreaterEqual);
  EXPECT_EQ(comparison.value.text, "x \" y");
  EXPECT_EQ(comparison.column, 6u);
}

TEST(ParseFilter_Test, GarbageAndExcessAreRefused) {
  for (const std::string& filter :
       {std::string("="), std::string("a"), std::string("a = "), std::string("a = 1 AND"), std::string("(a = 1"),
        std::string("a = 1)"), std::string("a = \"open"), std::string(limits::kMaxFilterLength + 1, 'a'),
        std::string(1000, '(') + "a = 1" + std::string(1000, ')')}) {
    EXPECT_EQ(ErrorReason(ParseFilter(filter).status()), "FILTER_INVALID") << filter.substr(0, 40);
  }
}

// A client put a condition of its own behind `node = "P8L0H1`, and the error was in that: column 37, never typed.
TEST(ParseFilter_Test, WhenAStringEndsBeforeAWordThenTheErrorIsWhereItStarts) {
  for (const char* filter : {"node = \"P8L0H1 AND NOT kind = \"Fail%\"", "node = \"P8\"L0H1", "node = 'it's' AND a = 1",
                             "a = \"1\"\"2\"", "a = \"1\"=2"}) {
    const absl::Status refused = ParseFilter(filter).status();
    EXPECT_EQ(ErrorReason(refused), "FILTER_INVALID") << filter;
    const size_t column = std::string(filter).find_first_of("\"'") + 1;
    EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("column " + std::to_string(column) + ":"));
    EXPECT_THAT(std::string(refused.message()), testing::Not(testing::HasSubstr("Fail")));
  }
  for (const char* filter : {"a = \"1\" b = 2", "(a = \"1\")", "a = \"1\"", "\"a\".\"b\" = '1'\tOR b = ''"}) {
    EXPECT_TRUE(ParseFilter(filter).ok()) << filter;
  }
}

TEST(ParseFilter_Test, EveryShortTextOfItsAlphabetEndsInAnAnswer) {
  const std::string alphabet = "a=(\"-:* ";
  std::string text;
  for (int i = 0; i < 8 * 8 * 8 * 8 * 8; ++i) {
    text.clear();
    for (int rest = i, length = 0; length < 5; ++length, rest /= 8) text += alphabet[rest % 8];
    (void)ParseFilter(text);  // no crash, no endless loop
  }
}

}  // namespace
}  // namespace sumscope::storage
