#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/limits.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Facts_Test : public CommandFixture {
 protected:
  Facts_Test() {
    AddFact("P14L0H1", 14, 0, true, 1, "Algo:A2.SC");
    AddFact("P14L0H1", 14, 0, true, 1, "Fail%:8");
    AddFact("P14L0MLP", 14, 0, false, 0, "Fail%:3");
  }

  void AddFact(const std::string& node, uint32_t position, uint32_t layer, bool head, uint32_t num,
               const std::string& tag, const std::string& analysis = "a1b2c3d4", uint64_t step = 15) {
    v1::NodeFact fact;
    fact.set_run("runs/r7k2m9qa");
    fact.set_model_name("add_d5_l1_h3_t15K_s372001");
    fact.set_analysis("runs/r7k2m9qa/analyses/" + analysis);
    fact.set_checkpoint("runs/r7k2m9qa/checkpoints/" + std::to_string(step));
    fact.mutable_create_time()->set_seconds(static_cast<int64_t>(server_.facts.size()));
    fact.set_node(node);
    fact.set_position(position);
    fact.set_layer(layer);
    fact.set_is_head(head);
    fact.set_num(num);
    fact.set_tag(tag);
    server_.facts.push_back(fact);
  }
};

TEST_F(Facts_Test, WhenFactsAreListedThenAllPagesComeWithTheirRuns) {
  EXPECT_EQ(Run({"facts", "task = \"A2.SC\" AND run.n_layers = 1"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListFactsRequest>().filter(), "task = \"A2.SC\" AND run.n_layers = 1");
  EXPECT_EQ(Out(),
            "TAG         NODE      RUN       MODEL                      ANALYSIS\n"
            "Algo:A2.SC  P14L0H1   r7k2m9qa  add_d5_l1_h3_t15K_s372001  a1b2c3d4\n"
            "Fail%:8     P14L0H1   r7k2m9qa  add_d5_l1_h3_t15K_s372001  a1b2c3d4\n"
            "Fail%:3     P14L0MLP  r7k2m9qa  add_d5_l1_h3_t15K_s372001  a1b2c3d4\n");
  EXPECT_EQ(Run({"facts", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["facts"].size(), 3u);
  EXPECT_EQ(Run({"facts", "--limit", "2", "-o", "csv", "--no-headers"}), 0);
  EXPECT_THAT(Err(), HasSubstr("There are more"));
}

// The same fact had a row for each analysis that had found it, and none said which.
TEST_F(Facts_Test, WhenSeveralAnalysesFoundTheSameThenOneRowWithTheNewest) {
  server_.facts.resize(1);
  AddFact("P14L0H1", 14, 0, true, 1, "Algo:A2.SC", "anewerid");
  AddFact("P14L0H1", 14, 0, true, 1, "Algo:A2.SC", "anewerid", 20);
  EXPECT_EQ(Run({"facts", "--no-headers"}), 0);
  EXPECT_EQ(Out(),
            "Algo:A2.SC  P14L0H1  r7k2m9qa  add_d5_l1_h3_t15K_s372001  anewerid +1\n"
            "Algo:A2.SC  P14L0H1  r7k2m9qa  add_d5_l1_h3_t15K_s372001  anewerid\n");
  EXPECT_EQ(Run({"facts", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["facts"].size(), 3u);
}

// Of --limit 3 two rows were left where two analyses had found the same.
TEST_F(Facts_Test, WhenRowsAreLimitedThenMergedOnesCountOnce) {
  const auto lines = [this] {
    const std::string out = Out();
    return std::count(out.begin(), out.end(), '\n');
  };
  server_.facts.clear();
  for (const char* tag : {"Algo:A1.SC", "Algo:A2.SC", "Algo:A3.SC"}) {
    for (const char* analysis : {"a1b2c3d4", "anewerid"}) AddFact("P14L0H1", 14, 0, true, 1, tag, analysis);
  }
  EXPECT_EQ(Run({"facts", "--limit", "2", "--no-headers"}), 0);
  EXPECT_EQ(Out(),
            "Algo:A1.SC  P14L0H1  r7k2m9qa  add_d5_l1_h3_t15K_s372001  anewerid +1\n"
            "Algo:A2.SC  P14L0H1  r7k2m9qa  add_d5_l1_h3_t15K_s372001  anewerid +1\n");
  EXPECT_THAT(Err(), HasSubstr("There are more"));
  EXPECT_EQ(Run({"facts", "--limit", "3", "--no-headers"}), 0);
  EXPECT_EQ(lines(), 3);
  EXPECT_EQ(Err(), "");
  EXPECT_EQ(Run({"facts", "--limit", "2", "-o", "jsonl"}), 0);
  EXPECT_EQ(lines(), 2);
}

// Near the limit each call asked for one fact.
TEST_F(Facts_Test, WhenFewRowsAreLeftThenAPageIsAskedForAllTheSame) {
  server_.facts.clear();
  for (int i = 0; i < 10; ++i) AddFact("P14L0H1", 14, 0, true, 1, "Algo:A1.SC", "a" + std::to_string(i));
  EXPECT_EQ(Run({"facts", "--limit", "1", "--no-headers"}), 0);
  EXPECT_GE(server_.LastRequest<v1::ListFactsRequest>().page_size(), limits::kDefaultPageSize - server_.facts.size());
}

TEST_F(Facts_Test, WhenNobodyAsksForFailuresAndAttentionThenTablesLeaveThemOut) {
  const auto filter = [this] { return server_.LastRequest<v1::ListFactsRequest>().filter(); };
  EXPECT_EQ(Run({"facts"}), 0);
  EXPECT_EQ(filter(), "NOT kind = \"Fail%\" AND NOT kind = \"Attn\"");
  EXPECT_EQ(Run({"facts", "node = P14L0H1 OR layer = 1"}), 0);
  EXPECT_EQ(filter(), "node = P14L0H1 OR layer = 1 AND NOT kind = \"Fail%\" AND NOT kind = \"Attn\"");
  EXPECT_EQ(Run({"facts", "kind = \"Attn\""}), 0);
  EXPECT_EQ(filter(), "kind = \"Attn\"");
  EXPECT_EQ(Run({"facts", "-o", "csv"}), 0);
  EXPECT_EQ(filter(), "");
}

TEST_F(Facts_Test, WhenFactsAreExportedThenTheyAreTheAuthorsJson) {
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "behaviors"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListFactsRequest>().filter(), "run.name = \"r7k2m9qa\"");
  const auto behaviors = nlohmann::json::parse(Out());
  ASSERT_EQ(behaviors.size(), 2u);
  EXPECT_EQ(behaviors[0], nlohmann::json::parse(R"({"position": 14, "layer": 0, "is_head": true, "num": 1,
                                                    "tags": ["Fail%:8"]})"));
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "features"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())[0]["tags"][0], "Algo:A2.SC");
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "everything"}), 2);
}

