// Evaluations that are lost and go on.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/data/sources.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/probing/evaluation/small_models.h"

namespace sumscope::engine {
namespace {

using States = std::map<uint64_t, std::string>;  // by the questions done

// Every number of a result, doubles by their bits.
class Numbers {
 public:
  explicit Numbers(const EvaluateResult& result) {
    Add(result.exact);
    for (const DigitTally& digit : result.digits) Add(digit.tally, digit.digit);
    for (const ClassTally& tally : result.classes) Add(tally.tally, ClassName(tally.question_class));
    for (const CellTally& cell : result.cells) {
      Add(cell.tally, cell.cell);
      for (const Tally& column : cell.by_column) Add(column);
    }
    for (const CascadeTally& cascade : result.cascades) Add(cascade.tally, cascade.digit, cascade.length);
    for (const WorstQuestion& worst : result.worst) Add({0, 0, worst.loss, 0}, Text(worst.question) + worst.predicted);
    Add(result.generated_sample.exact, "generated", result.generated_sample.agrees_with_forced);
    for (const DigitTally& digit : result.generated_sample.digits) Add(digit.tally, digit.digit);
    Add({result.near_ties, result.rechecked, 0, result.by_tables});
  }
  const std::vector<std::string>& rows() const { return rows_; }

 private:
  static std::string Text(const Question& question) {
    std::string text = std::to_string(static_cast<int>(question.op));
    for (int i = 0; i < question.n; ++i) {
      text += " " + std::to_string(question.a[static_cast<size_t>(i)]) + "," +
              std::to_string(question.b[static_cast<size_t>(i)]);
    }
    return text;
  }
  void Add(const Tally& tally, const std::string& name = "", uint64_t more = 0) {
    uint64_t bits = 0;
    if (!std::isnan(tally.loss)) std::memcpy(&bits, &tally.loss, sizeof(bits));
    std::string row = name;
    for (const uint64_t number : {more, tally.count, tally.correct, tally.loss_count, bits}) {
      row += " " + std::to_string(number);
    }
    rows_.push_back(row);
  }
  std::vector<std::string> rows_;
};

EvaluateResult Keep(const Model& model, const QuestionSource& source, const EvaluateRequest& request,
                    const std::string& from, States* states) {
  return Evaluate(model, source, request, nullptr, AnswerBy::kFastest,
                  {from, [states](uint64_t done, const auto& state) { states->emplace(done, state()); }});
}

// From each state on, the same result and the same later states.
void ExpectToGoOn(const Model& model, const QuestionSource& source, const EvaluateRequest& request) {
  States states;
  const std::vector<std::string> undisturbed = Numbers(Keep(model, source, request, "", &states)).rows();
  EXPECT_EQ(Numbers(Evaluate(model, source, request)).rows(), undisturbed) << "a state that is taken changes nothing";
  ASSERT_GT(states.size(), 1u);
  for (const auto& [done, state] : states) {
    States later;
    EXPECT_EQ(Numbers(Keep(model, source, request, state, &later)).rows(), undisturbed) << "from " << done;
    EXPECT_EQ(later, States(std::next(states.find(done)), states.end())) << "from " << done;
  }
}

std::string ReasonOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.reason;
  }
  return "";
}

TEST(EvaluateKeeping_Test, GoesOnFromAnyBatchOfAnySourceThenTheResultIsTheSameBits) {
  const std::vector<std::pair<Format, std::function<std::unique_ptr<QuestionSource>()>>> sources = {
      {Format::kPlain, [] { return UniformSource(Operation::kAdd, 3, 1500, 1); }},
      {Format::kSigned, [] { return UniformSource(Operation::kSub, 3, 1500, 2); }},
      {Format::kSigned, [] { return MixedSource(3, 1500, 3); }},
      {Format::kPlain, [] { return ClassSource(ParseClass("S2"), 3, 1100, 4); }},
      {Format::kPlain, [] { return StratifiedSource(Operation::kAdd, 3, 400, 5); }},
      {Format::kPlain, [] { return EnrichedSource(TrainOperation::kAdd, 3, 1100, 6, Enrichment::kPaper2); }},
      {Format::kPlain, [] { return TricaseSource(Operation::kAdd, 3, 1, 400, 7); }},
  };
  for (const auto& [format, make] : sources) {
    EvaluateRequest request;
    request.worst_count = 7;
    ExpectToGoOn(SmallModel(3, format), *make(), request);
  }
}

