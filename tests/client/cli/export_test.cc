#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/safetensors/safetensors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

class Export_Test : public CommandFixture {
 protected:
  std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  int FilesLeft() const {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) files += entry.is_regular_file();
    return files;
  }
  const std::string path_ = directory_.path() + "/out.safetensors";
};

TEST_F(Export_Test, WhenACheckpointIsExportedThenTheFileSaysWhereItComesFromAndTensorsAreUnchanged) {
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 1;
  server_.breaks = 2;
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa", "--out", path_}), 0) << Err();
  const std::string bytes = Read(path_);
  const auto header = ParseSafetensorsHeader(bytes, bytes.size());
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->metadata.at("run"), "runs/r7k2m9qa");
  EXPECT_EQ(header->metadata.at("step"), "15000");
  EXPECT_EQ(header->metadata.at("code_version"), "0.1.0 abcdef");
  EXPECT_EQ(nlohmann::json::parse(header->metadata.at("spec"))["n_digits"], 5);
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[0].name, "embed.W_E");
  EXPECT_EQ(bytes.substr(header->data_offset), server_.weights.substr(server_.weights.size() - 24));
  EXPECT_EQ(FilesLeft(), 1);
}

TEST_F(Export_Test, WhenAStepIsNamedThenThatCheckpointIsTaken) {
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa@0", "--out", path_}), 0);
  EXPECT_EQ(server_.LastRequest<v1::DownloadCheckpointRequest>().name(), "runs/r7k2m9qa/checkpoints/0");
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa@77", "--out", path_}), 3);
}

TEST_F(Export_Test, WhenBytesAreDamagedThenNoFileAppearsAndAnOlderOneStays) {
  std::ofstream(path_) << "older";
  server_.weights_sha256 = std::string(64, '0');
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa", "--out", path_}), 1);
  EXPECT_EQ(Read(path_), "older");
  server_.weights = "rubbish that is no safetensors file";
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa", "--out", path_}), 1);
  EXPECT_EQ(FilesLeft(), 1);
}

TEST_F(Export_Test, WhenTheServerStaysAwayThenExitCodeSevenAndNoFile) {
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 1;
  server_.breaks = 1'000'000;
  sleeper_.on_sleep = [this] { server_.break_after = 0; };
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa", "--out", path_}), 7);
  EXPECT_EQ(FilesLeft(), 0);
}

TEST_F(Export_Test, WhenStdoutIsATerminalThenBinaryIsRefused) {
  terminal_.out_is_terminal = true;
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa"}), 2);
  EXPECT_EQ(Out(), "");
  terminal_.out_is_terminal = false;
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa"}), 0);
  EXPECT_TRUE(ParseSafetensorsHeader(Out(), Out().size()).ok());
}

}  // namespace
}  // namespace sumscope::client
