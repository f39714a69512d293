#include "server/resolve_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope {
namespace {

class ResolveConfig_Test : public ::testing::Test {
 protected:
  ResolveConfig_Test() {
    surroundings_.home = folder_.path();
    surroundings_.working_directory = folder_.path();
    surroundings_.program_folder = folder_.path();
    surroundings_.machine = {2, uint64_t{24} << 30};
    std::ofstream(Path("sumscope-worker")) << "#!/bin/sh\n";
    chmod(Path("sumscope-worker").c_str(), 0700);
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string Reason() const { return ErrorReason(ResolveConfig(flags_, surroundings_).status()); }

  const TempDirectory folder_;
  Flags flags_;
  Surroundings surroundings_;
};

TEST_F(ResolveConfig_Test, GivenNothingThenDefaults) {
  surroundings_.xdg_runtime_dir = Path("runtime");
  std::filesystem::create_directory(Path("runtime"));
  const auto config = ResolveConfig(flags_, surroundings_);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data_directory, Path(".local/share/sumscope"));
  EXPECT_EQ(config->worker_program, Path("sumscope-worker"));
  ASSERT_EQ(config->slots.size(), 2u);
  EXPECT_EQ(config->slots[1].name, "cpu1");
  EXPECT_EQ(config->slots[1].threads, 1u);
  EXPECT_NE(config->slots_reason, "");
  // The runtime directory goes at logout, and cron does not know it.
  EXPECT_EQ(config->listen, (std::vector<std::string>{"unix:" + Path("runtime/sumscope.sock"),
                                                      "unix:" + Path(".local/state/sumscope/sumscope.sock")}));
}

TEST_F(ResolveConfig_Test, GivenRuntimeDirectoryThatIsNotThereThenItIsNotMade) {
  surroundings_.xdg_runtime_dir = Path("runtime");
  ASSERT_TRUE(ResolveConfig(flags_, surroundings_).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("runtime")));
}

// Without HOME data went to /.local.
TEST_F(ResolveConfig_Test, GivenNoHomeThenDataNeedsADirectory) {
  surroundings_.home = "";
  EXPECT_EQ(Reason(), "CONFIG_INVALID");
  flags_.data_directory = Path("d");
  flags_.listen = {"unix:" + Path("s")};
  EXPECT_TRUE(ResolveConfig(flags_, surroundings_).ok());
}

// std::filesystem::absolute threw in main.
TEST_F(ResolveConfig_Test, GivenWorkingDirectoryThatIsGoneThenRelativePathsAreRefused) {
  flags_.data_directory = "d";
  flags_.listen = {"unix:" + Path("s")};
  EXPECT_EQ(ResolveConfig(flags_, surroundings_)->data_directory, Path("d"));
  surroundings_.working_directory = "";
  EXPECT_EQ(Reason(), "CONFIG_INVALID");
}

TEST_F(ResolveConfig_Test, GivenDirectoryAsWorkerProgramThenRefused) {
  flags_.listen = {"unix:" + Path("s")};
  flags_.worker_program = folder_.path();
  EXPECT_EQ(Reason(), "WORKER_PROGRAM_MISSING");
  flags_.worker_program = Path("none");
  EXPECT_EQ(Reason(), "WORKER_PROGRAM_MISSING");
}

TEST_F(ResolveConfig_Test, FlagsOfTheWaysInAreTakenAndPathsMadeAbsolute) {
  flags_.listen = {"0.0.0.0:7443"};
  flags_.tls_certificate = "c.pem";
  flags_.tls_key = "/k.pem";
  flags_.tls_client_ca = "a.pem";
  flags_.tls_client_certificates = "required";
  flags_.socket_group = "root";
  flags_.user_calls_per_second = 0.5;
  flags_.user_streams = 3;
  const auto config = ResolveConfig(flags_, surroundings_);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->tls_certificate, Path("c.pem"));
  EXPECT_EQ(config->tls_key, "/k.pem");
  EXPECT_EQ(config->tls_client_ca, Path("a.pem"));
  EXPECT_EQ(config->tls_client_certificates, "required");
  EXPECT_EQ(config->socket_group, "root");
  EXPECT_EQ(config->user_calls_per_second, 0.5);
  EXPECT_EQ(config->user_streams, 3u);
  flags_.user_uploads = -1;
  EXPECT_EQ(Reason(), "CONFIG_INVALID");
}