TEST(EvaluateKeeping_Test, GoesOnBesideProductsListsAndRequestsThenTheResultIsTheSameBits) {
  Questions questions;
  for (int i = 0; i < 1100; ++i) {
    const std::string a = std::to_string(10 + i % 90), b = std::to_string(99 - i % 89);
    questions.push_back(ParseQuestion(a + (i % 3 == 0 ? "*" : i % 3 == 1 ? "+" : "-") + b, 4));
  }
  EvaluateRequest request;
  request.generate = true;
  request.worst_count = 0;
  ExpectToGoOn(SmallModel(4, Format::kSigned), *ListSource(questions), request);
}

TEST(EvaluateKeeping_Test, GoesOnByTablesThenTheResultIsTheSameBits) {
  const Model model = TableModel(2, Format::kPlain);
  const auto source = UniformSource(Operation::kAdd, 2, 25'000, 8);
  for (const bool in_full : {false, true}) {
    EvaluateRequest request;
    request.loss_in_full = in_full;
    ASSERT_TRUE(Evaluate(model, *source, request).by_tables);
    ExpectToGoOn(model, *source, request);
  }
}

TEST(EvaluateKeeping_Test, LongestLinesAndMostOfTheWorstThenTheStateFitsItsMessage) {
  EvaluateRequest request;
  request.worst_count = 1000;
  States states;
  Keep(SmallModel(20, Format::kSigned, 1), *UniformSource(Operation::kAdd, 20, 20'000, 1), request, "", &states);
  ASSERT_FALSE(states.empty());
  for (const auto& [done, state] : states) EXPECT_LE(state.size(), size_t{128} << 10) << done;
}

TEST(EvaluateKeeping_Test, StateOfAnotherEvaluationOrDamagedThenItIsRefused) {
  const Model model = SmallModel(3, Format::kPlain);
  const auto source = UniformSource(Operation::kAdd, 3, 1100, 1);
  States states;
  Keep(model, *source, {}, "", &states);
  const std::string state = states.begin()->second;
  const auto refused = [&](const Model& by, const QuestionSource& of, const EvaluateRequest& request,
                           const std::string& from) {
    States ignored;
    return ReasonOf([&] { Keep(by, of, request, from, &ignored); });
  };
  EvaluateRequest fewer, generate;
  fewer.worst_count = 5;
  generate.generate = true;
  EXPECT_EQ(refused(model, *source, {}, state), "");
  EXPECT_EQ(refused(model, *source, fewer, state), "STATE_UNREADABLE");
  EXPECT_EQ(refused(model, *source, generate, state), "STATE_UNREADABLE");
  EXPECT_EQ(refused(model, *UniformSource(Operation::kAdd, 3, 1101, 1), {}, state), "STATE_UNREADABLE");
  EXPECT_EQ(refused(SmallModel(2, Format::kPlain), *UniformSource(Operation::kAdd, 2, 1100, 1), {}, state),
            "STATE_UNREADABLE");
  for (size_t size = 97; size < state.size(); size += 97) {
    EXPECT_EQ(refused(model, *source, {}, state.substr(0, size)), "STATE_UNREADABLE") << size;
  }
  EXPECT_EQ(refused(model, *source, {}, state + "x"), "STATE_UNREADABLE");
  EXPECT_EQ(refused(model, *source, {}, std::string(state.size(), '\xff')), "STATE_UNREADABLE");
}

}  // namespace
}  // namespace sumscope::engine
