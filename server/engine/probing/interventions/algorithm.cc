#include "server/engine/probing/interventions/algorithm.h"

#include <algorithm>

#include "server/engine/data/encoding.h"

namespace sumscope::engine {
namespace {

// A node that spoils one right question in 100, Fail%:1, stays unseen by this many with a probability below 5 %
// (0.99^299 = 0.0495). Fewer do not say that nodes are useless, which every clause says that finds none.
constexpr uint64_t kLeastRight = 299;

// Tests clauses against what the sub-task search found.
class ClauseReport {
 public:
  ClauseReport(const Encoding& encoding, int64_t n_layers, AlgorithmResult* result)
      : encoding_(encoding), n_layers_(n_layers), result_(result) {}

  void Additions() {
    ForDigits(Task::kSA, "the base sum of digit %d is computed at or before the row that reveals A%d", 0);
    if (n_layers_ == 1) {
      ForDigits(Task::kSC, "whether column %d makes a carry is known at or before the row that reveals A%d", 1);
      ForDigits(Task::kSS, "whether column %d passes a carry on is known at or before the row that reveals A%d", 1);
    } else {
      BeforeTheAnswer(Task::kST, "the tri-case of column %d is computed before the answer begins");
    }
  }

  void Subtractions() {
    ForDigits(Task::kMD, "the base difference of digit %d is computed at or before the row that reveals A%d", 0);
    ForDigits(Task::kND,
              "the base difference of digit %d of a negative answer is computed at or before the row that reveals A%d",
              0);
    if (n_layers_ == 1) {
      ForDigits(Task::kMB, "whether column %d borrows is known at or before the row that reveals A%d", 1);
      ForDigits(Task::kNB,
                "whether column %d of a negative answer borrows is known at or before the row that reveals A%d", 1);
    } else {
      BeforeTheAnswer(Task::kMT, "the tri-case of column %d is computed before the answer begins");
    }
    BeforeTheAnswer(Task::kGT, "whether digit %d of the first operand is the larger one decides the sign");
  }

  void UnusedRows() {
    AlgorithmClause clause{"positions", "no node before the second operand is useful", true, true, ""};
    for (const Ablated& ablated : result_->subtasks.map.results) {
      if (ablated.failed_of_right == 0 || ablated.nodes.front().position > encoding_.n_digits()) continue;
      clause.holds = false;
      clause.evidence += (clause.evidence.empty() ? "" : ", ") + NodeText(ablated.nodes.front());
    }
    if (clause.holds && result_->subtasks.map.unablated.right < kLeastRight) clause.holds = clause.testable = false;
    result_->clauses.push_back(std::move(clause));
  }

  void Purposes() {
    const SubtasksResult& subtasks = result_->subtasks;
    result_->useful_heads = subtasks.useful_heads;
    result_->useful_mlps = subtasks.useful_mlps;
    for (const Ablated& ablated : subtasks.map.results) {
      if (ablated.failed_of_right == 0) continue;
      const Node& node = ablated.nodes.front();
      const bool is_head = node.kind == Node::Kind::kHead;
      const bool purpose =
          std::any_of(subtasks.findings.begin(), subtasks.findings.end(), [&](const SubtaskFinding& finding) {
            return std::any_of(finding.nodes.begin(), finding.nodes.end(), [&](const Node& other) {
              return is_head ? other == node : other.layer == node.layer && other.position == node.position;
            });
          });
      (is_head ? result_->useful_heads_with_purpose : result_->useful_mlps_with_purpose) += purpose;
    }
  }

 private:
  static std::string Format(std::string text, int digit, int answer) {
    for (const int value : {digit, answer}) {
      const size_t at = text.find("%d");
      if (at != std::string::npos) text.replace(at, 2, std::to_string(value));
    }
    return text;
  }

  // `above`: the task of digit d is needed for A_{d+above}.
  void ForDigits(Task task, const char* text, int above) {
    for (const int d : TaskDigits(task, encoding_.n_digits())) {
      const int answer = d + above;
      const int64_t last_row = encoding_.first_answer_row() + encoding_.answer_index(answer);
      Test({task, d}, Format(text, d, answer), last_row);
    }
  }

  void BeforeTheAnswer(Task task, const char* text) {
    for (const int d : TaskDigits(task, encoding_.n_digits())) {
      Test({task, d}, Format(text, d, d), encoding_.first_answer_row() + encoding_.answer_index(encoding_.n_digits()));
    }
  }

  // Questions of one operation that are right without ablation: those on which a node can show that it is useful.
  uint64_t RightOf(Operation operation) const {
    const AblationResult& map = result_->subtasks.map;
    if (map.results.empty()) return 0;
    for (const OperationHits& hits : map.results.front().operations) {
      if (hits.operation == operation) return hits.right;
    }
    return 0;
  }

  void Test(const DigitTask& task, std::string text, int64_t last_row) {
    const SubtasksResult& subtasks = result_->subtasks;
    AlgorithmClause clause{TaskText(task), std::move(text), false, true, ""};
    const auto& hidden = subtasks.not_testable;
    clause.testable = std::find(hidden.begin(), hidden.end(), clause.name) == hidden.end();
    for (const SubtaskFinding& finding : subtasks.findings) {
      if (finding.task != clause.name || finding.nodes.front().position > last_row) continue;
      clause.holds = true;
      clause.evidence += (clause.evidence.empty() ? "" : "; ") + NodeSetText(finding.nodes);
    }
    if (!clause.holds && RightOf(TaskOperation(task.task)) < kLeastRight) clause.testable = false;
    result_->clauses.push_back(std::move(clause));
  }

  const Encoding& encoding_;
  const int64_t n_layers_;
  AlgorithmResult* const result_;
};

}  // namespace

AlgorithmResult Algorithm(const Model& model, const QuestionSource& questions, const AlgorithmRequest& request,
                          const ProgressFn& progress) {
  const Encoding encoding(model.n_digits, model.format);
  AlgorithmResult result;
  result.subtasks = Subtasks(model, questions, request.subtasks, Part(progress, 0, 0.8));
  result.verdict = Cascades(model, questions, request.cascades, Part(progress, 0.8, 1));
  ClauseReport report(encoding, model.config.n_layers, &result);
  for (const Operation operation : request.cascades.operations) {
    operation == Operation::kAdd ? report.Additions() : report.Subtractions();
  }
  report.UnusedRows();
  report.Purposes();
  return result;
}

}  // namespace sumscope::engine
