// The sub-task search on trained models, beside the oracles' records of every intervention.
#include "server/engine/probing/interventions/subtasks.h"

#include <algorithm>
#include <map>
#include <set>

#include "server/engine/probing/attention/attention.h"
#include "server/engine/probing/interventions/algorithm.h"
#include "tests/server/engine/probing/oracle_interventions.h"
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

// The heads that the rules of science.md section 6.5 name for a task by the oracle's records: all of the task's pairs
// answer as the task would. A head with a near tie is in doubt and left out of both sides.
class OracleFindings {
 public:
  OracleFindings(const Model& model, const nlohmann::json& expected, const QuestionSource& questions,
                 const SubtasksResult& result)
      : model_(model), records_(ReadInterventions(expected.at("interventions"))), result_(result) {
    std::map<Operation, Questions> by_operation;
    Questions all;
    questions.Fill(0, questions.count(), &all);
    for (const Question& question : all) by_operation[question.op].push_back(question);
    AttentionRequest request;
    request.all_rows = true;
    for (const auto& [operation, own] : by_operation) {
      attention_[operation] = Attention(model, *ListSource(own), request);
    }
  }

  std::set<std::string> StrongSingles(const DigitTask& task) {
    std::set<std::string> found;
    for (const Ablated& ablated : result_.map.results) {
      if (IsCandidate(task, ablated) && IsStrong(task, ablated.nodes)) found.insert(NodeSetText(ablated.nodes));
    }
    return found;
  }
  // The 1-layer model's file leaves out SS9 and SS9C.
  bool Knows(const DigitTask& task) const {
    const std::string id = PairsFor(task.task, task.digit, 5, model_.format).front().id;
    const auto first = records_.lower_bound({id, {}});
    return first != records_.end() && first->first.first == id;
  }
  bool InDoubt(const std::string& nodes) const { return in_doubt_.count(nodes) > 0; }

 private:
  bool IsCandidate(const DigitTask& task, const Ablated& ablated) const {
    const Node& node = ablated.nodes.front();
    if (node.kind != Node::Kind::kHead || ablated.failed_of_right == 0) return false;
    if (node.position < (model_.format == Format::kSigned ? 12 : 11)) return false;
    const bool own_digit = task.task == Task::kSA || task.task == Task::kMD || task.task == Task::kND;
    const size_t first = model_.format == Format::kSigned ? 1 : 0;  // A5 comes first
    if (!ablated.changed_digits[first + 5 - static_cast<size_t>(task.digit + (own_digit ? 0 : 1))]) return false;
    if (node.layer > 0) return true;
    const int pair = task.task == Task::kSS ? task.digit - 1 : task.digit;
    const auto& weights = attention_.at(TaskOperation(task.task))
                              .heads[static_cast<size_t>(node.head)]
                              .rows[static_cast<size_t>(node.position)]
                              .weights;
    return std::min(weights[static_cast<size_t>(4 - pair)], weights[static_cast<size_t>(10 - pair)]) >= 0.1;
  }
  bool IsStrong(const DigitTask& task, const NodeSet& nodes) {
    for (const StoreCleanPair& pair : PairsFor(task.task, task.digit, 5, model_.format)) {
      const auto record = records_.find({pair.id, InterventionNodes(nodes)});
      if (record == records_.end()) return false;
      if (record->second.margin < 1e-4) in_doubt_.insert(NodeSetText(nodes));
      const std::vector<int>& strong = record->second.strong_for;
      if (std::find(strong.begin(), strong.end(), task.digit) == strong.end()) return false;
    }
    return true;
  }

  const Model& model_;
  const std::map<InterventionKey, Intervention> records_;
  const SubtasksResult& result_;
  std::map<Operation, AttentionResult> attention_;
  std::set<std::string> in_doubt_;
};

TEST_P(Subtasks_Test, GivenATrainedModelThenStrongHeadsAreExactlyThoseOfTheOraclesInterventions) {
  const auto questions = SomeQuestions();
  const SubtasksRequest request = AllTasks();
  const SubtasksResult result = Subtasks(model_, *questions, request);
  OracleFindings oracle(model_, expected_, *questions, result);
  size_t strong = 0;
  for (const DigitTask& task : request.tasks) {
    if (task.task == Task::kST || task.task == Task::kMT || task.task == Task::kGT || !oracle.Knows(task)) continue;
    const std::string text = TaskText(task);
    const auto& untested = result.not_testable;
    if (std::find(untested.begin(), untested.end(), text) != untested.end()) continue;
    std::set<std::string> found;
    for (const SubtaskFinding& finding : result.findings) {
      if (finding.task == text && finding.strong && finding.nodes.size() == 1) found.insert(NodeSetText(finding.nodes));
    }
    for (const std::string& nodes : oracle.StrongSingles(task)) {
      EXPECT_TRUE(found.count(nodes) > 0 || oracle.InDoubt(nodes)) << text << " was not found at " << nodes;
    }
    for (const std::string& nodes : found) {
      EXPECT_TRUE(oracle.StrongSingles(task).count(nodes) > 0 || oracle.InDoubt(nodes)) << text << " at " << nodes;
    }
    strong += found.size();
  }
  EXPECT_GT(strong, 0u);
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

// Of a few questions hardly a node fails one, and what was not seen was said not to be there.
TEST_P(Subtasks_Test, GivenFewQuestionsThenWhatIsNotFoundIsNotSaidToBeAbsent) {
  Questions all, few;  // of every operation
  const auto some = SomeQuestions();
  some->Fill(0, some->count(), &all);
  for (size_t i = 0; i < all.size(); i += all.size() / 40) few.push_back(all[i]);
  AlgorithmRequest request;
  request.subtasks = AllTasks();
  request.cascades.operations = {Operation::kAdd};
  request.cascades.per_cell = 5;
  for (const AlgorithmClause& clause : Algorithm(model_, *ListSource(few), request).clauses) {
    const bool refuted = clause.name == "positions" && !clause.evidence.empty();
    EXPECT_EQ(clause.testable, clause.holds || refuted) << clause.name;
    EXPECT_FALSE(clause.name == "positions" && clause.holds);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Subtasks_Test, kOracleModels, OracleName);

}  // namespace
}  // namespace sumscope::engine
