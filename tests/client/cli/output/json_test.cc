#include "client/cli/output/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "google/protobuf/util/json_util.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

// The oracle: protobuf's own printer.
nlohmann::json Protobufs(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return nlohmann::json::parse(text);
}

nlohmann::json Ours(const google::protobuf::Message& message) {
  return nlohmann::json::parse(JsonText(ToJson(message), true));
}

TEST(Json_Test, GivenMessagesWithoutNanThenItEqualsProtobufsJson) {
  EXPECT_EQ(Ours(EndedRun()), Protobufs(EndedRun()));
  v1::Analysis analysis = EndedAnalysis();
  analysis.mutable_result()->mutable_evaluate()->mutable_cells(0)->set_loss(1.0 / 3);
  EXPECT_EQ(Ours(analysis), Protobufs(analysis));
  EXPECT_EQ(Ours(v1::Run()), Protobufs(v1::Run()));
  EXPECT_EQ(Ours(v1::ServerInfo()), Protobufs(v1::ServerInfo()));
  v1::ServerInfo info;
  info.set_pid(-5);
  info.mutable_start_time()->set_seconds(1'700'000'000);
  info.mutable_start_time()->set_nanos(120'000'000);
  info.add_libraries("a\"b\\c\n");
  EXPECT_EQ(Ours(info), Protobufs(info));
}

TEST(Json_Test, GivenNanOrInfinityThenNull) {
  v1::Progress progress;
  progress.set_loss(std::numeric_limits<double>::quiet_NaN());
  progress.set_eta_seconds(std::numeric_limits<double>::infinity());
  const nlohmann::json json = Ours(progress);
  EXPECT_TRUE(json["loss"].is_null());
  EXPECT_TRUE(json["eta_seconds"].is_null());
  EXPECT_EQ(json["step"], "0");
}

TEST(Json_Test, GivenControlCharactersThenNoneReachesTheOutput) {
  v1::Run run;
  (*run.mutable_labels())["k"] = "\x1b[31m \xc2\x9b \x7f \xe2\x80\xae";
  const std::string text = JsonText(ToJson(run), false);
  for (const char* bad : {"\x1b", "\xc2\x9b", "\x7f", "\xe2\x80\xae"}) EXPECT_EQ(text.find(bad), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text)["labels"]["k"], run.labels().at("k"));
}

}  // namespace
}  // namespace sumscope::client
