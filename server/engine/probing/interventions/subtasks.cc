#include "server/engine/probing/interventions/subtasks.h"

#include <algorithm>
#include <map>

#include "server/engine/data/encoding.h"
#include "server/engine/probing/interventions/patch.h"

namespace sumscope::engine {
namespace {

constexpr double kMinAttention = 0.1;

// The digit pair that a task's head reads, and the answer digit that it changes.
int PairOf(const DigitTask& task) { return task.task == Task::kSS ? task.digit - 1 : task.digit; }
int ImpactedDigit(const DigitTask& task) {
  const bool own = task.task == Task::kSA || task.task == Task::kMD || task.task == Task::kND;
  return own ? task.digit : task.digit + 1;
}
bool IsWeak(Task task) { return task == Task::kST || task == Task::kMT; }

// Mean attention of every head at every row over the questions of one operation.
class AttentionShares {
 public:
  AttentionShares(const Model& model, const Questions& questions, const ProgressFn& progress)
      : n_heads_(model.config.n_heads) {
    AttentionRequest request;
    request.all_rows = true;
    attention_ = Attention(model, *ListSource(questions), request, progress);
  }
  double Of(const Node& head, int64_t key) const {
    const AttentionHead& found = attention_.heads[static_cast<size_t>(head.layer * n_heads_ + head.head)];
    return static_cast<double>(found.rows[static_cast<size_t>(head.position)].weights[static_cast<size_t>(key)]);
  }
  const AttentionResult& attention() const { return attention_; }

 private:
  const int64_t n_heads_;
  AttentionResult attention_;
};

class Search {
 public:
  Search(const Model& model, const QuestionSource& questions, const SubtasksRequest& request)
      : model_(model), questions_(questions), request_(request), forward_(model), encoding_(forward_.encoding()) {}

  SubtasksResult Run(const ProgressFn& progress) {
    result_.map =
        Ablate(model_, questions_, {EveryNode(model_.config), request_.mode, request_.seed}, Part(progress, 0, 0.7));
    for (const Ablated& ablated : result_.map.results) {
      if (ablated.failed_of_right == 0) continue;
      const Node& node = ablated.nodes.front();
      (node.kind == Node::Kind::kHead ? result_.useful_heads : result_.useful_mlps) += 1;
      if (node.kind == Node::Kind::kHead) useful_.push_back(&ablated);
    }
    MeasureAttention(Part(progress, 0.7, 0.75));
    for (size_t t = 0; t < request_.tasks.size(); ++t) {
      const auto share = [&](size_t i) {
        return 0.75 + 0.25 * static_cast<double>(i) / static_cast<double>(request_.tasks.size());
      };
      SearchTask(request_.tasks[t], Part(progress, share(t), share(t + 1)));
      Report(progress, share(t + 1));
    }
    FindTokenReaders();
    AddTags();
    return std::move(result_);
  }

 private:
  void MeasureAttention(const ProgressFn& progress) {
    std::map<Operation, Questions> by_operation;
    Questions all;
    questions_.Fill(0, questions_.count(), &all);
    for (const Question& question : all) by_operation[question.op].push_back(question);
    const double passes =
        by_operation.size() > 1 ? 2 * static_cast<double>(all.size()) : static_cast<double>(all.size());
    double done = 0;
    const auto measure = [&](const Questions& questions) {
      const double from = done / passes, to = (done += static_cast<double>(questions.size())) / passes;
      return AttentionShares(model_, questions, Part(progress, from, to));
    };
    for (const auto& [operation, questions] : by_operation) shares_.emplace(operation, measure(questions));
    if (by_operation.size() > 1) all_shares_.push_back(measure(all));
  }
  const AttentionShares& AllShares() const {
    return all_shares_.empty() ? shares_.begin()->second : all_shares_.front();
  }

  int64_t KeyOfA(int digit) const { return encoding_.n_digits() - 1 - digit; }
  int64_t KeyOfB(int digit) const { return 2 * encoding_.n_digits() - digit; }

  // Rows at which heads of the task stand.
  bool StandsRight(Task task, int64_t row) const {
    const int n = encoding_.n_digits();
    const int64_t predicts_top = encoding_.format() == Format::kSigned ? 2 * n + 2 : 2 * n + 1;
    if (IsWeak(task)) return row >= n && row <= predicts_top;
    return task == Task::kGT || row >= predicts_top;
  }

  bool Impacts(const Ablated& ablated, const DigitTask& task) const {
    if (IsWeak(task.task) || task.task == Task::kGT) return true;
    return ablated.changed_digits[static_cast<size_t>(encoding_.answer_index(ImpactedDigit(task)))];
  }

  // The smaller share of the two digits that the task reads; of two heads either may read either.
  double AttentionOf(const DigitTask& task, const NodeSet& nodes) const {
    const AttentionShares& shares = shares_.at(TaskOperation(task.task));
    const int pair = PairOf(task);
    double a = 0, b = 0;
    for (const Node& node : nodes) {
      a = std::max(a, shares.Of(node, KeyOfA(pair)));
      b = std::max(b, shares.Of(node, KeyOfB(pair)));
    }
    return std::min(a, b);
  }

  std::vector<const Ablated*> Candidates(const DigitTask& task) const {
    std::vector<const Ablated*> candidates;
    for (const Ablated* ablated : useful_) {
      if (StandsRight(task.task, ablated->nodes.front().position) && Impacts(*ablated, task)) {
        candidates.push_back(ablated);
      }
    }
    return candidates;
  }

  bool ReadsPair(const DigitTask& task, const NodeSet& nodes) const {
    return nodes.front().layer > 0 || AttentionOf(task, nodes) >= kMinAttention;
  }

