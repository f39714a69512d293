#include "proto/contract/text/token_seal.h"

#include <gtest/gtest.h>

namespace sumscope {
namespace {

TEST(TokenSeal_Test, TextIsSealedThenItsKeyAndPurposeAloneOpenIt) {
  const TokenSeal seal(std::string(TokenSeal::kKeySize, 'k'));
  for (const std::string& text : {std::string(), std::string("12"), std::string("a\0b", 3), std::string(500, 'x')}) {
    const std::string token = seal.Seal("pages", text);
    EXPECT_EQ(seal.Open("pages", token), text);
    EXPECT_EQ(token, seal.Seal("pages", text));
    EXPECT_EQ(seal.Open("page", token), std::nullopt);
    EXPECT_EQ(TokenSeal::Random().Open("pages", token), std::nullopt);
    EXPECT_EQ(TokenSeal(std::string(TokenSeal::kKeySize, 'l')).Open("pages", token), std::nullopt);
    if (text.size() > 3) {
      EXPECT_EQ(token.find(text.substr(0, 3)), std::string::npos);
    }
  }
}

// Nobody moves the border between purpose and text.
TEST(TokenSeal_Test, PurposeEndsElsewhereThenTheTokenIsAnother) {
  const TokenSeal seal("key");
  EXPECT_EQ(seal.Open("ab", seal.Seal("a", "bc")), std::nullopt);
  EXPECT_NE(seal.Seal("a", "bc").substr(0, 16), seal.Seal("ab", "c").substr(0, 16));
}

TEST(TokenSeal_Test, AnyChangeThenItDoesNotOpen) {
  const TokenSeal seal("key");
  const std::string token = seal.Seal("pages", "r7k2m9qa\ni42");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(seal.Open("pages", changed), std::nullopt) << i;
    EXPECT_EQ(seal.Open("pages", token.substr(0, i)), std::nullopt) << i;
  }
  for (const char* end : {"=", "==", " ", "\n", "A"}) EXPECT_EQ(seal.Open("pages", token + end), std::nullopt) << end;
}

}  // namespace
}  // namespace sumscope
