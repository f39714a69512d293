#include "tests/fuzz/targets/support/worker_script.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"

namespace sumscope::fuzz {
namespace {

using worker::v1::WorkerMessage;
using Kind = ProtocolModel::Kind;

constexpr uint8_t kBoldFrom = 216, kSpoiltFrom = 236;
// The kind of an honest end; as three bytes it is one wherever a line begins.
constexpr char kEnd = 'U';

constexpr int kKinds = 3;
// Which a worker answers without metrics or tensors.
constexpr const char* kQuestions[] = {"evaluate",    "attention", "ablate",    "useful_nodes",
                                      "patch",       "subtasks",  "pca",       "linear_probe",
                                      "attribution", "cascades",  "algorithm", "ask"};

constexpr uint64_t kOddNumbers[] = {0, 1, 2, 1001, UINT32_MAX, uint64_t{1} << 62, uint64_t{1} << 63, UINT64_MAX};
constexpr double kOddReals[] = {
    0, -1, 2, 1e-320, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()};
constexpr const char* kOddTexts[] = {"",    "loss",    "a\nb", "UPPER_9",  "steps_per_second",
                                     "F64", "\x1b[2J", "I8",   "P14L0MLP", "Algo:A2.SC"};

void SetRows(uint64_t first, uint64_t count, double value, v1::MetricBlock* block) {
  block->set_first_step(first);
  block->set_count(static_cast<uint32_t>(count));
  block->mutable_values()->Resize(static_cast<int>(count) * block->columns_size(), value);
}

void SetMetrics(uint64_t first, uint64_t count, double value, WorkerMessage* message) {
  for (const char* column : kMetricColumns) message->mutable_metrics()->add_columns(column);
  SetRows(first, count, value, message->mutable_metrics());
}

void SetHonestMetrics(uint64_t first, uint64_t count, WorkerMessage* message) {
  SetMetrics(first, count, 0, message);
  const int columns = message->metrics().columns_size();
  for (int i = 0; i < message->metrics().values_size(); ++i) {
    message->mutable_metrics()->set_values(i, HonestMetric(first + i / columns, i % columns));
  }
}

void SetTiming(uint64_t first, uint64_t count, double value, WorkerMessage* message) {
  message->mutable_timing()->add_columns("steps_per_second");
  SetRows(first, count, value, message->mutable_timing());
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

// Bytes of which no two neighbours are the same, nor two chunks.
std::string ChunkBytes(const ProtocolModel& model, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (model.sequence() + i) % 26);
  return bytes;
}

void SetAnswer(const ProtocolModel& model, v1::AnalysisResult* result) {
  MutableKind(model.task().question, result);
  if (model.task().kind != Kind::kCapture) return;
  for (const worker::v1::TensorInfo& tensor : model.set().tensors()) {
    result->mutable_capture()->add_tensors()->set_name(tensor.name());
  }
}

void SetState(uint64_t done, uint8_t choice, WorkerMessage* message) {
  message->mutable_analysis_state()->set_fits("of this and by that");
  message->mutable_analysis_state()->set_done(done);
  message->mutable_analysis_state()->set_state(std::string(choice == UINT8_MAX ? 128 << 10 : 1 + choice, 's'));
}

// What an honest worker may say next, of the kind that `choice` asks for where that is due.
WorkerMessage HonestMessage(const ProtocolModel& model, uint8_t kind, uint8_t choice) {
  WorkerMessage message;
  message.set_sequence(model.sequence() + 1);
  const bool of_training = model.task().kind == Kind::kTraining;
  if (kind == kEnd) {
    message.mutable_finished()->set_outcome(model.started() ? worker::v1::Finished::DONE
                                                            : worker::v1::Finished::FAILED);
  } else if (!model.started()) {
    message.mutable_started()->set_first_step(of_training ? model.task().first_step : 0);
  } else if (kind % 8 == 0) {
    message.mutable_log()->set_severity(choice % 2 == 0 ? "WARNING" : "");
    message.mutable_log()->set_text(std::string(choice == UINT8_MAX ? limits::kMaxLogTextBytes + 1 : choice, 'l'));
  } else if (model.set_is_open() && model.bytes_left() > 0) {
    const uint64_t most = std::min<uint64_t>(model.bytes_left(), limits::kMaxChunkBytes);
    message.mutable_tensor_chunk()->set_data(ChunkBytes(model, choice % 2 == 1 ? most : 1 + choice % most));
  } else if (model.set_is_open()) {
    message.mutable_tensor_set_end();
    const bool of_weights = model.set().kind() == worker::v1::WEIGHTS;
    if (of_weights && choice % 4 > 0) message.mutable_tensor_set_end()->set_heldout_loss(choice / 255.0);
  } else if (of_training && kind % 8 < 4 && model.step() < model.task().steps) {
    SetHonestMetrics(model.step(), 1 + choice % (model.task().steps - model.step()), &message);
  } else if (of_training && kind % 8 < 6 && model.timed() < model.step()) {
    SetTiming(model.timed(), 1 + choice % (model.step() - model.timed()), 100 + choice, &message);
  } else if (of_training || (model.task().kind == Kind::kCapture && !model.captured())) {
    BeginSet(model, choice, message.mutable_tensor_set_begin());
  } else if (!model.answered() && model.keeps_state() && kind % 8 == 4) {
    SetState(model.counted() + 1, choice, &message);
  } else if (!model.answered() && kind % 8 < 4) {
    SetAnswer(model, message.mutable_analysis_result());
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
  switch (kind % 11) {
    case 0:
      message.mutable_started()->set_first_step(model.task().first_step + choice % 2);
      break;
    case 1:
      SetMetrics(model.step() + choice % 2, choice / 2 % 10, choice % 4 == 0 ? real : 1, &message);
      break;
    case 2:
      SetTiming(model.timed() + choice % 2, choice / 2 % 10, choice % 4 == 0 ? real : 1, &message);
      break;
    case 3:
      BeginOddSet(model, choice, message.mutable_tensor_set_begin());
      break;
    case 4:
      message.mutable_tensor_chunk()->set_data(
          ChunkBytes(model, std::min<uint64_t>(model.bytes_left(), 64) + choice % 3));
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
    case 9:
      SetState(model.counted() + choice % 2, choice, &message);
      if (choice % 8 == 2) message.mutable_analysis_state()->set_fits(kOddTexts[choice / 8 % std::size(kOddTexts)]);
      if (choice % 8 == 4) message.mutable_analysis_state()->set_done(kOddNumbers[choice / 8 % std::size(kOddNumbers)]);
      if (choice % 8 == 6) message.mutable_analysis_state()->set_state(std::string(choice / 8 % 2 * 131'073, 's'));
      break;
    default:
      message.mutable_finished()->set_outcome(static_cast<worker::v1::Finished::Outcome>(choice % 6));
      message.mutable_finished()->set_reason(kOddTexts[choice / 6 % std::size(kOddTexts)]);
      message.mutable_finished()->set_retryable(choice % 2 == 0);
  }
  return message;
}

// Fills what would otherwise need several changes of one element to be kept.
google::protobuf::Message* MakeSound(google::protobuf::Message* element) {
  if (auto* const tag = dynamic_cast<v1::NodeTag*>(element)) {
    tag->set_node("P14L0MLP");
    tag->set_tag("Algo:A2.SC");
  }
  return element;
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
      return Spoil(input, add                    ? MakeSound(reflection->AddMessage(message, field))
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
      if (add) return reflection->AddUInt32(message, field, static_cast<uint32_t>(number));
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

// Twelve bytes of three tensors, in two chunks, and an end with a held-out loss where that is due.
std::string SetLines() { return std::string("\0\6\2\0\6\4\0\6\7\0\6\1", 12); }

// A whole training, evaluation or capture, whose first bytes are its task's.
std::string WholeScript(const std::string& task) {
  constexpr char kLogged[] = "\0\0\2", kAll[] = "\0\1\xff";
  const auto line = [](uint8_t kind, uint8_t choice) {
    return std::string{'\0', static_cast<char>(kind), static_cast<char>(choice)};
  };
  const std::string set = SetLines();
  std::string script = task + line(1, 0) + std::string(kLogged, 3);
  if (task[0] != 0) return script + (task[0] == 2 ? set : "") + line(6, 100) + line(1, 0) + line(kEnd, 0);
  const std::string timing = line(5, 255);
  return script + std::string(kAll, 3) + timing + set + line(6, 1) + line(6, 255) + line(6, 0) + line(kEnd, 0);
}

}  // namespace

google::protobuf::Message* MutableKind(const std::string& kind, google::protobuf::Message* message) {
  return message->GetReflection()->MutableMessage(message, message->GetDescriptor()->FindFieldByName(kind));
}

ProtocolModel::Task TakeTask(Input* input) {
  ProtocolModel::Task task;
  const uint8_t kind = input->Byte();
  task.kind = static_cast<Kind>(kind % kKinds);
  if (task.kind == Kind::kAnalysis) task.question = kQuestions[kind / kKinds % std::size(kQuestions)];
  if (task.kind == Kind::kCapture) task.question = "capture";
  task.steps = 1 + input->Byte() % 8;
  task.first_step = input->Byte() % (task.steps + 1);
  task.checkpoint_step = input->Byte();
  if (task.first_step > 0) task.have_checkpoints = {0, task.first_step};
  return task;
}

WorkerMessage TakeMessage(Input* input, const ProtocolModel& model) {
  const uint8_t manner = input->Byte(), kind = input->Byte(), choice = input->Byte();
  const bool honest = manner < kBoldFrom || manner >= kSpoiltFrom;
  WorkerMessage message = honest ? HonestMessage(model, kind, choice) : BoldMessage(model, kind, choice);
  if (message.has_analysis_result() && honest && model.task().kind == Kind::kAnalysis) {
    google::protobuf::Message* const answer = MutableKind(model.task().question, message.mutable_analysis_result());
    for (int i = 0; i < choice / 8; ++i) Spoil(input, answer);  // its numbers and texts are the worker's own
  }
  if (manner >= kSpoiltFrom) Spoil(input, BodyOf(manner, &message));
  return message;
}

std::vector<std::string> SeedScripts() {
  std::vector<std::string> seeds;
  for (char task = 0; task < kKinds; ++task) {
    for (char first = 0; first < 6; first += 3) {
      const std::string begin = {task, 7, first, 4};
      const std::string whole = WholeScript(begin);
      seeds.push_back(whole);
      seeds.push_back(whole.substr(0, whole.size() - 2 * 3) +
                      std::string(3, kEnd));  // without what came before the end
      std::string honest = begin;
      for (int i = 0; i < 30; ++i) honest += {'\0', static_cast<char>(1 + i % 7), static_cast<char>(3 * i)};
      seeds.push_back(honest);
      for (int bold = 0; bold < 11; ++bold) {
        const std::string lie = {'\xe0', static_cast<char>(bold), static_cast<char>(37 * bold)};
        seeds.push_back(honest.substr(0, kTaskBytes + 3 * (4 + 2 * bold)) + lie + honest.substr(kTaskBytes + 3 * 4));
      }
    }
  }
  // An answer of each kind with little and with much in it.
  for (size_t i = 0; i < std::size(kQuestions); ++i) {
    for (const int changes : {2, 8, 31}) {
      std::string script = {static_cast<char>(kKinds * i + 1), 0, 0, 4, '\0', '\1', '\0', '\0', '\1'};
      script += static_cast<char>(8 * changes);
      for (int j = 0; j < 4 * changes; ++j) script += static_cast<char>(j * j + 7 * j / 5 + changes);
      seeds.push_back(script + std::string(12, kEnd));
    }
  }
  // No lies, and refused all the same: a capture beyond the room for all, and columns that the lost attempt's were not.
  const std::string start = {'\0', '\1', '\0'};
  seeds.push_back(std::string{2, 7, 0, 4} + start + std::string{'\xe0', '\3', '\x18'});
  seeds.push_back(std::string{0, 7, 3, 4} + start + std::string{'\xf0', '\1', '\0', '\2', '\x0e'});
  return seeds;
}

std::vector<std::string> ScriptWords() {
  std::vector<std::string> words;
  for (char kind = 0; kind < 11; ++kind) {
    for (const char choice : {'\0', '\1', '\x10', '\x18', '\x22', '\x24', '\x30'}) {
      words.push_back({'\0', kind, choice});
      words.push_back({'\xe0', kind, choice});
      words.push_back({'\xf0', kind, choice, kind, choice});
    }
  }
  words.push_back(SetLines());
  words.push_back({'\0', '\1', '\xff'});  // all steps that are left
  words.push_back(std::string(3, kEnd));
  return words;
}

}  // namespace sumscope::fuzz
