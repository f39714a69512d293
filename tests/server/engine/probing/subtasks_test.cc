// The sub-task search on trained models whose nodes are known from the oracles' interventions.
#include "server/engine/probing/subtasks.h"

#include <algorithm>

#include "server/engine/probing/algorithm.h"
#include "server/engine/probing/patch.h"
#include "tests/server/engine/probing/oracle_model.h"

namespace sumscope::engine {
namespace {

class Subtasks_Test : public OracleModelTest {
 protected:
  SubtasksRequest AllTasks() const {
    SubtasksRequest request;
    for (const Operation operation : {Operation::kAdd, Operation::kSub}) {
      if (operation == Operation::kSub && !mixed()) break;
      for (const Task task : TasksOf(operation)) {
        for (const int digit : TaskDigits(task, 5)) request.tasks.push_back({task, digit});
      }
    }
    return request;
  }
  std::unique_ptr<QuestionSource> SomeQuestions() {
    const Questions& all = mixed() ? both_ : sets_["uniform"];
    Questions some;
    for (size_t i = 0; i < all.size(); i += 4) some.push_back(all[i]);
    return ListSource(some);
  }
};

// The node is silenced at all positions: its output weights are zero.
void ZeroHead(Model* model, int64_t layer, int64_t head) {
  const std::string name = "blocks." + std::to_string(layer) + ".attn.W_O";
  for (auto& [own, tensor] : model->weights) {
    if (own != name) continue;
    tensor = tensor.clone();
    tensor[head].zero_();
  }
}

TEST_P(Subtasks_Test, GivenATrainedModelThenStrongFindingsAreThoseOfTheInterventions) {
  const SubtasksResult result = Subtasks(model_, *SomeQuestions(), AllTasks());
  ASSERT_FALSE(result.findings.empty());
  for (const SubtaskFinding& finding : result.findings) {
    if (!finding.strong) continue;
    SCOPED_TRACE(finding.task + " " + NodeSetText(finding.nodes));
    EXPECT_GT(finding.l2, 0);
    // The head is useful, and every pair of the task says what the oracle's record says of it.
    const int digit = finding.task[1] - '0';
    const Task task = ParseTask(finding.task.substr(3));
    const PatchResult patched = Patch(model_, {PairsFor(task, digit, 5, model_.format), {finding.nodes}});
    for (const PatchedPair& pair : patched.pairs) {
      const std::vector<int>& strong = pair.results[0].strong_for;
      EXPECT_NE(std::find(strong.begin(), strong.end(), digit), strong.end());
    }
    for (const Node& node : finding.nodes) {
      const auto& map = result.map.results;
      const auto entry =
          std::find_if(map.begin(), map.end(), [&](const Ablated& one) { return one.nodes.front() == node; });
      ASSERT_NE(entry, map.end());
      EXPECT_GT(entry->failed_of_right, 0u);
    }
  }
}

TEST_P(Subtasks_Test, WhenAFoundHeadIsZeroedThenNothingTagsIt) {
  const SubtasksRequest request = AllTasks();
  const SubtasksResult before = Subtasks(model_, *SomeQuestions(), request);
  const auto strong = std::find_if(before.findings.begin(), before.findings.end(),
                                   [](const SubtaskFinding& finding) { return finding.strong; });
  if (strong == before.findings.end()) GTEST_SKIP() << "no strong finding in this model";
  const Node node = strong->nodes.front();
  ZeroHead(&model_, node.layer, node.head);
  const SubtasksResult after = Subtasks(model_, *SomeQuestions(), request);
  for (const NodeTag& tag : after.tags) {
    EXPECT_FALSE(tag.node.kind == Node::Kind::kHead && tag.node.layer == node.layer && tag.node.head == node.head)
        << NodeText(tag.node) << " " << tag.tag;
  }
}

TEST_P(Subtasks_Test, GivenTheReportThenClausesRestOnFindings) {
  AlgorithmRequest request;
  request.subtasks = AllTasks();
  request.cascades.operations = {Operation::kAdd};
  request.cascades.per_cell = 50;
  const AlgorithmResult result = Algorithm(model_, *SomeQuestions(), request);
  EXPECT_LE(result.useful_heads_with_purpose, result.useful_heads);
  EXPECT_LE(result.useful_mlps_with_purpose, result.useful_mlps);
  EXPECT_GT(result.useful_heads, 0u);
  size_t held = 0;
  for (const AlgorithmClause& clause : result.clauses) {
    if (clause.name == "positions") continue;
    EXPECT_EQ(clause.holds, !clause.evidence.empty()) << clause.name;
    held += clause.holds;
  }
  EXPECT_GT(held, 0u);
}

INSTANTIATE_TEST_SUITE_P(Models, Subtasks_Test, kOracleModels, OracleName);

}  // namespace
}  // namespace sumscope::engine
