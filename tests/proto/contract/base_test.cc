#include <regex>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/sha256.h"
#include "proto/contract/text/utf8.h"

namespace sumscope {
namespace {

TEST(Clock_Test, AskedTwiceThenMonotonicNeverGoesBack) {
  const absl::Duration first = Clock::Real()->Monotonic();
  EXPECT_GE(Clock::Real()->Monotonic(), first);
  EXPECT_GT(Clock::Real()->Now(), absl::FromUnixSeconds(1'600'000'000));
}

TEST(Sha256_Test, PublishedVectorThenPublishedDigest) {  // FIPS 180-4 examples
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256_Test, FedInPiecesThenSameDigest) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(hash.HexDigest(), Sha256Hex("abc"));
}

TEST(IdSource_Test, ManyIdsThenAllOfTheAlphabetAndDifferent) {
  const std::regex shape("r[0-9a-hjkmnp-tv-z]{7}");
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = IdSource::Real()->NewId('r');
    EXPECT_TRUE(std::regex_match(id, shape)) << id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(IdSource_Test, UuidThenVersionFourAndVariant) {
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::string uuid = IdSource::Real()->NewUuid();
  EXPECT_TRUE(std::regex_match(uuid, shape)) << uuid;
  EXPECT_NE(uuid, IdSource::Real()->NewUuid());
}

TEST(IdSource_Test, SecretThenThirtyTwoBytesOfBase64UrlAndDifferent) {
  const std::regex shape("[A-Za-z0-9_-]{43}");
  const std::string secret = IdSource::Real()->NewSecret();
  EXPECT_TRUE(std::regex_match(secret, shape)) << secret;
  EXPECT_NE(secret, IdSource::Real()->NewSecret());
}

TEST(Quote_Test, ControlCharactersAndQuotesThenEscaped) {
  EXPECT_EQ(Quote("P14L0H1"), R"("P14L0H1")");
  EXPECT_EQ(Quote(""), R"("")");
  EXPECT_EQ(Quote("a\nb\t\"c\\\x1b[31m\x7f"), R"("a\nb\t\"c\\\x1b[31m\x7f")");
  EXPECT_EQ(Quote(std::string("\0", 1)), R"("\x00")");
  EXPECT_EQ(Quote("\xff\xc3("), R"("??(")");
}

// A name of 300 kB was echoed whole: trailers of that size reach no client.
TEST(Quote_Test, LongTextThenShortened) {
  EXPECT_LE(Quote(std::string(300'000, 'x')).size(), kMaxQuotedBytes + 2);
  EXPECT_LE(Quote(std::string(300'000, '\xff')).size(), kMaxQuotedBytes + 2);
}

TEST(HasControlCharacter_Test, AnyThenTrue) {
  EXPECT_FALSE(HasControlCharacter("plain text, \xc3\xa4"));
  for (const char* text : {"a\nb", "\t", "\x1b[31m", "\x7f"}) EXPECT_TRUE(HasControlCharacter(text)) << text;
  EXPECT_TRUE(HasControlCharacter(absl::string_view("\0", 1)));
}

TEST(Nearest_Test, HostileNameThenAnAnswerAllTheSame) {
  EXPECT_EQ(Nearest(std::string(4 << 20, 'x'), {"steps"}), "");
  EXPECT_EQ(Nearest(std::string(4 << 20, 'x'), {std::string(100, 'x')}), std::string(100, 'x'));
}

TEST(Nearest_Test, MostLettersInOrderThenTheNearestOfThem) {
  EXPECT_EQ(Nearest("d_modle", {"d_mlp", "d_model", "d_head"}), "d_model");
  EXPECT_EQ(Nearest("STEPS", {"seed", "steps"}), "steps");
  EXPECT_EQ(Nearest("--wacth", {"--watch", "--wait"}), "--watch");
  EXPECT_EQ(Nearest("wacth", {"--watch"}), "--watch");
}

// "training_steps" was answered with "learning_rate", whose letters are as many.
TEST(Nearest_Test, OneHoldsTheOtherThenItIsNear) {
  EXPECT_EQ(Nearest("training_steps", {"learning_rate", "steps"}), "steps");
  EXPECT_EQ(Nearest("batch", {"beta1", "batch_size"}), "batch_size");
  EXPECT_EQ(Nearest("xseedx", {"sed", "d"}), "") << "too short to tell";
}

// "training_step" was still answered with "learning_rate".
TEST(Nearest_Test, EachPartOfOneIsLikeOneOfTheOtherThenItIsNear) {
  EXPECT_EQ(Nearest("training_step", {"learning_rate", "steps"}), "steps");
  EXPECT_EQ(Nearest("size-batch", {"beta1", "batch_size"}), "batch_size");
  EXPECT_EQ(Nearest("hook_zz", {"hook_embed", "blocks.0.attn.hook_z"}), "");
  EXPECT_EQ(Nearest("attn.0.hook_z", {"blocks.0.hook_mlp_out", "blocks.0.attn.hook_z"}), "blocks.0.attn.hook_z");
  EXPECT_EQ(Nearest("d", {"d_model", "d_head"}), "") << "too short to tell";
}

// Three of five letters in common were enough, whatever stood between them.
TEST(Nearest_Test, AThirdOfTheLettersIsWrongThenItIsNear) {
  EXPECT_EQ(Nearest("learnign_rat", {"learning_rate"}), "learning_rate");
  EXPECT_EQ(Nearest("training_step", {"learning_rate"}), "");
  EXPECT_EQ(Nearest("abxdyf", {"abcdef"}), "abcdef");
  EXPECT_EQ(Nearest("axxdyf", {"abcdef"}), "");
}

// Something was suggested for whatever was typed.
TEST(Nearest_Test, NothingIsLikeItThenNone) {
  EXPECT_EQ(Nearest("checkpoints", {"n_digits", "learning_rate"}), "");
  EXPECT_EQ(Nearest("", {"steps"}), "");
  EXPECT_EQ(Nearest("steps", {}), "");
}

TEST(DidYouMean_Test, NothingIsLikeItThenWhichThereAre) {
  EXPECT_EQ(DidYouMean("step", {"steps", "seed"}), "did you mean \"steps\"?");
  EXPECT_EQ(DidYouMean("colour", {"steps", "seed"}), "there are steps, seed");
  EXPECT_EQ(DidYouMean("colour", {}), "there are none");
  const std::string many = DidYouMean("colour", std::vector<std::string>(1000, "steps"));
  EXPECT_LT(many.size(), 1000u);
  EXPECT_THAT(many, testing::EndsWith(" more"));
}

TEST(ReplaceInvalidUtf8_Test, WellFormedThenUnchanged) {
  for (const char* text : {"", "plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf"}) {
    EXPECT_EQ(ReplaceInvalidUtf8(text), text);
  }
}

TEST(ReplaceInvalidUtf8_Test, IllFormedThenEachBadByteIsAQuestionMark) {
  EXPECT_EQ(ReplaceInvalidUtf8("a\xff"
                               "b"),
            "a?b");
  EXPECT_EQ(ReplaceInvalidUtf8("\xe2\x82"), "??");            // cut short
  EXPECT_EQ(ReplaceInvalidUtf8("\xc0\xaf"), "??");            // over-long
  EXPECT_EQ(ReplaceInvalidUtf8("\xe0\x80\x80"), "???");       // over-long
  EXPECT_EQ(ReplaceInvalidUtf8("\xed\xa0\x80"), "???");       // surrogate
  EXPECT_EQ(ReplaceInvalidUtf8("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(ReplaceInvalidUtf8("\xf0\x8f\xbf\xbf"), "????");
}

TEST(ShortenUtf8_Test, LongTextThenBeginAndEndWithoutABrokenCharacter) {
  EXPECT_EQ(ShortenUtf8("short", 20), "short");
  EXPECT_EQ(ShortenUtf8("abcdefghijklmnopqrstuvwxyz", 20), "abcdefghij ... vwxyz");
  std::string accents;
  for (int i = 0; i < 50; ++i) accents += "\u00e9";
  for (size_t maximum = 20; maximum < 30; ++maximum) {
    const std::string shortened = ShortenUtf8(accents, maximum);
    EXPECT_LE(shortened.size(), maximum);
    EXPECT_EQ(ReplaceInvalidUtf8(shortened), shortened);
    EXPECT_EQ(shortened.find('?'), std::string::npos);
  }
}

}  // namespace
}  // namespace sumscope
