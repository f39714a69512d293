#include "proto/contract/safetensors/safetensors.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/contract/limits.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

std::string LengthField(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

// A file of this JSON header and this many bytes of data, parsed.
absl::StatusOr<SafetensorsHeader> Parse(const std::string& json, uint64_t data_bytes) {
  return ParseSafetensorsHeader(LengthField(json.size()) + json, 8 + json.size() + data_bytes);
}

std::string Tensor(const std::string& name, const std::string& shape, const std::string& offsets,
                   const std::string& dtype = "F32") {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"", dtype, "\",\"shape\":", shape, ",\"data_offsets\":", offsets,
                      "}");
}

TEST(Safetensors_Test, PrefixIsMadeThenParsesBack) {
  const std::vector<SafetensorsTensor> tensors = {
      {"b \"quoted\"", "F32", {2, 3}, 0, 0}, {"scalar", "F64", {}, 0, 0}, {"empty", "I64", {0, 5}, 0, 0}};
  const std::string prefix = MakeSafetensorsPrefix(tensors, {{"run", "runs/r1"}, {"a", "b"}});
  EXPECT_EQ(prefix.size() % 8, 0u);
  EXPECT_EQ(prefix, MakeSafetensorsPrefix(tensors, {{"a", "b"}, {"run", "runs/r1"}}));
  EXPECT_EQ(SafetensorsPrefixBytes(prefix.substr(0, 8), prefix.size() + 32).value(), prefix.size());
  const auto header = ParseSafetensorsHeader(prefix, prefix.size() + 32);
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->data_offset, prefix.size());
  EXPECT_EQ(header->metadata.at("run"), "runs/r1");
  ASSERT_EQ(header->tensors.size(), 3u);
  EXPECT_EQ(header->tensors[0].name, "b \"quoted\"");
  EXPECT_EQ(header->tensors[0].shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(header->tensors[0].end, 24u);
  EXPECT_EQ(header->tensors[1].dtype, "F64");
  EXPECT_EQ(header->tensors[1].end, 32u);
  EXPECT_EQ(header->tensors[2].begin, 32u);
  EXPECT_EQ(header->tensors[2].end, 32u);
}

TEST(Safetensors_Test, NoTensorsThenEmptyHeader) {
  EXPECT_THAT(Parse("{}", 0), IsOk());
  const std::string prefix = MakeSafetensorsPrefix({}, {});
  EXPECT_THAT(ParseSafetensorsHeader(prefix, prefix.size()), IsOk());
}

TEST(Safetensors_Test, ForeignOrderAndSpacesThenTensorsByBegin) {
  const auto header = Parse(" {" + Tensor("b", "[1]", "[4, 8]") + " , " + Tensor("a", "[1]", "[0, 4]") + "}   ", 8);
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->tensors[0].name, "a");
  EXPECT_EQ(header->tensors[1].name, "b");
}

TEST(Safetensors_Test, FileEndsEarlyThenTruncated) {
  const std::string json = "{" + Tensor("a", "[2]", "[0,8]") + "}";
  const std::string file = LengthField(json.size()) + json;
  for (size_t bytes = 0; bytes < file.size(); ++bytes) {
    EXPECT_THAT(ParseSafetensorsHeader(file.substr(0, bytes), bytes), IsInvalid("SAFETENSORS_TRUNCATED"));
  }
  EXPECT_THAT(Parse(json, 7), IsInvalid("SAFETENSORS_TRUNCATED"));
  EXPECT_THAT(ParseSafetensorsHeader(file.substr(0, 20), file.size() + 8), IsInvalid("SAFETENSORS_TRUNCATED"));
  EXPECT_THAT(Parse(json, 8), IsOk());
}

TEST(Safetensors_Test, HeaderLengthIsOverTheLimitThenTooLarge) {
  for (const uint64_t length : {uint64_t{limits::kMaxSafetensorsHeaderBytes} + 1, UINT64_MAX, UINT64_MAX - 7}) {
    EXPECT_THAT(SafetensorsPrefixBytes(LengthField(length), UINT64_MAX), IsInvalid("SAFETENSORS_HEADER_TOO_LARGE"));
  }
  EXPECT_THAT(SafetensorsPrefixBytes(LengthField(limits::kMaxSafetensorsHeaderBytes), 1000),
              IsInvalid("SAFETENSORS_TRUNCATED"));
  EXPECT_THAT(SafetensorsPrefixBytes(LengthField(limits::kMaxSafetensorsHeaderBytes), UINT64_MAX), IsOk());
}

