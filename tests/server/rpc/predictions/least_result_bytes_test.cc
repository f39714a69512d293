// The least that an answer takes, before it is computed.
#include <gtest/gtest.h>

#include <string>

#include "proto/contract/analyses/kinds/kinds.h"
#include "server/rpc/predictions/predict.h"
#include "tests/server/rpc/predictions/some_questions.h"

namespace sumscope::rpc {
namespace {

// A lower bound is one: pairs that are the same for every digit were counted for each.
TEST(LeastResultBytes_Test, PairsOfEveryDigitCountOnce) {
  v1::AnalysisRequest patch;
  patch.mutable_patch()->add_node_sets("P14L0H1");
  v1::QuestionSet pairs;
  for (int digit = 0; digit < 5; ++digit) pairs.mutable_pairs()->add_tasks("A" + std::to_string(digit) + ".MD");
  const v1::AnalysisPrediction prediction = PredictAnalysis(TwoLayers(), patch, pairs, 0, AssumedSpeed(1));
  EXPECT_EQ(prediction.questions(), 2);
  EXPECT_EQ(KindOf(patch).LeastResultBytes(TwoLayers(), prediction, patch), 2u * (2 + 7 + 2 * 9 + 2));
}

TEST(LeastResultBytes_Test, PatchesAndImportedTagsAreKnownBeforehand) {
  v1::AnalysisRequest patch, tags, other;
  patch.mutable_patch()->add_node_sets("P14L0H1");
  v1::QuestionSet pairs;
  for (int i = 0; i < 10; ++i) pairs.mutable_pairs()->add_pairs();
  const auto bytes = [&](const v1::AnalysisRequest& request, const v1::QuestionSet& questions) {
    return KindOf(request).LeastResultBytes(
        TwoLayers(), PredictAnalysis(TwoLayers(), request, questions, 0, AssumedSpeed(1)), request);
  };
  // A predicted answer of 7 tokens with its key and length, l2 and loss, and the key and length of them all.
  EXPECT_EQ(bytes(patch, pairs), 10u * (2 + 7 + 2 * 9 + 2));
  auto* tag = tags.mutable_import_tags()->add_tags();
  tag->set_node("P14L0H1");
  tag->set_tag("Fail%:8");
  EXPECT_EQ(bytes(tags, {}), tags.import_tags().ByteSizeLong());
  other.mutable_evaluate();
  EXPECT_EQ(bytes(other, Uniform(10)), 0u);
}

}  // namespace
}  // namespace sumscope::rpc
