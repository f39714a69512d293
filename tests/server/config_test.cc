#include "server/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

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
      "capture_limit_bytes = 1000\nlog_level = 'debug'\nlog_format = 'json'\n"
      "user_calls_per_second = 7\nuser_call_burst = 8\nuser_streams = 9\nuser_uploads = 10\n"
      "user_connections = 11\naddress_connections = 12\n",
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
  EXPECT_EQ(config.user_calls_per_second, 7);
  EXPECT_EQ(config.user_call_burst, 8u);
  EXPECT_EQ(config.user_streams, 9u);
  EXPECT_EQ(config.user_uploads, 10u);
  EXPECT_EQ(config.user_connections, 11u);
  EXPECT_EQ(config.address_connections, 12u);
  EXPECT_TRUE(ValidateConfig(config).ok());
}

TEST(Config_Test, KeysOfTheWaysInAreRead) {
  ServerConfig config = Valid();
  const absl::Status status = ReadConfigText(
      "listen = ['0.0.0.0:7443']\ntls_certificate = '/c'\ntls_key = '/k'\ntls_client_ca = '/a'\n"
      "tls_client_certificates = 'required'\nsocket_group = 'root'\n",
      "x.toml", &config);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(config.tls_certificate, "/c");
  EXPECT_EQ(config.tls_key, "/k");
  EXPECT_EQ(config.tls_client_ca, "/a");
  EXPECT_EQ(config.tls_client_certificates, "required");
  EXPECT_EQ(config.socket_group, "root");
  EXPECT_TRUE(ValidateConfig(config).ok()) << "any address may be listened on with TLS";
}

TEST(Config_Test, KeysOfTlsThatDoNotGoTogetherAreRefused) {
  for (const char* text :
       {"tls_certificate = '/c'", "tls_key = '/k'", "tls_client_ca = '/a'", "tls_client_certificates = 'none'",
        "tls_certificate = '/c'\ntls_key = '/k'\ntls_client_certificates = 'required'",
        "tls_certificate = '/c'\ntls_key = '/k'\ntls_client_ca = '/a'\ntls_client_certificates = 'always'",
        "tls_certificate = '/c'\ntls_key = '/k'\ninsecure_loopback = true",
        "tls_certificate = '/c'\ntls_key = '/k'\nlisten = ['unix:/s']",
        "tls_certificate = '/c'\ntls_key = '/k'\nlisten = ['nonsense']"}) {
    ServerConfig config = Valid();
    config.listen = {"127.0.0.1:7443"};
    ASSERT_TRUE(ReadConfigText(text, "x.toml", &config).ok()) << text;
    config.insecure_loopback |= !config.has_tls();
    EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID") << text;
  }
}

TEST(Config_Test, GroupIsOneOfThisMachineOrANumber) {
  ServerConfig config = Valid();
  for (const char* group : {"root", "0", "54321"}) {
    config.socket_group = group;
    EXPECT_TRUE(ValidateConfig(config).ok()) << group;
  }
  for (const char* group : {"no-such-group", "-1", "4294967295", "x\x1b[31m"}) {
    config.socket_group = group;
    const absl::Status status = ValidateConfig(config);
    EXPECT_EQ(ErrorReason(status), "CONFIG_INVALID") << group;
    EXPECT_EQ(status.message().find('\x1b'), absl::string_view::npos);
  }
}

TEST(Config_Test, LimitsOfAUserAreAtLeastOne) {
  for (const char* text : {"user_calls_per_second = 0", "user_calls_per_second = nan", "user_calls_per_second = 1e9",
                           "user_call_burst = 0", "user_streams = 0", "user_uploads = 0", "user_connections = 0",
                           "address_connections = 9999999"}) {
    ServerConfig config = Valid();
    ASSERT_TRUE(ReadConfigText(text, "x.toml", &config).ok()) << text;
    EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID") << text;
  }
}

// The sample with every key that it explains set to the value that it shows.
std::string SampleWithEveryKey() {
  std::ifstream file(SUMSCOPE_SOURCE_DIR "/deploy/sumscoped.toml");
  EXPECT_TRUE(file.is_open());
  std::string text;
  for (std::string line; std::getline(file, line);) {
    static const std::regex unset("^# ?([a-z_]+ = .*)$");
    std::smatch match;
    text += (std::regex_match(line, match, unset) ? match[1].str() : line) + "\n";
  }
  return text;
}

TEST(Config_Test, SampleExplainsEveryKeyWithAValueThatIsTaken) {
  ServerConfig config;
  const std::string sample = SampleWithEveryKey();
  const absl::Status read = ReadConfigText(sample, "sumscoped.toml", &config);
  ASSERT_TRUE(read.ok()) << read;
  for (const std::string& key : ConfigKeys()) EXPECT_NE(sample.find("\n" + key + " = "), std::string::npos) << key;
  if (config.slots.empty()) config.slots = {{"cpu0", "cpu", 1}};
  config.listen.push_back("0.0.0.0:7443");
  config.insecure_loopback = false;  // which excludes TLS
  config.socket_group = "root";      // the sample's is made with the account
  const absl::Status valid = ValidateConfig(config);
  EXPECT_TRUE(valid.ok()) << valid;
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