// The prompt stood behind the last bracket, and a run without facts gave [] without a word.
TEST_F(Facts_Test, WhenFactsAreExportedThenTheTextEndsItsLineAndNothingIsSaidToBeNothing) {
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "features"}), 0);
  EXPECT_THAT(Out(), ::testing::EndsWith("]\n"));
  EXPECT_EQ(Err(), "");
  server_.facts.clear();
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "features"}), 0);
  EXPECT_EQ(Out(), "[]\n");
  EXPECT_THAT(Err(), HasSubstr("nothing"));
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "features", "-q"}), 0);
  EXPECT_EQ(Err(), "");
}

// A later look at one node took the place of what an earlier one knew of all, without a word.
TEST_F(Facts_Test, WhenTheNewestAnalysisKnowsOfFewerNodesThenTheExportSaysWhichKnowsMore) {
  server_.facts.clear();
  AddFact("P14L0H1", 14, 0, true, 1, "Fail%:8", "awide");
  AddFact("P15L0H0", 15, 0, true, 0, "Fail%:9", "awide");
  AddFact("P14L0H1", 14, 0, true, 1, "Fail%:7", "bnarrow");
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "behaviors"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out()).size(), 1u);
  EXPECT_THAT(Err(), HasSubstr("ablation tags are of bnarrow, the newest, with 1 node; of 2 nodes: --analysis awide"));
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "features"}), 0);
  EXPECT_THAT(Err(), Not(HasSubstr("awide")));
}

