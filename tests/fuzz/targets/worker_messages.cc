// Sequences of messages of a worker that may lie, into the check that stands before the intake of a task. No lie that
// the model of the protocol knows is believed, and no honest worker is refused.
#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/safetensors/safetensors.h"
#include "server/jobs/intake/message_check.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/protocol_model.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

using worker::v1::WorkerMessage;
using Kind = ProtocolModel::Kind;

constexpr int kMaxMessages = 200;

ProtocolModel::Task TakeTask(Input* input) {
  ProtocolModel::Task task;
  task.kind = static_cast<Kind>(input->Byte() % 3);
  task.steps = 1 + input->Byte() % 8;
  task.first_step = input->Byte() % (task.steps + 1);
  task.checkpoint_step = input->Byte();
  if (task.first_step > 0) task.have_checkpoints = {0, task.first_step};
  return task;
}

jobs::Assignment AssignmentOf(const ProtocolModel::Task& task) {
  jobs::Assignment assignment;
  assignment.steps = task.steps;
  const v1::TrainSpec spec = CompleteSpec(v1::TrainSpec());
  if (task.kind == Kind::kTraining) {
    worker::v1::TrainTask* train = assignment.task.mutable_train();
    *train->mutable_spec() = spec;
    train->set_first_step(task.first_step);
    for (const uint64_t step : task.have_checkpoints) train->add_have_checkpoints(step);
    return assignment;
  }
  assignment.analysis_id = "a1b2c3d4";
  v1::AnalysisRequest* request = assignment.analysis.mutable_request();
  if (task.kind == Kind::kEvaluation) request->mutable_evaluate();
  if (task.kind == Kind::kCapture) request->mutable_capture();
  worker::v1::AnalysisTask* analysis = assignment.task.mutable_analysis();
  *analysis->mutable_spec() = spec;
  analysis->set_step(task.checkpoint_step);
  *analysis->mutable_request() = *request;
  return assignment;
}

constexpr uint64_t kOddNumbers[] = {0, 1, 2, 1001, UINT32_MAX, uint64_t{1} << 62, uint64_t{1} << 63, UINT64_MAX};
constexpr double kOddReals[] = {
    0, -1, 2, 1e-320, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()};
constexpr const char* kOddTexts[] = {"", "loss", "a\nb", "UPPER_9", "steps_per_second", "F64", "\x1b[2J", "I8"};

void AddRows(uint64_t first, uint64_t count, double value, v1::MetricBlock* block) {
  block->set_first_step(first);
  block->set_count(static_cast<uint32_t>(count));
  block->mutable_values()->Resize(static_cast<int>(count) * block->columns_size(), value);
}

void AddMetrics(uint64_t first, uint64_t count, double value, WorkerMessage* message) {
  for (const char* column : {"digit_loss.A0", "loss"}) message->mutable_metrics()->add_columns(column);
  AddRows(first, count, value, message->mutable_metrics());
}

void AddTiming(uint64_t first, uint64_t count, double value, WorkerMessage* message) {
  message->mutable_timing()->add_columns("steps_per_second");
  AddRows(first, count, value, message->mutable_timing());
}

void AddTensor(const std::string& name, const char* dtype, uint64_t extent, worker::v1::TensorSetBegin* begin) {
  worker::v1::TensorInfo* tensor = begin->add_tensors();
  tensor->set_name(name);
  tensor->set_dtype(dtype);
  tensor->add_shape(extent);
  tensor->set_bytes(extent * SafetensorsElementBytes(dtype));  // wraps where the extent is meant to
}

// A small set of the step that is due, one to three tensors.
void BeginSet(const ProtocolModel& model, uint8_t choice, worker::v1::TensorSetBegin* begin) {
  const bool of_training = model.task().kind == Kind::kTraining;
  const bool of_weights = choice % 2 == 0 && !model.has_weights();
  begin->set_kind(!of_training ? worker::v1::CAPTURE : of_weights ? worker::v1::WEIGHTS : worker::v1::RESUME_STATE);
  begin->set_step(of_training ? model.step() : model.task().checkpoint_step);
  for (int i = 0; i <= choice % 3; ++i) AddTensor(absl::StrCat("t", i), i == 0 ? "F32" : "U8", choice % 5, begin);
}

// The same with tensors of one name, of the largest size that there may be, or of a size that wraps.
void BeginOddSet(const ProtocolModel& model, uint8_t choice, worker::v1::TensorSetBegin* begin) {
  BeginSet(model, choice, begin);
  if (choice % 7 == 0) begin->set_kind(static_cast<worker::v1::TensorSetKind>(choice % 5));
  const uint64_t large = model.task().kind == Kind::kTraining ? 190'000'000 : (uint64_t{1} << 40) - 8;
  begin->clear_tensors();
  for (int i = 0; i <= choice % 3; ++i) {
    const uint64_t extents[] = {2, large / 4, uint64_t{1} << 62};
    AddTensor(choice % 4 == 0 ? "t" : absl::StrCat("t", i), "F32", extents[choice / 16 % 3], begin);
  }
}

