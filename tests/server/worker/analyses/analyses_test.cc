#include "server/worker/analyses/analyses.h"

#include <gtest/gtest.h>

#include "proto/contract/analyses/kinds/kinds.h"

namespace sumscope::worker {
namespace {

// A kind that nobody lists would be queued, and fail once it has its turn.
TEST(Analyses_Test, EveryFieldOfTheRequestHasItsFunction) {
  const auto* const requests = sumscope::v1::AnalysisRequest::descriptor();
  for (int i = 0; i < requests->field_count(); ++i) {
    const AnalysisKind* const kind = FindKind(requests->field(i)->name());
    ASSERT_NE(kind, nullptr) << requests->field(i)->name();
    EXPECT_EQ(FindAnalysis(kind->name()) != nullptr, kind->needs_worker()) << requests->field(i)->name();
  }
  EXPECT_EQ(FindAnalysis("divine"), nullptr);
  EXPECT_EQ(FindAnalysis(""), nullptr);
}

}  // namespace
}  // namespace sumscope::worker