// A header alone did not say what to do.
TEST_F(Facts_Test, WhenAListIsEmptyThenATerminalIsToldWhatToDo) {
  server_.facts.clear();
  server_.stored = {EndedAnalysis()};  // of another run than the one asked for
  for (const std::vector<std::string>& list :
       std::vector<std::vector<std::string>>{{"facts", "task = \"A2.SC\""}, {"analyses", "list", "r9"}}) {
    terminal_.out_is_terminal = false;
    EXPECT_EQ(Run(list), 0);
    EXPECT_EQ(Err(), "");
    terminal_.out_is_terminal = true;
    EXPECT_EQ(Run(list), 0);
    EXPECT_THAT(Err(), HasSubstr("none")) << list[0];
    EXPECT_THAT(Err(), HasSubstr("sumscope ")) << list[0];
    std::vector<std::string> quiet = list;
    quiet.push_back("-q");
    EXPECT_EQ(Run(quiet), 0);
    EXPECT_EQ(Err(), "");
  }
}

// All analyses were merged: one node had Fail%:8 and Fail%:1 at once.
TEST_F(Facts_Test, WhenAnalysesDifferThenTheNewestOfEachFamilyIsExported) {
  AddFact("P14L0H1", 14, 0, true, 1, "Fail%:1", "newer");
  AddFact("P14L0H1", 14, 0, true, 1, "Impact:A2", "newer");
  AddFact("P14L0H1", 14, 0, true, 1, "Fail%:50", "early", 5);
  const auto tags = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"facts", "export"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(Run(all), 0);
    std::vector<std::string> found;
    for (const auto& entry : nlohmann::json::parse(Out())) {
      for (const auto& tag : entry["tags"]) found.push_back(tag);
    }
    return found;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(tags({"r7", "--kind", "behaviors"}), (Texts{"Fail%:1", "Impact:A2"}));
  EXPECT_EQ(tags({"r7", "--kind", "features"}), Texts{"Algo:A2.SC"}) << "of an older one, which alone has them";
  EXPECT_EQ(tags({"r7@5", "--kind", "behaviors"}), Texts{"Fail%:50"});
}

TEST_F(Facts_Test, WhenTheRunsLatestAnalysisIsAskedForThenItsTagsAlone) {
  AddFact("P14L0H2", 14, 0, true, 2, "Fail%:1", "newer");
  for (const char* latest : {"@last", "a1b2", "r7k2m9qa/a1b2c3d4"}) {
    EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "behaviors", "--analysis", latest}), 0) << latest;
    EXPECT_EQ(nlohmann::json::parse(Out()).size(), 2u) << latest;
  }
  EXPECT_EQ(Run({"facts", "export", "r7", "--kind", "behaviors", "--analysis", "none"}), 3);
}

TEST_F(Facts_Test, WhenTheAuthorsJsonIsImportedThenItsTagsAreSent) {
  const std::string path = directory_.path() + "/features.json";
  std::ofstream(path) << R"([{"position": 14, "layer": 0, "is_head": true, "num": 1, "tags": ["Algo:A3.SA"]},
                             {"position": 15, "layer": 0, "is_head": false, "num": 0, "tags": ["Fail%:9"]}])";
  server_.from_cache = true;
  EXPECT_EQ(Run({"facts", "import", "r7", path}), 0);
  const auto request = server_.LastRequest<v1::CreateAnalysisRequest>();
  EXPECT_EQ(request.parent(), "runs/r7");
  const v1::ImportTagsRequest& import = request.request().import_tags();
  EXPECT_EQ(import.file_name(), "features.json");
  ASSERT_EQ(import.tags_size(), 2);
  EXPECT_EQ(import.tags(0).node(), "P14L0H1");
  EXPECT_EQ(import.tags(0).tag(), "Algo:A3.SA");
  EXPECT_EQ(import.tags(1).node(), "P15L0MLP");
  std::ofstream(path) << "no JSON";
  EXPECT_EQ(Run({"facts", "import", "r7", path}), 2);
  EXPECT_EQ(Run({"facts", "import", "r7", path + "x"}), 3);
}

// It waited for ever, deaf to Ctrl-C, as question files once did.
TEST_F(Facts_Test, WhenNobodyWritesIntoThePipeThenTheImportIsGivenUp) {
  const std::string pipe = directory_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(Run({"facts", "import", "r7", pipe}), 3);
  EXPECT_THAT(Err(), HasSubstr("nobody writes into this pipe"));
  EXPECT_GE(sleeper_.slept, absl::Seconds(30));
  EXPECT_EQ(server_.CountCalls("CreateAnalysis"), 0);
}

}  // namespace
}  // namespace sumscope::client