// What an honest worker may say next, of the kind that `choice` asks for where that is due.
WorkerMessage HonestMessage(const ProtocolModel& model, uint8_t kind, uint8_t choice) {
  WorkerMessage message;
  message.set_sequence(model.sequence() + 1);
  const bool of_training = model.task().kind == Kind::kTraining;
  if (kind == UINT8_MAX) {
    message.mutable_finished()->set_outcome(model.started() ? worker::v1::Finished::DONE
                                                            : worker::v1::Finished::FAILED);
  } else if (!model.started()) {
    message.mutable_started()->set_first_step(of_training ? model.task().first_step : 0);
  } else if (kind % 8 == 0) {
    message.mutable_log()->set_text("a line");
  } else if (model.set_is_open() && model.bytes_left() > 0) {
    const uint64_t most = std::min<uint64_t>(model.bytes_left(), limits::kMaxChunkBytes);
    message.mutable_tensor_chunk()->set_data(std::string(1 + choice % most, 'x'));
  } else if (model.set_is_open()) {
    message.mutable_tensor_set_end();
  } else if (of_training && kind % 8 < 4 && model.step() < model.task().steps) {
    AddMetrics(model.step(), 1 + choice % (model.task().steps - model.step()), 0.5, &message);
  } else if (of_training && kind % 8 < 6 && model.timed() < model.step()) {
    AddTiming(model.timed(), 1 + choice % (model.step() - model.timed()), 100, &message);
  } else if (of_training || (model.task().kind == Kind::kCapture && !model.captured())) {
    BeginSet(model, choice, message.mutable_tensor_set_begin());
  } else if (!model.answered() && kind % 8 < 4) {
    if (model.task().kind == Kind::kCapture) message.mutable_analysis_result()->mutable_capture();
    if (model.task().kind == Kind::kEvaluation) message.mutable_analysis_result()->mutable_evaluate();
  } else {
    message.mutable_analysis_progress()->set_fraction(choice / 255.0);
    if (choice % 2 == 0) message.set_sequence(0);
  }
  return message;
}

// Of any kind, due or not, with numbers near the right ones.
WorkerMessage BoldMessage(const ProtocolModel& model, uint8_t kind, uint8_t choice) {
  WorkerMessage message;
  message.set_sequence(model.sequence() + 1);
  const double real = kOddReals[choice % std::size(kOddReals)];
  switch (kind % 10) {
    case 0:
      message.mutable_started()->set_first_step(model.task().first_step + choice % 2);
      break;
    case 1:
      AddMetrics(model.step() + choice % 2, choice / 2 % 10, choice % 4 == 0 ? real : 1, &message);
      break;
    case 2:
      AddTiming(model.timed() + choice % 2, choice / 2 % 10, choice % 4 == 0 ? real : 1, &message);
      break;
    case 3:
      BeginOddSet(model, choice, message.mutable_tensor_set_begin());
      break;
    case 4:
      message.mutable_tensor_chunk()->set_data(
          std::string(std::min<uint64_t>(model.bytes_left(), 64) + choice % 3, 'x'));
      break;
    case 5:
      message.mutable_tensor_set_end()->set_heldout_loss(real);
      break;
    case 6:
      if (choice % 3 == 0) message.mutable_analysis_result()->mutable_capture();
      if (choice % 3 == 1) message.mutable_analysis_result()->mutable_evaluate();
      if (choice % 3 == 2) message.mutable_analysis_result()->mutable_pca();
      break;
    case 7:
      message.mutable_analysis_progress()->set_fraction(real);
      break;
    case 8:
      message.mutable_log()->set_severity(kOddTexts[choice % std::size(kOddTexts)]);
      break;
    default:
      message.mutable_finished()->set_outcome(static_cast<worker::v1::Finished::Outcome>(choice % 6));
      message.mutable_finished()->set_reason(kOddTexts[choice / 6 % std::size(kOddTexts)]);
  }
  return message;
}

