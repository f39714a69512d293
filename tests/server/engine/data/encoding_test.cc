#include "server/engine/data/encoding.h"

#include <gtest/gtest.h>

#include "server/engine/runtime/error.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

TEST(Encoding_Test, GivenThePlainFormatThenShapesAndNamesArePaper1s) {
  const Encoding encoding(5, Format::kPlain);
  EXPECT_EQ(encoding.n_ctx(), 18);
  EXPECT_EQ(encoding.d_vocab(), 12);
  EXPECT_EQ(encoding.first_answer_row(), 11);
  EXPECT_EQ(encoding.digit_names(), (std::vector<std::string>{"A5", "A4", "A3", "A2", "A1", "A0"}));
  EXPECT_EQ(encoding.answer_index(0), 5);
}

TEST(Encoding_Test, GivenTheSignedFormatThenShapesAndNamesArePaper2s) {
  const Encoding encoding(3, Format::kSigned);
  EXPECT_EQ(encoding.n_ctx(), 13);
  EXPECT_EQ(encoding.d_vocab(), 15);
  EXPECT_EQ(encoding.digit_names(), (std::vector<std::string>{"SGN", "A3", "A2", "A1", "A0"}));
}

// tests/oracles/parity: the text of each file's questions beside its tokens, equal without tolerance.
TEST(Encoding_Test, GivenTheOraclesTextThenTheOraclesTokens) {
  for (const char* name : {"plain_n3_l1_h2", "signed_n5_l2_h3", "signed_n4_l3_h4"}) {
    const testing::OracleTensors oracle(std::string("parity/") + name + ".safetensors");
    const auto spec = nlohmann::json::parse(oracle.metadata().at("spec").get<std::string>());
    const Encoding encoding(spec.at("n"), spec.at("fmt") == "plain" ? Format::kPlain : Format::kSigned);
    Questions questions;
    for (const std::string text : spec.at("text")) questions.push_back(ParseQuestion(text, encoding.n_digits()));
    const torch::Tensor tokens = encoding.Encode(questions);
    EXPECT_TRUE(torch::equal(tokens, oracle.At("tokens"))) << name;
    for (int64_t q = 0; q < tokens.size(0); ++q) {
      EXPECT_EQ(encoding.Text(tokens[q].data_ptr<int64_t>(), encoding.n_ctx()), spec.at("text")[q]);
    }
  }
}

TEST(Encoding_Test, GivenEverySymbolThenTokenAndSymbolAreInverse) {
  const std::string symbols = "0123456789+-=*\\";
  const Encoding encoding(2, Format::kSigned);
  for (size_t i = 0; i < symbols.size(); ++i) {
    EXPECT_EQ(encoding.TokenOf(symbols[i]), static_cast<int>(i));
    EXPECT_EQ(encoding.SymbolOf(static_cast<int64_t>(i)), symbols[i]);
  }
  EXPECT_THROW(encoding.TokenOf('x'), Error);
}

TEST(Encoding_Test, GivenASubtractionInThePlainFormatThenItNeedsASign) {
  try {
    Encoding(3, Format::kPlain).Encode({ParseQuestion("3-1", 3)});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason, "FORMAT_NEEDS_SIGN");
  }
}

}  // namespace
}  // namespace sumscope::engine
