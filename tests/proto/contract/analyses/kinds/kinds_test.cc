#include "proto/contract/analyses/kinds/kinds.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/contract/models/complete_spec.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

// A kind that nobody lists would be asked for, queued and refused by the worker.
TEST(Kinds_Test, EveryFieldOfTheOneofsHasItsKind) {
  const auto* const requests = v1::AnalysisRequest::descriptor()->oneof_decl(0);
  const auto* const results = v1::AnalysisResult::descriptor()->oneof_decl(0);
  ASSERT_EQ(requests->field_count(), static_cast<int>(AllKinds().size()));
  ASSERT_EQ(results->field_count(), requests->field_count());
  for (int i = 0; i < requests->field_count(); ++i) {
    const auto* const field = requests->field(i);
    EXPECT_EQ(AllKinds()[static_cast<size_t>(i)]->name(), field->name());
    EXPECT_EQ(results->field(i)->name(), field->name());
    v1::AnalysisRequest request;
    request.GetReflection()->MutableMessage(&request, field);
    v1::AnalysisResult result;
    result.GetReflection()->MutableMessage(&result, results->field(i));
    EXPECT_EQ(&KindOf(request), FindKind(field->name()));
    EXPECT_EQ(&KindOf(result), FindKind(field->name()));
    EXPECT_GT(KindOf(request).version(), 0u);
    EXPECT_EQ(KindOf(request).Rules(CompleteSpec({}), request).analysis, field->name());
  }
}

TEST(Kinds_Test, GivenNoAnalysisThenAKindThatNeedsAndFindsNothing) {
  EXPECT_EQ(FindKind("divine"), nullptr);
  EXPECT_EQ(FindKind(""), nullptr);
  const AnalysisKind& none = KindOf(v1::AnalysisRequest());
  EXPECT_EQ(&none, &KindOf(v1::AnalysisResult()));
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.version(), 0u);
  EXPECT_FALSE(none.writes_capture());
  EXPECT_FALSE(none.needs_metrics());
  EXPECT_TRUE(none.Tags({}).empty());
  EXPECT_FALSE(none.UsefulNodes({}).has_value());
  v1::AnalysisRequest request;
  EXPECT_THAT(none.Complete(CompleteSpec({}), {}, &request), IsInvalid("ANALYSIS_MISSING"));
}

TEST(Kinds_Test, WhatEachNeedsAndLeavesBehind) {
  std::string metrics, captures, at_once;
  for (const AnalysisKind* const kind : AllKinds()) {
    if (kind->needs_metrics()) absl::StrAppend(&metrics, kind->name());
    if (kind->writes_capture()) absl::StrAppend(&captures, kind->name());
    if (!kind->needs_worker()) absl::StrAppend(&at_once, kind->name());
  }
  EXPECT_EQ(metrics, "phases");
  EXPECT_EQ(captures, "capture") << "KindOfCaptures and v1::Capture know of one";
  EXPECT_EQ(KindOfCaptures().name(), captures);
  EXPECT_EQ(at_once, "import_tags");
}

TEST(Kinds_Test, GivenTagsThenTheNodesThatFailAreUseful) {
  v1::AnalysisResult subtasks, useful, attention;
  for (const char* const tag : {"Fail%:8", "Impact:A2"}) {
    for (auto* const tags :
         {subtasks.mutable_subtasks()->mutable_tags(), attention.mutable_attention()->mutable_tags()}) {
      v1::NodeTag* const added = tags->Add();
      added->set_node("P14L0H1");
      added->set_tag(tag);
    }
  }
  useful.mutable_useful_nodes()->add_nodes()->set_nodes("P14L0H0");
  v1::AblatedNodes* const failing = useful.mutable_useful_nodes()->add_nodes();
  failing->set_nodes("P15L0MLP");
  failing->set_failed_of_right(1);
  EXPECT_EQ(KindOf(subtasks).UsefulNodes(subtasks), std::vector<std::string>{"P14L0H1"});
  EXPECT_EQ(KindOf(useful).UsefulNodes(useful), std::vector<std::string>{"P15L0MLP"});
  EXPECT_FALSE(KindOf(attention).UsefulNodes(attention).has_value()) << "attention looks for none";
  EXPECT_EQ(KindOf(subtasks).Tags(subtasks).size(), 2u);
  EXPECT_EQ(KindOf(attention).Tags(attention).size(), 2u);
}

TEST(Kinds_Test, GivenImportedTagsThenTheRequestIsTheAnswer) {
  v1::AnalysisRequest request;
  v1::NodeTag* const tag = request.mutable_import_tags()->add_tags();
  tag->set_node("P14L0H1");
  tag->set_tag("Colour:red");
  const v1::AnalysisResult answer = KindOf(request).Answer(CompleteSpec({}), request);
  ASSERT_EQ(answer.import_tags().tags_size(), 1);
  EXPECT_EQ(answer.import_tags().tags(0).tag(), "Colour:red");
  EXPECT_EQ(answer.import_tags().foreign_size(), 1);
}

}  // namespace
}  // namespace sumscope
