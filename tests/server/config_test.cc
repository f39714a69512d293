#include "server/config.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope {
namespace {

ServerConfig Valid() {
  ServerConfig config;
  config.listen = {"unix:/run/x.sock"};
  config.slots = {{"cpu0", "cpu", 2}};
  return config;
}

TEST(Config_Test, EveryKeyIsRead) {
  ServerConfig config;
  const absl::Status status = ReadConfigText(
      "data_directory = '/srv/s'\nlisten = ['unix:/a', '127.0.0.1:50051']\ninsecure_loopback = true\n"
      "worker_program = '/bin/w'\nslots = ['cpu0:cpu:2', 'gpu0:cuda:0:4']\nresume_interval_seconds = 5\n"
      "capture_limit_bytes = 1000\nlog_level = 'debug'\nlog_format = 'json'\n",
      "x.toml", &config);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(config.data_directory, "/srv/s");
  EXPECT_EQ(config.listen.size(), 2u);
  EXPECT_TRUE(config.insecure_loopback);
  EXPECT_EQ(config.worker_program, "/bin/w");
  ASSERT_EQ(config.slots.size(), 2u);
  EXPECT_EQ(config.slots[1].name, "gpu0");
  EXPECT_EQ(config.slots[1].device, "cuda:0");
  EXPECT_EQ(config.slots[1].threads, 4u);
  EXPECT_EQ(config.resume_interval_seconds, 5);
  EXPECT_EQ(config.capture_limit_bytes, 1000u);
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.log.format, "json");
  EXPECT_TRUE(ValidateConfig(config).ok());
}

TEST(Config_Test, UnknownKeyWrongTypeAndBadSyntaxAreRefused) {
  for (const char* text :
       {"data_dir = 'x'", "listen = 'unix:/a'", "insecure_loopback = 1", "slots = [1]", "a = [",
        "resume_interval_seconds = 'x'", "capture_limit_bytes = -1", "capture_limit_bytes = 1.5", "slots = ['cpu0']"}) {
    ServerConfig config;
    EXPECT_EQ(ErrorReason(ReadConfigText(text, "x.toml", &config)), "CONFIG_INVALID") << text;
  }
}

TEST(Config_Test, SlotsThatCannotBeAreRefused) {
  ServerConfig config;
  for (const char* text : {"", "cpu0", "cpu0:cpu", "cpu0:cpu:0", "cpu0:cpu:x", "cpu0:cpu:99999"}) {
    EXPECT_EQ(ErrorReason(AddSlot(text, &config)), "CONFIG_INVALID") << text;
  }
  config = Valid();
  config.slots.push_back(config.slots[0]);
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID");
  config = Valid();
  for (const char* device : {"tpu", "cuda:", "cuda:x", "cuda:-1", "cuda:+1"}) {
    config.slots[0].device = device;
    EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID") << device;
  }
}

TEST(Config_Test, PlainTcpNeedsLoopbackAndTheFlag) {
  ServerConfig config = Valid();
  config.listen = {"127.0.0.1:0"};
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "PLAINTEXT_REFUSED");
  config.insecure_loopback = true;
  EXPECT_TRUE(ValidateConfig(config).ok());
  config.listen = {"127.0.0.1.some.name:50051"};
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "PLAINTEXT_REFUSED");
  config.listen = {"0.0.0.0:50051"};
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "PLAINTEXT_REFUSED");
  config.listen = {"nonsense"};
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID");
}

TEST(Config_Test, LogOptionsAreKnownWords) {
  ServerConfig config = Valid();
  config.log.level = "loud";
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID");
  config = Valid();
  config.log.format = "xml";
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID");
}

TEST(Config_Test, ResumeIntervalIsAtMostAMinute) {
  for (const double seconds : {0.0, -1.0, 61.0}) {
    ServerConfig config = Valid();
    config.resume_interval_seconds = seconds;
    EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID") << seconds;
  }
}

}  // namespace
}  // namespace sumscope
