#include "server/worker/convert/conversion.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/message_differencer.h"
#include "proto/contract/errors/errors.h"
#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Every field; a new one in the struct does not compile here.
std::string Describe(const engine::TrainSpec& spec) {
  const auto& [operation, n_digits, n_layers, n_heads, d_model, d_head, d_mlp, format, schedule, enrichment, grokfast,
               insert_mode, init_from, steps, batch_size, learning_rate, weight_decay, beta1, beta2, epsilon, precision,
               seed] = spec;
  std::ostringstream text;
  text << int(operation) << ' ' << n_digits << ' ' << n_layers << ' ' << n_heads << ' ' << d_model << ' ' << d_head
       << ' ' << d_mlp << ' ' << int(format) << ' ' << int(schedule) << ' ' << int(enrichment) << ' ' << grokfast << ' '
       << int(insert_mode) << ' ' << init_from << ' ' << steps << ' ' << batch_size << ' ' << learning_rate << ' '
       << weight_decay << ' ' << beta1 << ' ' << beta2 << ' ' << epsilon << ' ' << int(precision) << ' ' << seed;
  return text.str();
}
std::string Describe(const engine::EvaluateRequest& request) {
  const auto& [generate, worst_count, loss_in_full, loss_sample] = request;
  EXPECT_EQ(loss_sample, engine::kLossSample) << "the engine's to choose";
  return std::to_string(generate) + ' ' + std::to_string(worst_count) + ' ' + std::to_string(loss_in_full);
}

// Changes one scalar field to each of its other values that are worth trying.
void ForEachOtherValue(Message* message, const FieldDescriptor* field, const std::function<void()>& check) {
  const google::protobuf::Reflection* reflection = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int now = reflection->GetEnumValue(*message, field);
      for (int i = 1; i < field->enum_type()->value_count(); ++i) {
        const int value = field->enum_type()->value(i)->number();
        if (value == now) continue;
        reflection->SetEnumValue(message, field, value);
        check();
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      reflection->SetUInt32(message, field, reflection->GetUInt32(*message, field) + 1);
      return check();
    case FieldDescriptor::CPPTYPE_UINT64:
      reflection->SetUInt64(message, field, (uint64_t{1} << 40) + 5);
      return check();
    case FieldDescriptor::CPPTYPE_DOUBLE:
      reflection->SetDouble(message, field, 0.4375);
      return check();
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection->SetBool(message, field, !reflection->GetBool(*message, field));
      return check();
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(message, field, "runs/other");
      return check();
    default:
      FAIL() << field->name() << " has a type that this test does not know";
  }
}

TEST(ToEngine_Test, WhenAnySpecFieldChangesThenExactlyTheStructFollows) {
  const std::string before = Describe(*ToEngine(TinySpec()));
  std::set<std::string> seen = {before};
  for (int i = 0; i < api::TrainSpec::descriptor()->field_count(); ++i) {
    api::TrainSpec spec = TinySpec();
    const FieldDescriptor* field = api::TrainSpec::descriptor()->field(i);
    ForEachOtherValue(&spec, field, [&] {
      const absl::StatusOr<engine::TrainSpec> converted = ToEngine(spec);
      ASSERT_TRUE(converted.ok()) << converted.status();
      EXPECT_TRUE(seen.insert(Describe(*converted)).second) << field->name() << " is not mapped";
    });
  }
}

TEST(ToEngine_Test, WhenAnySpecFieldIsMissingThenItIsNamed) {
  for (int i = 0; i < api::TrainSpec::descriptor()->field_count(); ++i) {
    const FieldDescriptor* field = api::TrainSpec::descriptor()->field(i);
    if (field->name() == "init_from") continue;  // empty without an insert mode
    api::TrainSpec spec = TinySpec();
    spec.GetReflection()->ClearField(&spec, field);
    const absl::Status status = ToEngine(spec).status();
    EXPECT_EQ(ErrorReason(status), "SPEC_INCOMPLETE") << field->name();
    EXPECT_NE(status.message().find(field->name()), std::string::npos) << status;
  }
}

TEST(ToEngine_Test, WhenAnyEvaluateFieldChangesThenTheStructFollows) {
  const std::string before = Describe(ToEngine(api::EvaluateRequest()));
  for (int i = 0; i < api::EvaluateRequest::descriptor()->field_count(); ++i) {
    api::EvaluateRequest request;
    ForEachOtherValue(&request, api::EvaluateRequest::descriptor()->field(i),
                      [&] { EXPECT_NE(Describe(ToEngine(request)), before); });
  }
}

engine::Tally SomeTally(double loss) { return {1000, 990, loss, 100}; }

// Every part of a result holds something.
engine::EvaluateResult FullResult() {
  engine::EvaluateResult result;
  result.exact = SomeTally(0.1);
  result.digits = {{"A5", SomeTally(0.2)}};
  result.classes = {{engine::QuestionClass::kS2, SomeTally(0.3)}};
  result.cells = {{"BA", SomeTally(0.4), {SomeTally(0.5)}}};
  result.cascades = {{2, "A4", SomeTally(0.6)}};
  result.worst = {{engine::ParseQuestion("12345+67890", 5), "+070235", 0.7}};
  result.near_ties = 3;
  result.by_tables = true;
  result.rechecked = 2;
  result.screen_bound = 0.75;
  result.screen_difference = 0.0625;
  result.generated_sample = {SomeTally(0), {{"A5", SomeTally(0)}}, 985};
  return result;
}
constexpr EvaluateContext kContext = {5, engine::Format::kSigned, false};