TEST(Safetensors_Test, HeaderIsWrongJsonThenInvalid) {
  const std::string good = Tensor("a", "[1]", "[0,4]");
  for (const std::string& json : {
           std::string(),
           std::string("null"),
           std::string("[]"),
           std::string("7"),
           std::string("{"),
           std::string("{\"a\":"),
           std::string("{} {}"),
           std::string("{\"a\":1}"),
           std::string("{\"a\":null}"),
           std::string("{\"a\":[]}"),
           std::string("{\"a\":{}}"),
           "{" + good + ",}",
           "{" + good + "}x",
           "{" + good + "," + good + "}",  // a key twice
           std::string("{\"__metadata__\":{},\"__metadata__\":{}}"),
           std::string("{\"__metadata__\":{\"a\":1}}"),
           std::string("{\"__metadata__\":{\"a\":{}}}"),
           std::string("{\"__metadata__\":[]}"),
           std::string("{\"__metadata__\":{\"a\":\"b\",\"a\":\"b\"}}"),
           std::string("{\"\xff\":{}}"),
           std::string("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"),
           std::string("{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}"),
           std::string("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}"),
           std::string("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\"x\"}}"),
           std::string("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}"),
           std::string("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"extra\":1}}"),
           "{" + Tensor("a", "[-1]", "[0,4]") + "}",
           "{" + Tensor("a", "[1.0]", "[0,4]") + "}",
           "{" + Tensor("a", "[1e0]", "[0,4]") + "}",
           "{" + Tensor("a", "[\"1\"]", "[0,4]") + "}",
           "{" + Tensor("a", "[[1]]", "[0,4]") + "}",
           "{" + Tensor("a", "[true]", "[0,4]") + "}",
           "{" + Tensor("a", "[18446744073709551616]", "[0,4]") + "}",
           "{" + Tensor("a", "[1]", "[-4,0]") + "}",
           "{" + Tensor("a", "[1]", "[0]") + "}",
           "{" + Tensor("a", "[1]", "[0,4,8]") + "}",
           "{" + Tensor("a", "[1]", "[0,1e400]") + "}",
       }) {
    EXPECT_THAT(Parse(json, 4), IsInvalid("SAFETENSORS_HEADER_INVALID")) << json;
  }
}

TEST(Safetensors_Test, NestedAMillionDeepThenInvalidWithoutOverflow) {
  const std::string arrays(1'000'000, '[');
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(Parse(arrays, 0), IsInvalid("SAFETENSORS_HEADER_INVALID"));
  EXPECT_THAT(Parse(objects, 0), IsInvalid("SAFETENSORS_HEADER_INVALID"));
  EXPECT_THAT(Parse("{\"a\":{\"shape\":" + arrays, 0), IsInvalid("SAFETENSORS_HEADER_INVALID"));
  EXPECT_THAT(Parse("{\"__metadata__\":" + objects, 0), IsInvalid("SAFETENSORS_HEADER_INVALID"));
}

TEST(Safetensors_Test, ShapeHasAThousandDimensionsThenInvalid) {
  std::string shape = "[1";
  for (int i = 0; i < 1000; ++i) shape += ",1";
  EXPECT_THAT(Parse("{" + Tensor("a", shape + "]", "[0,4]") + "}", 4), IsInvalid("SAFETENSORS_HEADER_INVALID"));
}

TEST(Safetensors_Test, TensorsShareBytesThenOverlap) {
  EXPECT_THAT(Parse("{" + Tensor("a", "[2]", "[0,8]") + "," + Tensor("b", "[2]", "[4,12]") + "}", 12),
              IsInvalid("SAFETENSORS_OVERLAP"));
  EXPECT_THAT(Parse("{" + Tensor("a", "[2]", "[0,8]") + "," + Tensor("b", "[2]", "[0,8]") + "}", 8),
              IsInvalid("SAFETENSORS_OVERLAP"));
}

TEST(Safetensors_Test, BytesBelongToNoTensorThenGap) {
  EXPECT_THAT(Parse("{" + Tensor("a", "[1]", "[4,8]") + "}", 8), IsInvalid("SAFETENSORS_GAP"));
  EXPECT_THAT(Parse("{" + Tensor("a", "[1]", "[0,4]") + "," + Tensor("b", "[1]", "[8,12]") + "}", 12),
              IsInvalid("SAFETENSORS_GAP"));
  EXPECT_THAT(Parse("{" + Tensor("a", "[1]", "[0,4]") + "}", 5), IsInvalid("SAFETENSORS_GAP"));
  EXPECT_THAT(Parse("{}", 1), IsInvalid("SAFETENSORS_GAP"));
}

TEST(Safetensors_Test, OffsetsDoNotFitShapeThenSizeMismatch) {
  for (const auto& [shape, offsets] :
       std::vector<std::pair<std::string, std::string>>{{"[2]", "[0,4]"},
                                                        {"[1]", "[4,0]"},
                                                        {"[]", "[0,8]"},
                                                        {"[0]", "[0,4]"},
                                                        {"[1]", "[0,18446744073709551615]"},
                                                        {"[1]", "[18446744073709551615,3]"},
                                                        {"[4294967296,4294967296]", "[0,0]"},  // the product wraps to 0
                                                        {"[4611686018427387905]", "[0,4]"},    // times 4 wraps to 4
                                                        {"[18446744073709551615,2,2]", "[0,4]"}}) {
    EXPECT_THAT(Parse("{" + Tensor("a", shape, offsets) + "}", 4), IsInvalid("SAFETENSORS_SIZE_MISMATCH")) << shape;
  }
  EXPECT_THAT(Parse("{" + Tensor("a", "[18446744073709551615,0,2]", "[0,0]") + "}", 0), IsOk());
  EXPECT_THAT(Parse("{" + Tensor("a", "[4611686018427387903]", "[0,18446744073709551612]") + "}", 4),
              IsInvalid("SAFETENSORS_TRUNCATED"));
}

TEST(Safetensors_Test, DtypeIsUnknownThenError) {
  EXPECT_THAT(Parse("{" + Tensor("a", "[1]", "[0,4]", "F33") + "}", 4), IsInvalid("SAFETENSORS_DTYPE"));
  EXPECT_EQ(SafetensorsElementBytes("F64"), 8u);
  EXPECT_EQ(SafetensorsElementBytes("BF16"), 2u);
  EXPECT_EQ(SafetensorsElementBytes("BOOL"), 1u);
  EXPECT_EQ(SafetensorsElementBytes("f32"), 0u);
}

}  // namespace
}  // namespace sumscope
