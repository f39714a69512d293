// The engine links no protobuf and so spells nodes and tasks itself: the contract must spell them alike.
#include <gtest/gtest.h>

#include "proto/contract/analyses/cost.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_cost.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/models/table_cost.h"
#include "proto/contract/names/tasks.h"
#include "server/engine/probing/arithmetic/task_pairs.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/probing/evaluation/phases.h"
#include "server/engine/probing/forward/restart_forward.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "server/engine/probing/interventions/subtasks.h"
#include "server/engine/runtime/error.h"
#include "server/engine/training/schedule.h"
#include "server/worker/convert/conversion.h"
#include "server/worker/convert/nodes.h"
#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

TEST(ContractAgreement_Test, GivenAnyNumberOfDigitsThenBothHaveTheSameTasks) {
  for (int n = 2; n <= 20; ++n) {
    for (const auto& [ours, theirs] : {std::pair(engine::Operation::kAdd, sumscope::v1::ADD),
                                       std::pair(engine::Operation::kSub, sumscope::v1::SUB)}) {
      std::vector<std::string> of_engine, of_contract;
      for (const engine::Task task : engine::TasksOf(ours)) {
        EXPECT_EQ(engine::TaskOperation(task), ours);
        for (const int digit : engine::TaskDigits(task, n)) of_engine.push_back(engine::TaskText({task, digit}));
      }
      for (const TaskName& task : AllTasks(theirs, static_cast<uint32_t>(n))) of_contract.push_back(TaskText(task));
      EXPECT_EQ(of_engine, of_contract) << n << " digits";
    }
  }
}

TEST(ContractAgreement_Test, GivenATrainingThenBothHaveItsCheckpoints) {
  EXPECT_EQ(kHeldoutQuestions, static_cast<double>(engine::kHeldoutQuestions));
  for (const uint64_t steps : {1u, 2u, 7u, 10u, 50u, 60u, 999u, 1000u}) {
    uint64_t from_three = 0, all = 0;
    for (uint64_t step = 0; step <= steps; ++step) {
      all += engine::IsCheckpointStep(step, steps) ? 1 : 0;
      from_three += step > 3 && engine::IsCheckpointStep(step, steps) ? 1 : 0;
    }
    EXPECT_EQ(CheckpointsBetween(0, steps, steps), all) << steps;
    EXPECT_EQ(CheckpointsBetween(3, steps, steps), from_three) << steps;
  }
}

TEST(ContractAgreement_Test, GivenAModelThenBothKnowWhetherTablesAnswer) {
  int by_tables = 0, by_forward_pass = 0;
  for (const uint32_t digits : {2u, 5u, 20u}) {
    for (const uint32_t d_mlp : {40u, 2040u, 50'000u, 55'000u, 60'000u, 61'000u, 62'000u, 63'000u, 64'000u, 65'000u}) {
      sumscope::v1::TrainSpec spec = TinySpec();
      spec.set_n_layers(1);
      spec.set_n_digits(digits);
      spec.set_n_heads(3);
      spec.set_d_model(500);
      spec.set_d_mlp(d_mlp);
      const auto fits = [](const sumscope::v1::TrainSpec& one) {
        return engine::AnswerTables::Fits(engine::ConfigOf(*ToEngine(one)), engine::Answerer::kMaxTableBytes);
      };
      EXPECT_EQ(AnswersByTables(spec), fits(spec)) << spec.ShortDebugString();
      (AnswersByTables(spec) ? by_tables : by_forward_pass) += 1;
      spec.set_n_layers(2);
      EXPECT_EQ(AnswersByTables(spec), fits(spec));
      spec.set_n_layers(1);
      spec.set_precision(sumscope::v1::FLOAT64);
      EXPECT_FALSE(AnswersByTables(spec));
    }
  }
  EXPECT_GT(by_tables, 10);
  EXPECT_GT(by_forward_pass, 3);
}

TEST(ContractAgreement_Test, GivenAnyNodeThenBothSpellItAlikeAndTheWorkerReadsItBack) {
  const sumscope::v1::TrainSpec spec = TinySpec();
  std::vector<engine::Node> nodes;
  for (const engine::NodeSet& set : engine::EveryNode(engine::ConfigOf(*ToEngine(spec)))) nodes.push_back(set.front());
  for (const auto kind : {engine::Node::Kind::kHead, engine::Node::Kind::kMlp, engine::Node::Kind::kResidual}) {
    if (kind != engine::Node::Kind::kResidual) nodes.push_back({kind, 0, 0, -1});
    nodes.push_back({kind, 0, 0, 3});
  }
  for (const engine::Node& node : nodes) {
    const std::string text = engine::NodeText(node);
    const auto name = ReadNodeName(text);
    ASSERT_TRUE(name.has_value()) << text;
    EXPECT_EQ(NodeNameText(*name), text);
    const auto read = ToNodeSet(spec, text);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, engine::NodeSet{node}) << text;
  }
}

