// Where --out leads, and where bytes go without it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

constexpr char kRuns[] = "r0\nr1\nr2\n";

class Output_Test : public CommandFixture {
 protected:
  Output_Test() {
    FillCapture(&server_);
    server_.weights = SmallSafetensors();
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  int List(const std::string& out) { return Run({"runs", "list", "-o", "id", "--out", out}); }
  // Both ways that files are written: at once, and as a download that could go on later.
  std::vector<std::vector<std::string>> Writers() const {
    return {{"runs", "list", "-o", "id"},
            {"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens"},
            {"captures", "export", "r7k2m9qa/c1"},
            {"runs", "export", "r7k2m9qa"}};
  }
  int RunTo(std::vector<std::string> arguments, const std::string& out) {
    arguments.insert(arguments.end(), {"--out", out});
    return Run(arguments);
  }
};

// A link was replaced by a file, and what it led to kept the old content.
TEST_F(Output_Test, GivenASymbolicLinkThenItsFileIsWritten) {
  for (const auto& command : Writers()) {
    fs::create_directory(Path("there"));
    const std::string file = Write("there/file", "old");
    fs::create_symlink("there/file", Path("near"));
    fs::create_symlink(Path("near"), Path("far"));
    EXPECT_EQ(RunTo(command, Path("far")), 0) << command[1] << Err();
    EXPECT_TRUE(fs::is_symlink(Path("far")) && fs::is_symlink(Path("near"))) << command[1];
    EXPECT_NE(Read(file), "old") << command[1];
    EXPECT_EQ(std::distance(fs::directory_iterator(Path("there")), {}), 1) << command[1];
    for (const char* name : {"far", "near", "there"}) fs::remove_all(Path(name));
  }
}

TEST_F(Output_Test, GivenALinkToNothingThenTheFileIsMadeWhereItLeads) {
  fs::create_symlink("new", Path("link"));
  EXPECT_EQ(List(Path("link")), 0);
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read(Path("new")), kRuns);
  fs::create_symlink("round", Path("round"));
  EXPECT_EQ(List(Path("round")), 1);
}

// A private file became readable by all.
TEST_F(Output_Test, GivenAFileThenItsModeStays) {
  for (const auto& command : Writers()) {
    const std::string file = Write("file", "old");
    for (const mode_t mode : {0600, 0640, 0755}) {
      chmod(file.c_str(), mode);
      EXPECT_EQ(RunTo(command, file), 0) << command[1];
      EXPECT_EQ(ModeOf(file), mode) << command[1];
    }
    fs::remove(file);
  }
  const mode_t before = umask(027);
  EXPECT_EQ(List(Path("new")), 0);
  umask(before);
  EXPECT_EQ(ModeOf(Path("new")), 0640u);
}

TEST_F(Output_Test, GivenAFileWithOtherNamesThenAllHaveTheNewContent) {
  for (const auto& command : Writers()) {
    const std::string file = Write("file", std::string(100'000, 'o'));
    fs::create_hard_link(file, Path("other"));
    EXPECT_EQ(RunTo(command, file), 0) << command[1];
    EXPECT_EQ(fs::hard_link_count(file), 2u) << command[1];
    EXPECT_EQ(Read(Path("other")), Read(file)) << command[1];
    EXPECT_LT(Read(file).size(), 10'000u) << command[1];
    fs::remove(file);
    fs::remove(Path("other"));
    EXPECT_TRUE(fs::is_empty(directory_.path())) << command[1];
  }
}

TEST_F(Output_Test, GivenAPipeThenItIsWrittenPlainly) {
  const std::string pipe = Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& command : Writers()) {
    int reader = -1;
    sleeper_.on_sleep = [&] { reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); };
    EXPECT_EQ(RunTo(command, pipe), 0) << command[1];
    char bytes[8] = {};
    EXPECT_GT(read(reader, bytes, sizeof(bytes)), 0) << command[1];
    close(reader);
    EXPECT_TRUE(fs::is_fifo(pipe)) << command[1];
  }
}

TEST_F(Output_Test, GivenAPipeThatNobodyReadsThenItIsGivenUp) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(List(Path("pipe")), 1);
  EXPECT_THAT(Err(), HasSubstr("nobody reads this pipe"));
  EXPECT_GE(sleeper_.slept, absl::Seconds(30));
}