void ExpectAllFieldsSet(const Message& message, const std::string& path, const std::set<std::string>& exempt) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const std::string name = path + field->name();
    if (exempt.count(name) > 0) continue;
    const bool set =
        field->is_repeated() ? reflection->FieldSize(message, field) > 0 : reflection->HasField(message, field);
    ASSERT_TRUE(set) << name << " is not filled";
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    ExpectAllFieldsSet(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, 0)
                                            : reflection->GetMessage(message, field),
                       name + ".", exempt);
  }
}

TEST(FromEngine_Test, GivenAFullResultThenEveryFieldOfTheMessageIsFilled) {
  ExpectAllFieldsSet(FromEngine(FullResult(), kContext), "", {"generated_sample.digits.loss"});
}

TEST(FromEngine_Test, WhenAnyNumberOfTheResultChangesThenTheMessageFollows) {
  using Result = engine::EvaluateResult;
  const std::vector<std::function<void(Result*)>> changes = {
      [](Result* r) { --r->exact.count; },
      [](Result* r) { --r->exact.correct; },
      [](Result* r) { r->exact.loss += 1; },
      [](Result* r) { r->digits[0].digit = "A4"; },
      [](Result* r) { --r->digits[0].tally.correct; },
      [](Result* r) { r->digits[0].tally.loss += 1; },
      [](Result* r) { r->classes[0].question_class = engine::QuestionClass::kS3; },
      [](Result* r) { --r->classes[0].tally.correct; },
      [](Result* r) { r->classes[0].tally.loss += 1; },
      [](Result* r) { r->cells[0].cell = "UC1"; },
      [](Result* r) { --r->cells[0].tally.correct; },
      [](Result* r) { r->cells[0].tally.loss += 1; },
      [](Result* r) { --r->cells[0].by_column[0].correct; },
      [](Result* r) { r->cells[0].by_column[0].loss += 1; },
      [](Result* r) { r->cascades[0].length = 3; },
      [](Result* r) { r->cascades[0].digit = "A3"; },
      [](Result* r) { --r->cascades[0].tally.correct; },
      [](Result* r) { r->cascades[0].tally.loss += 1; },
      [](Result* r) { r->worst[0].question.a[0] = 7; },
      [](Result* r) { r->worst[0].predicted = "+080236"; },
      [](Result* r) { r->worst[0].loss += 1; },
      [](Result* r) { ++r->near_ties; },
      [](Result* r) { --r->exact.loss_count; },
      [](Result* r) { r->by_tables = false; },
      [](Result* r) { ++r->rechecked; },
      [](Result* r) { r->screen_bound = 0; },
      [](Result* r) { r->screen_difference *= 2; },
      [](Result* r) { --r->generated_sample.exact.count; },
      [](Result* r) { --r->generated_sample.exact.correct; },
      [](Result* r) { r->generated_sample.digits[0].digit = "A4"; },
      [](Result* r) { --r->generated_sample.digits[0].tally.correct; },
      [](Result* r) { --r->generated_sample.agrees_with_forced; },
  };
  const api::EvaluateResult before = FromEngine(FullResult(), kContext);
  for (size_t i = 0; i < changes.size(); ++i) {
    Result result = FullResult();
    changes[i](&result);
    EXPECT_FALSE(google::protobuf::util::MessageDifferencer::Equals(FromEngine(result, kContext), before))
        << "change " << i;
  }
}

TEST(FromEngine_Test, GivenAFullResultThenTextAndTheoryAreRight) {
  const api::EvaluateResult result = FromEngine(FullResult(), kContext);
  EXPECT_EQ(result.mode(), "forced");
  EXPECT_EQ(result.nines(), 2u);
  EXPECT_EQ(result.worst(0).question(), "12345+67890=+080235");
  EXPECT_EQ(result.worst(0).question_class(), "S2");              // 3+8 carries into 2+7
  EXPECT_NEAR(result.classes(0).share_expected(), 0.160, 0.001);  // science: S2 of uniform 5-digit additions
  EXPECT_DOUBLE_EQ(result.exact().rate(), 0.99);
}

TEST(FromEngine_Test, GivenAStratifiedSetThenThereIsNoOverallRate) {
  const api::EvaluateResult result = FromEngine(FullResult(), {5, engine::Format::kSigned, true});
  EXPECT_FALSE(result.has_exact());
  EXPECT_FALSE(result.has_nines());
  EXPECT_FALSE(result.generated_sample().has_exact());
}

TEST(FromEngine_Test, GivenATallyOfNothingThenItHasNoLossAndNoNumberIsNan) {
  engine::EvaluateResult empty = FullResult();
  empty.cells[0].by_column[0] = {0, 0, std::nan("")};
  const api::ColumnCell column = FromEngine(empty, kContext).cells(0).by_column(0);
  EXPECT_FALSE(column.has_loss());
  EXPECT_EQ(column.accuracy().rate(), 0);
  EXPECT_EQ(column.accuracy().upper(), 1);
}

TEST(FromEngine_Test, GivenNoQuestionOfTheSampleInATallyThenItHasNoLoss) {
  engine::EvaluateResult result = FullResult();
  result.classes[0].tally = {1000, 990, std::nan(""), 0};
  EXPECT_FALSE(FromEngine(result, kContext).classes(0).has_loss());
  EXPECT_EQ(FromEngine(result, kContext).loss_questions(), 100u);
}

}  // namespace
}  // namespace sumscope::worker