  void SearchTask(const DigitTask& task, const ProgressFn& progress) {
    const std::vector<StoreCleanPair> pairs = PairsFor(task.task, task.digit, encoding_.n_digits(), model_.format);
    const std::vector<const Ablated*> candidates = Candidates(task);
    std::vector<NodeSet> singles, doubles;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const NodeSet& single = candidates[i]->nodes;
      if (ReadsPair(task, single)) singles.push_back(single);
      for (size_t j = i + 1; j < candidates.size(); ++j) {
        const Node& other = candidates[j]->nodes.front();
        if (other.layer != single.front().layer || other.position != single.front().position) continue;
        const NodeSet both = {single.front(), other};
        if (ReadsPair(task, both)) doubles.push_back(both);
      }
    }
    std::vector<NodeSet> node_sets = singles;
    node_sets.insert(node_sets.end(), doubles.begin(), doubles.end());
    const PatchResult patched = Patch(forward_, {pairs, node_sets}, progress);
    for (const PatchedPair& pair : patched.pairs) {
      if (!pair.testable) return result_.not_testable.push_back(TaskText(task));
    }
    std::vector<SubtaskFinding> found;
    for (const auto& [first, end] :
         {std::pair(size_t{0}, singles.size()), std::pair(singles.size(), node_sets.size())}) {
      for (size_t s = first; s < end; ++s) Judge(task, pairs, patched, s, node_sets[s], &found);
      if (!found.empty()) break;
    }
    const bool any_strong = std::any_of(found.begin(), found.end(), [](const auto& one) { return one.strong; });
    for (SubtaskFinding& finding : found) {
      if (finding.strong == any_strong) result_.findings.push_back(std::move(finding));
    }
    if (found.empty()) result_.not_found.push_back(TaskText(task));
  }

  // Adds a finding when every pair of the task answers as the task would.
  void Judge(const DigitTask& task, const std::vector<StoreCleanPair>& pairs, const PatchResult& patched, size_t set,
             const NodeSet& nodes, std::vector<SubtaskFinding>* found) const {
    SubtaskFinding finding{TaskText(task), nodes, true, "", 0, 0, 0};
    const std::string impact = "A" + std::to_string(ImpactedDigit(task));
    for (size_t p = 0; p < pairs.size(); ++p) {
      const Patched& one = patched.pairs[p].results[set];
      const bool strong = std::find(one.strong_for.begin(), one.strong_for.end(), task.digit) != one.strong_for.end();
      // GT is judged by the sign alone, which an impact of digits cannot show.
      const bool weak = IsWeak(task.task) ? !one.impact.empty() : task.task != Task::kGT && one.impact == impact;
      if (one.l2 == 0 || !(strong || weak)) return;
      finding.strong = finding.strong && strong;
      finding.evidence +=
          (p > 0 ? "; " : "") + pairs[p].id + ": " + patched.pairs[p].clean_true + " -> " + one.predicted;
      finding.l2 = p == 0 ? one.l2 : std::min(finding.l2, one.l2);
    }
    for (const Node& node : nodes) finding.fail_percent = std::max(finding.fail_percent, FailPercentOf(node));
    finding.attention = AttentionOf(task, nodes);
    found->push_back(std::move(finding));
  }

  int FailPercentOf(const Node& node) const {
    for (const Ablated* ablated : useful_) {
      if (ablated->nodes.front() == node) return ablated->FailPercent(result_.map.unablated.right);
    }
    return 0;
  }

  // OPR and SGN: heads whose answer depends on the operator or on the answer's sign.
  void FindTokenReaders() {
    if (shares_.count(Operation::kSub) == 0) return;
    const AttentionShares& shares = shares_.at(Operation::kSub);
    const std::pair<const char*, int64_t> tokens[] = {{"OPR", encoding_.n_digits()}, {"SGN", encoding_.n_question()}};
    for (const auto& [name, key] : tokens) {
      for (const Ablated* ablated : useful_) {
        const Node& node = ablated->nodes.front();
        const double share = node.position >= key ? shares.Of(node, key) : 0;
        if (share < kMinAttention) continue;
        result_.findings.push_back({name, {node}, false, "attends to the token", 0, FailPercentOf(node), share});
      }
    }
  }

  void AddTags() {
    result_.tags = AblationTags(encoding_, result_.map);
    const auto is_useful = [&](const Node& node) {
      return std::any_of(useful_.begin(), useful_.end(),
                         [&](const Ablated* ablated) { return ablated->nodes.front() == node; });
    };
    for (NodeTag& tag : AttentionTags(AllShares().attention())) {
      if (is_useful(tag.node)) result_.tags.push_back(std::move(tag));
    }
    for (const SubtaskFinding& finding : result_.findings) {
      for (const Node& node : finding.nodes) result_.tags.push_back({node, "Algo:" + finding.task});
    }
  }

  const Model& model_;
  const QuestionSource& questions_;
  const SubtasksRequest& request_;
  const RestartForward forward_;
  const Encoding& encoding_;
  SubtasksResult result_;
  std::vector<const Ablated*> useful_;  // heads, into result_.map
  std::map<Operation, AttentionShares> shares_;
  std::vector<AttentionShares> all_shares_;  // over all questions, where they have several operations
};

}  // namespace

std::string TaskText(const DigitTask& task) { return "A" + std::to_string(task.digit) + "." + TaskName(task.task); }

SubtasksResult Subtasks(const Model& model, const QuestionSource& questions, const SubtasksRequest& request,
                        const ProgressFn& progress) {
  return Search(model, questions, request).Run(progress);
}

}  // namespace sumscope::engine