// Sets one field, or an element of a list, at any depth to something odd, or takes it away.
void Spoil(Input* input, google::protobuf::Message* message) {
  using google::protobuf::FieldDescriptor;
  const auto* reflection = message->GetReflection();
  const auto* descriptor = message->GetDescriptor();
  if (descriptor->field_count() == 0) return;
  const FieldDescriptor* field = descriptor->field(input->Byte() % descriptor->field_count());
  const uint8_t odd = input->Byte();
  const uint64_t number = kOddNumbers[odd % std::size(kOddNumbers)];
  const double real = kOddReals[odd % std::size(kOddReals)];
  std::string text = kOddTexts[odd % std::size(kOddTexts)];
  if (odd >= 250) text.assign(odd, 'X');
  const int size = field->is_repeated() ? reflection->FieldSize(*message, field) : 0;
  if (field->is_repeated() && size > 0 && odd % 4 == 0) return reflection->RemoveLast(message, field);
  const bool add = field->is_repeated() && (size == 0 || odd % 4 == 1);
  const int at = size > 0 ? odd % size : 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Spoil(input, add                    ? reflection->AddMessage(message, field)
                          : field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, at)
                                                 : reflection->MutableMessage(message, field));
    case FieldDescriptor::CPPTYPE_STRING:
      if (add) return reflection->AddString(message, field, text);
      if (field->is_repeated()) return reflection->SetRepeatedString(message, field, at, text);
      return reflection->SetString(message, field, text);
    case FieldDescriptor::CPPTYPE_UINT64:
      if (add) return reflection->AddUInt64(message, field, number);
      if (field->is_repeated()) return reflection->SetRepeatedUInt64(message, field, at, number);
      return reflection->SetUInt64(message, field, number);
    case FieldDescriptor::CPPTYPE_UINT32:
      if (!field->is_repeated()) reflection->SetUInt32(message, field, static_cast<uint32_t>(number));
      return;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (add) return reflection->AddDouble(message, field, real);
      if (field->is_repeated()) return reflection->SetRepeatedDouble(message, field, at, real);
      return reflection->SetDouble(message, field, real);
    case FieldDescriptor::CPPTYPE_ENUM:
      if (!field->is_repeated()) reflection->SetEnumValue(message, field, odd % 7);
      return;
    default:
      return;
  }
}

// The body, as a rule; the whole message otherwise.
google::protobuf::Message* BodyOf(uint8_t manner, WorkerMessage* message) {
  constexpr uint8_t kBodyBelow = 252;
  const auto* reflection = message->GetReflection();
  const auto* body = reflection->GetOneofFieldDescriptor(*message, message->GetDescriptor()->FindOneofByName("body"));
  return manner < kBodyBelow && body != nullptr ? reflection->MutableMessage(message, body) : message;
}

// Takes what the server would give up a task at; false when nothing more of the task is heard.
bool Hear(const WorkerMessage& message, jobs::MessageCheck* check, ProtocolModel* model) {
  const std::string lie = model->Lie(message);
  const absl::Status checked = check->Check(message);
  if (checked.ok()) {
    Require(lie.empty(), absl::StrCat("a lie is believed: ", lie, "\n", message.DebugString()));
    model->Believe(message);
    return !message.has_finished();
  }
  Require(!lie.empty(),
          absl::StrCat("an honest message is refused: ", checked.ToString(), "\n", message.DebugString()));
  RequireToldWell(checked);
  RequireEqual(ErrorReason(checked), "WORKER_PROTOCOL", "a lie is told from other failures");
  return false;
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  for (char task = 0; task < 3; ++task) {
    for (char first = 0; first < 6; first += 3) {
      std::string honest = {task, 7, first, 4};
      for (int i = 0; i < 30; ++i) honest += {'\0', static_cast<char>(1 + i % 7), static_cast<char>(3 * i)};
      corpus.seeds.push_back(honest);
      for (int bold = 0; bold < 10; ++bold) {
        const std::string lie = {'\xe0', static_cast<char>(bold), static_cast<char>(37 * bold)};
        corpus.seeds.push_back(honest.substr(0, 4 + 3 * (4 + 2 * bold)) + lie + honest.substr(4 + 3 * 4));
      }
    }
  }
  for (char kind = 0; kind < 10; ++kind) {
    for (const char choice : {'\0', '\1', '\x10', '\x18', '\x22', '\x24', '\x30'}) {
      corpus.words.push_back({'\0', kind, choice});
      corpus.words.push_back({'\xe0', kind, choice});
      corpus.words.push_back({'\xf0', kind, choice, kind, choice});
    }
  }
  return corpus;
}

}  // namespace sumscope::fuzz

// A task, then a script of what its worker says: three bytes a message, and more of one with a field spoilt.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  constexpr uint8_t kBoldFrom = 216, kSpoiltFrom = 236;
  fuzz::Input input(data, size);
  fuzz::ProtocolModel model(fuzz::TakeTask(&input));
  jobs::MessageCheck check(fuzz::AssignmentOf(model.task()));
  for (int i = 0; i < fuzz::kMaxMessages && !input.AtEnd(); ++i) {
    const uint8_t manner = input.Byte(), kind = input.Byte(), choice = input.Byte();
    const bool honest = manner < kBoldFrom || manner >= kSpoiltFrom;
    worker::v1::WorkerMessage message =
        honest ? fuzz::HonestMessage(model, kind, choice) : fuzz::BoldMessage(model, kind, choice);
    if (manner >= kSpoiltFrom) fuzz::Spoil(&input, fuzz::BodyOf(manner, &message));
    if (!fuzz::Hear(message, &check, &model)) break;
  }
  return 0;
}