TEST(ContractAgreement_Test, GivenAnySmallNumberOfStepsThenBothTakeTheSameWindows) {
  const std::vector<double> values(300, 1);
  for (uint64_t steps = 1; steps <= values.size(); ++steps) {
    const auto takes = [&](uint64_t window) {
      try {
        engine::Phases({{"digit_loss.A0"}, values.data(), steps}, {static_cast<uint32_t>(window), 1, 0.1});
        return true;
      } catch (const engine::Error& error) {
        EXPECT_EQ(error.reason, "BAD_WINDOW");
        return false;
      }
    };
    const auto contract_takes = [&](uint64_t window) {
      sumscope::v1::AnalysisRequest request;
      request.mutable_phases()->set_window(static_cast<uint32_t>(window));
      return KindOf(request).CheckMetrics("runs/r7", steps, request).ok();
    };
    EXPECT_EQ(takes(1), contract_takes(1)) << steps;
    // About two sevenths of the steps.
    const uint64_t widest = 2 * steps / 7;
    for (uint64_t window = widest < 4 ? 1 : widest - 3; window <= widest + 3; ++window) {
      EXPECT_EQ(takes(window), contract_takes(window)) << steps << " steps, window " << window;
    }
  }
}

TEST(ContractAgreement_Test, GivenAnyShapeThenBothTakeAsManyQuestionsAtOnce) {
  for (const uint32_t layers : {1, 2, 8}) {
    for (const uint32_t width : {16, 510, 1024}) {
      for (const uint32_t digits : {2, 5, 20}) {
        sumscope::v1::TrainSpec spec = TinySpec();
        spec.set_n_layers(layers);
        spec.set_d_model(width);
        spec.set_d_mlp(4 * width);
        spec.set_n_digits(digits);
        const engine::ModelConfig config = engine::ConfigOf(*ToEngine(spec));
        EXPECT_EQ(engine::BatchSize(config), static_cast<int64_t>(AskedAtOnce(spec))) << spec.ShortDebugString();
        EXPECT_EQ(engine::RestartBatchSize(config), static_cast<int64_t>(IntervenedAtOnce(spec)))
            << spec.ShortDebugString();
      }
    }
  }
}

// The ranges of learning rates disagreed.
TEST(ContractAgreement_Test, GivenASpecAtOrBeyondALimitThenBothTakeOrRefuseIt) {
  using Change = void (*)(sumscope::v1::TrainSpec*);
  const std::pair<bool, Change> changes[] = {
      {true, [](auto* spec) { spec->set_learning_rate(10); }},
      {false, [](auto* spec) { spec->set_learning_rate(10.5); }},
      {false, [](auto* spec) { spec->set_learning_rate(0); }},
      {true, [](auto* spec) { spec->set_weight_decay(0); }},
      {false, [](auto* spec) { spec->set_weight_decay(10.5); }},
      {true, [](auto* spec) { spec->set_beta1(0); }},
      {false, [](auto* spec) { spec->set_beta2(1); }},
      {true, [](auto* spec) { spec->set_epsilon(1); }},
      {false, [](auto* spec) { spec->set_epsilon(0); }},
      {true, [](auto* spec) { spec->set_n_layers(8); }},
      {false, [](auto* spec) { spec->set_n_layers(9); }},
      {true, [](auto* spec) { spec->set_n_digits(20); }},
      {false, [](auto* spec) { spec->set_n_digits(21); }},
      {false, [](auto* spec) { spec->set_n_heads(17); }},
      {false, [](auto* spec) { spec->set_d_model(1025); }},
      {false, [](auto* spec) { spec->set_d_head(1025); }},
      {false, [](auto* spec) { spec->set_d_mlp(8193); }},
      {false, [](auto* spec) { spec->set_batch_size(4097); }},
      {true, [](auto* spec) { spec->set_steps(10'000'000); }},
      {false, [](auto* spec) { spec->set_steps(10'000'001); }},
  };
  for (const auto& [taken, change] : changes) {
    sumscope::v1::TrainSpec spec = TinySpec();
    change(&spec);
    EXPECT_EQ(ValidateSpec(spec).ok(), taken) << spec.ShortDebugString();
    bool engine_takes = true;
    try {
      engine::ValidateSpec(*ToEngine(spec));
    } catch (const engine::Error&) {
      engine_takes = false;
    }
    EXPECT_EQ(engine_takes, taken) << spec.ShortDebugString();
  }
}

}  // namespace
}  // namespace sumscope::worker
