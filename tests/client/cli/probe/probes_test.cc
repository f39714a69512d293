#include "client/cli/probe/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

// A kind that nobody lists would have an answer that nobody can read.
TEST(Probes_Test, EveryFieldOfTheOneofsHasItsProbe) {
  const auto* const requests = v1::AnalysisRequest::descriptor();
  const auto* const results = v1::AnalysisResult::descriptor();
  ASSERT_EQ(requests->field_count(), static_cast<int>(AllProbes().size()));
  for (int i = 0; i < requests->field_count(); ++i) {
    const Probe* const probe = FindProbe(requests->field(i)->name());
    ASSERT_NE(probe, nullptr) << requests->field(i)->name();
    EXPECT_EQ(AllProbes()[static_cast<size_t>(i)], probe) << "in the order of the fields";
    v1::AnalysisRequest request;
    request.GetReflection()->MutableMessage(&request, requests->field(i));
    v1::AnalysisResult result;
    result.GetReflection()->MutableMessage(&result, results->FindFieldByName(requests->field(i)->name()));
    EXPECT_EQ(ProbeOf(request), probe);
    EXPECT_EQ(ProbeOf(result), probe);
    EXPECT_FALSE(probe->Text(result, View()).empty()) << probe->name();
  }
  EXPECT_EQ(ProbeOf(v1::AnalysisRequest()), nullptr);
  EXPECT_EQ(ProbeOf(v1::AnalysisResult()), nullptr);
}

TEST(Probes_Test, WhatTrainingIsFollowedByNeedsNoOptions) {
  std::vector<absl::string_view> follow;
  for (const Probe* const probe : AllProbes()) {
    if (probe->follows_training()) follow.push_back(probe->name());
  }
  EXPECT_THAT(follow, ElementsAre("evaluate", "attention", "useful_nodes", "subtasks", "attribution", "phases",
                                  "cascades", "algorithm"));
}

}  // namespace
}  // namespace sumscope::client
