#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/files/npy.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Captures_Test : public CommandFixture {
 protected:
  Captures_Test() { FillCapture(&server_); }

  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  // Partial files that are left beside the target.
  int PartsLeft() const {
    int parts = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      parts += entry.path().string().find(".part-") != std::string::npos ? 1 : 0;
    }
    return parts;
  }
  // The next `count` streams end after one chunk, and the patience of a stream is over at once.
  void BreakOnce() {
    server_.break_kind = Break::kUnavailable;
    server_.break_after = 2;
    server_.breaks = 1;
  }
};

TEST_F(Captures_Test, WhenACaptureIsAskedThenTheRequestSaysWhat) {
  EXPECT_EQ(Run({"capture", "r7@100", "--hooks", "blocks.*.attn.hook_z", "--hooks", "ln_final.hook_scale",
                 "--positions", "P14,P15", "--reduce", "components:3", "--questions", "uniform:10", "-q"}),
            0);
  const auto request = server_.LastRequest<v1::CreateAnalysisRequest>();
  EXPECT_EQ(request.parent(), "runs/r7/checkpoints/100");
  const v1::CaptureRequest& capture = request.request().capture();
  EXPECT_THAT(capture.hooks(), ElementsAre("blocks.*.attn.hook_z", "ln_final.hook_scale"));
  EXPECT_THAT(capture.positions(), ElementsAre("P14", "P15"));
  EXPECT_EQ(capture.reduction(), v1::COMPONENTS);
  EXPECT_EQ(capture.components(), 3u);
  EXPECT_EQ(request.question_set().uniform().count(), 10u);
  EXPECT_EQ(Run({"capture", "r7", "--hooks", "x", "--reduce", "median"}), 2);
  EXPECT_EQ(Run({"capture", "r7"}), 2);
}

TEST_F(Captures_Test, WhenCapturesAreListedShownAndDeletedThenTheyAreNamed) {
  EXPECT_EQ(Run({"captures", "list"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nr7k2m9qa/c1  "));
  EXPECT_EQ(Run({"captures", "show", "r7k2m9qa/c1"}), 0);
  EXPECT_THAT(Out(), HasSubstr("blocks.0.attn.hook_z  F32    [3, 2, 2]"));
  EXPECT_EQ(Run({"captures", "show", "r7k2m9qa/c1", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["result"]["tensors"].size(), 2u);
  EXPECT_EQ(Run({"captures", "delete", "r7k2m9qa/c1", "-q"}), 0);
  EXPECT_EQ(Out(), "runs/r7k2m9qa/captures/c1\n");
  EXPECT_EQ(server_.CountCalls("DeleteCapture"), 1);
  EXPECT_EQ(Run({"captures", "delete", "r7k2m9qa/c1", "r7k2m9qa/c1", "-q"}), 0) << "named twice, deleted once";
  EXPECT_EQ(server_.CountCalls("DeleteCapture"), 2);
}

// What the capture holds followed what it is without a blank line, and aligned otherwise.
TEST_F(Captures_Test, WhenACaptureIsShownThenWhatItIsAndHoldsIsOneBlock) {
  EXPECT_EQ(Run({"captures", "show", "r7k2m9qa/c1"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nquestions  uniform:3\n"));
  EXPECT_THAT(Out(), HasSubstr("\nsize       96 B\nrows       P14 "));
}

TEST_F(Captures_Test, WhenATensorIsReadThenItIsANumPyFile) {
  const std::string path = Path("z.npy");
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "blocks.0.attn.hook_z", "--out", path}), 0);
  EXPECT_EQ(Read(path), *NpyHeader("F32", {3, 2, 2}) + server_.tensors["blocks.0.attn.hook_z"]);
  EXPECT_EQ(PartsLeft(), 0);
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "blocks.0.attn.hook_zz", "--out", path}), 3);
  EXPECT_THAT(Err(), HasSubstr("blocks.0.attn.hook_z"));
}

TEST_F(Captures_Test, WhenTheConnectionBreaksThenTheStreamGoesOn) {
  BreakOnce();
  const std::string path = Path("z.npy");
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--out", path}), 0);
  EXPECT_EQ(server_.CountCalls("ReadTensor"), 2);
  EXPECT_EQ(Read(path), *NpyHeader("I64", {3, 2}) + server_.tensors["tokens"]);
}

// The user stops in the middle and comes back later.
TEST_F(Captures_Test, WhenADownloadWasInterruptedThenTheSameCommandGoesOn) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"captures", "export", "r7k2m9qa/c1"},
        std::vector<std::string>{"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens"}}) {
    const bool tensor = command.size() > 3;
    const std::string path = Path(tensor ? "t.npy" : "c.safetensors");
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--out", path});
    BreakOnce();
    Cancellation stopped;
    sleeper_.on_sleep = [&stopped] { stopped.Cancel(); };
    out_.str("");
    EXPECT_NE(RunCommandLine(arguments, environment_, {&terminal_, &clock_, &sleeper_, &stopped}), 0);
    sleeper_.on_sleep = nullptr;
    EXPECT_EQ(PartsLeft(), 1);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(Run(arguments), 0);
    EXPECT_THAT(Err(), HasSubstr("going on after 20 B"));
    EXPECT_EQ(Read(path), tensor ? *NpyHeader("I64", {3, 2}) + server_.tensors["tokens"] : server_.capture_file);
    EXPECT_EQ(PartsLeft(), 0);
  }
}

TEST_F(Captures_Test, WhenTheBytesAreNotTheAnnouncedOnesThenNothingIsLeft) {
  const std::string path = Path("t.npy");
  const std::string key = server_.capture.result().tensors(0).sha256().substr(0, 16);
  // An earlier attempt whose bytes are others.
  std::ofstream(path + ".part-" + key, std::ios::binary) << *NpyHeader("I64", {3, 2}) + "XXXXXXXXXX";
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--out", path}), 1);
  EXPECT_THAT(Err(), HasSubstr("[CAPTURE_CORRUPT]"));
  EXPECT_EQ(PartsLeft(), 0);
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--out", path}), 0);
}

TEST_F(Captures_Test, WhenARangeIsReadThenTheseBytesAlone) {
  const std::string path = Path("t.bin");
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--offset-bytes", "5", "--length-bytes", "20",
                 "--out", path}),
            0);
  EXPECT_EQ(Read(path), server_.tensors["tokens"].substr(5, 20));
  EXPECT_EQ(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--offset-bytes", "40", "--out", path}), 0);
  EXPECT_EQ(Read(path), server_.tensors["tokens"].substr(40));
  EXPECT_NE(Run({"captures", "get", "r7k2m9qa/c1", "--tensor", "tokens", "--offset-bytes", "48", "--out", path}), 0);
}

}  // namespace
}  // namespace sumscope::client