// The run was queued, and nobody was told its id.
TEST_F(Output_Test, WhenATrainingCannotBePrintedThenTheErrorNamesTheQueuedRun) {
  EXPECT_EQ(RunTo({"train", "m", "-q"}, "/dev/full"), 1);
  EXPECT_THAT(Err(), HasSubstr("the run r7k2m9qa is queued [OUTPUT_FAILED]"));
}

TEST_F(Output_Test, WhenHelpCannotBePrintedThenThatIsAFailure) {
  terminal_.out->setstate(std::ios::badbit);
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"--help"}, {"help", "train"}, {"--version"}}) {
    EXPECT_EQ(RunCommandLine(command, environment_, {&terminal_, &clock_, &sleeper_, &cancellation_}), 1);
    EXPECT_THAT(Err(), HasSubstr("[OUTPUT_FAILED]"));
  }
}

// As root /dev/stdout itself was replaced by a file.
TEST_F(Output_Test, GivenADeviceOrADescriptorThenItIsWrittenPlainly) {
  for (const auto& command : Writers()) {
    EXPECT_EQ(RunTo(command, "/dev/null"), 0) << command[1] << Err();
    EXPECT_EQ(RunTo(command, "/dev/full"), 1) << command[1];
    EXPECT_THAT(Err(), HasSubstr("[OUTPUT_FAILED]")) << command[1];
  }
  EXPECT_TRUE(fs::is_character_file("/dev/null") && fs::is_character_file("/dev/full"));
  const std::string file = Write("file", "before\n");
  const int descriptor = open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  fs::create_symlink("/dev/fd/" + std::to_string(descriptor), Path("link"));
  EXPECT_EQ(List("/dev/fd/" + std::to_string(descriptor)), 0) << Err();
  EXPECT_EQ(List(Path("link")), 0) << Err();
  EXPECT_EQ(Read(file), std::string("before\n") + kRuns + kRuns);
  close(descriptor);
  EXPECT_EQ(List("/dev/fd/987654"), 1);
}

TEST_F(Output_Test, GivenAFolderOrAFileThatMayNotBeWrittenThenNothingIsLeft) {
  EXPECT_EQ(List(directory_.path()), 1);
  const std::string file = Write("file", "old");
  chmod(file.c_str(), 0400);
  if (access(file.c_str(), W_OK) == 0) GTEST_SKIP() << "root may write everything";
  EXPECT_EQ(List(file), 1);
  EXPECT_EQ(Read(file), "old");
}

// `captures get` wrote over a file that nobody had named; `runs export` wrote to the standard output.
TEST_F(Output_Test, WithoutOutThenBytesGoToTheStandardOutputAndNeverToATerminal) {
  const fs::path before = fs::current_path();
  fs::current_path(directory_.path());
  const std::string mine = Write("tokens.npy", "mine");
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens"}), 0);
  EXPECT_THAT(Out(), EndsWith(server_.tensors["tokens"]));
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--offset-bytes", "5"}), 0);
  EXPECT_EQ(Out(), server_.tensors["tokens"].substr(5));
  EXPECT_EQ(Run({"captures", "export", "r7k2m9qa/c1"}), 0);
  EXPECT_EQ(Out(), server_.capture_file);
  EXPECT_EQ(Run({"runs", "export", "r7k2m9qa"}), 0);
  EXPECT_THAT(Out(), HasSubstr("__metadata__"));
  terminal_.out_is_terminal = true;
  for (const auto& command : Writers()) {
    if (command[1] == "list") continue;
    EXPECT_EQ(Run(command), 2) << command[1];
    EXPECT_THAT(Err(), HasSubstr("give --out FILE")) << command[1];
    EXPECT_EQ(Out(), "") << command[1];
  }
  EXPECT_EQ(Read(mine), "mine");
  fs::current_path(before);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(Output_Test, GivenWeightsFromAPipeThenTheyAreImported) {
  const std::string pipe = Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  // The reader is there when it waits, so that opening does not block.
  sleeper_.on_sleep = [&] { std::ofstream(pipe, std::ios::binary) << SmallSafetensors(); };
  EXPECT_EQ(Run({"import", pipe}), 0) << Err();
  sleeper_.on_sleep = nullptr;
  EXPECT_EQ(server_.uploaded, SmallSafetensors());
  EXPECT_EQ(server_.LastRequest<v1::ImportHeader>().total_bytes(), SmallSafetensors().size());
  EXPECT_EQ(Run({"import", pipe}), 3);
  EXPECT_THAT(Err(), HasSubstr("nobody writes into this pipe"));
}

}  // namespace
}  // namespace sumscope::client
