// The engine links no protobuf and so spells nodes and tasks itself: the contract must spell them alike.
#include <gtest/gtest.h>

#include "proto/contract/analyses/requests.h"
#include "proto/contract/node_names.h"
#include "proto/contract/tasks.h"
#include "server/engine/probing/ablation.h"
#include "server/engine/probing/arithmetic/task_pairs.h"
#include "server/engine/probing/node_tags.h"
#include "server/engine/probing/phases.h"
#include "server/engine/probing/subtasks.h"
#include "server/engine/runtime/error.h"
#include "server/worker/analyses/nodes.h"
#include "server/worker/conversion.h"
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

TEST(ContractAgreement_Test, GivenAnySmallNumberOfStepsThenTheEngineTakesTheWidestWindowAndNoWider) {
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
    const uint64_t widest = WidestPhaseWindow(steps);
    EXPECT_EQ(widest > 0, takes(1)) << steps;
    EXPECT_FALSE(takes(widest + 1)) << steps;
    if (widest > 0) {
      EXPECT_TRUE(takes(widest)) << steps;
    }
  }
}

}  // namespace
}  // namespace sumscope::worker
