#include "server/worker/convert/question_source.h"

#include <gtest/gtest.h>

#include "server/engine/runtime/error.h"
#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

using sumscope::v1::QuestionSet;
using sumscope::v1::TrainSpec;

TrainSpec SpecOf(sumscope::v1::Operation operation) {
  TrainSpec spec = TinySpec();
  spec.set_operation(operation);
  return spec;
}

engine::Questions Ask(const QuestionSet& set, const TrainSpec& spec, const std::string& text = "") {
  const auto source = MakeSource(set, spec, text);
  EXPECT_TRUE(source.ok()) << source.status();
  engine::Questions questions;
  if (source.ok()) (*source)->Fill(0, (*source)->count(), &questions);
  return questions;
}

engine::Questions All(const std::unique_ptr<engine::QuestionSource>& source) {
  engine::Questions questions;
  source->Fill(0, source->count(), &questions);
  return questions;
}

QuestionSet Uniform() {
  QuestionSet set;
  set.set_seed(3);
  set.mutable_uniform()->set_count(50);
  return set;
}

TEST(QuestionSource_Test, GivenUniformThenOfTheRunsOperationUnlessTheSetNamesOne) {
  using engine::Operation;
  EXPECT_EQ(Ask(Uniform(), SpecOf(sumscope::v1::ADD)), All(engine::UniformSource(Operation::kAdd, 3, 50, 3)));
  EXPECT_EQ(Ask(Uniform(), SpecOf(sumscope::v1::MUL)), All(engine::UniformSource(Operation::kMul, 3, 50, 3)));
  EXPECT_EQ(Ask(Uniform(), SpecOf(sumscope::v1::MIX)), All(engine::MixedSource(3, 50, 3)));
  QuestionSet subtractions = Uniform(), mixed = Uniform();
  subtractions.set_operation(sumscope::v1::SUB);
  mixed.set_operation(sumscope::v1::MIX);
  EXPECT_EQ(Ask(subtractions, SpecOf(sumscope::v1::MIX)), All(engine::UniformSource(Operation::kSub, 3, 50, 3)));
  EXPECT_EQ(Ask(mixed, SpecOf(sumscope::v1::MAS)), All(engine::MixedSource(3, 50, 3)));
}

TEST(QuestionSource_Test, GivenEnrichedThenWithTheRunsEnrichmentOrPaper2) {
  QuestionSet set;
  set.mutable_enriched()->set_count(500);
  set.set_seed(4);
  const auto expected = [](engine::Enrichment enrichment) {
    return All(engine::EnrichedSource(engine::TrainOperation::kAdd, 3, 500, 4, enrichment));
  };
  TrainSpec paper1 = TinySpec(), none = TinySpec();
  paper1.set_enrichment(sumscope::v1::ENRICHMENT_PAPER1);
  none.set_enrichment(sumscope::v1::ENRICHMENT_NONE);
  EXPECT_EQ(Ask(set, TinySpec()), expected(engine::Enrichment::kPaper2));
  EXPECT_EQ(Ask(set, paper1), expected(engine::Enrichment::kPaper1));
  EXPECT_EQ(Ask(set, none), expected(engine::Enrichment::kPaper2));
  EXPECT_NE(expected(engine::Enrichment::kPaper1), expected(engine::Enrichment::kPaper2));
}

TEST(QuestionSource_Test, GivenColumnsAndClassesThenTheEnginesSources) {
  QuestionSet tricase, stratified, of_class;
  tricase.mutable_tricase()->set_digit(1);
  tricase.mutable_tricase()->set_count_per_case(7);
  tricase.set_operation(sumscope::v1::SUB);
  stratified.mutable_stratified()->set_count_per_class(5);
  of_class.mutable_of_class()->set_question_class("N1");
  of_class.mutable_of_class()->set_count(5);
  const TrainSpec mix = SpecOf(sumscope::v1::MIX);
  EXPECT_EQ(Ask(tricase, mix), All(engine::TricaseSource(engine::Operation::kSub, 3, 1, 7, 0)));
  EXPECT_EQ(Ask(stratified, mix), All(engine::StratifiedSource(engine::TrainOperation::kMix, 3, 5, 0)));
  EXPECT_EQ(Ask(of_class, mix), All(engine::ClassSource(engine::QuestionClass::kN1, 3, 5, 0)));
  tricase.clear_operation();
  EXPECT_THROW(MakeSource(tricase, mix, "").IgnoreError(), engine::Error);
}

TEST(QuestionSource_Test, GivenAnUploadedTextThenItsLines) {
  QuestionSet set, list;
  set.mutable_uploaded()->set_sha256("00");
  for (const char* text : {"123+456", "1-2", "3*4"}) list.mutable_list()->add_questions(text);
  EXPECT_EQ(Ask(set, SpecOf(sumscope::v1::MAS), "123+456\n001-002\n\n003*004\n"), Ask(list, TinySpec()));
  EXPECT_THROW(MakeSource(set, TinySpec(), "123+456\nwhat\n").IgnoreError(), engine::Error);
}

TEST(QuestionSource_Test, GivenPairsOrNothingThenRefused) {
  QuestionSet pairs;
  pairs.mutable_pairs()->add_tasks("A2.SA");
  EXPECT_EQ(MakeSource(pairs, TinySpec(), "").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeSource({}, TinySpec(), "").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sumscope::worker