TEST_F(ResolveConfig_Test, GivenSlotsThenTheyAreAsConfigured) {
  flags_.slots = {"a:cpu:3"};
  flags_.listen = {"unix:" + Path("s")};
  const auto config = ResolveConfig(flags_, surroundings_);
  ASSERT_EQ(config->slots.size(), 1u);
  EXPECT_EQ(config->slots_reason, "as configured");
}

TEST_F(ResolveConfig_Test, GivenGpusAndNoSlotsThenSlotsOfGpus) {
  flags_.listen = {"unix:" + Path("s")};
  surroundings_.find_gpus = [](const std::string& library) {
    EXPECT_EQ(library, "libnvidia-ml.so.1");
    return std::vector<devices::FoundGpu>{{"cuda:0", "A", ""}, {"cuda:1", "B", ""}};
  };
  const auto names = [this] {
    std::string joined;
    const absl::StatusOr<ServerConfig> config = ResolveConfig(flags_, surroundings_);
    for (const workers::SlotConfig& slot : config->slots) joined += slot.name + ":" + slot.device + " ";
    return joined;
  };
  EXPECT_EQ(names(), "gpu0:cuda:0 gpu1:cuda:1 ");
  flags_.slots_per_gpu = 2;
  EXPECT_EQ(names(), "gpu0-0:cuda:0 gpu0-1:cuda:0 gpu1-0:cuda:1 gpu1-1:cuda:1 ");
  flags_.slots = {"a:cpu:3"};
  EXPECT_EQ(names(), "a:cpu ");
  flags_.slots.clear();
  flags_.nvml_library = "";
  EXPECT_EQ(names(), "cpu0:cpu cpu1:cpu ");
}

TEST_F(ResolveConfig_Test, FlagBeatsEnvironmentBeatsFile) {
  std::filesystem::create_directories(Path(".config/sumscope"));
  std::ofstream(Path(".config/sumscope/sumscoped.toml")) << "data_directory = '/file'\nlisten = ['unix:/x/s']\n";
  EXPECT_EQ(ResolveConfig(flags_, surroundings_)->data_directory, "/file");
  surroundings_.data_directory = "/environment";
  EXPECT_EQ(ResolveConfig(flags_, surroundings_)->data_directory, "/environment");
  flags_.data_directory = "/flag";
  EXPECT_EQ(ResolveConfig(flags_, surroundings_)->data_directory, "/flag");
  flags_.data_directory = "";
  EXPECT_EQ(Reason(), "CONFIG_INVALID");
  flags_.config_file = Path("none");
  EXPECT_EQ(Reason(), "CONFIG_NOT_FOUND");
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);  // which nobody writes into: it held the start for ever
  flags_.config_file = Path("pipe");
  EXPECT_EQ(Reason(), "CONFIG_NOT_FOUND");
}

// It says which program runs, and who may come in.
TEST_F(ResolveConfig_Test, GivenAConfigurationThatOthersMayWriteThenItIsRefused) {
  flags_.config_file = Path("sumscoped.toml");
  std::ofstream(*flags_.config_file) << "";
  for (const mode_t mode : {0666u, 0620u}) {
    ASSERT_EQ(chmod(flags_.config_file->c_str(), mode), 0);
    EXPECT_EQ(Reason(), "CONFIG_OPEN_TO_OTHERS") << mode;
  }
  ASSERT_EQ(chmod(flags_.config_file->c_str(), 0644), 0);
  EXPECT_EQ(Reason(), "");
}

}  // namespace
}  // namespace sumscope
