// A worker that lies, in every way that the link has: each is a failed attempt, of that job alone, and nothing of the
// lie is stored, shown or counted on.
#include <algorithm>
#include <limits>

#include "server/jobs/job_manager.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::jobs {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What a worker sends after its start. Sequences are the pool's, dense from 1, where a message has none of its own.
struct Lie {
  const char* name;
  std::vector<Message> (*messages)();
};
std::ostream& operator<<(std::ostream& out, const Lie& lie) { return out << lie.name; }
struct LieName {
  std::string operator()(const testing::TestParamInfo<Lie>& info) const { return info.param.name; }
};

Message Change(Message message, const std::function<void(Message*)>& change) {
  change(&message);
  return message;
}
// A set of weights with the tensor changed.
Message Set(const std::function<void(worker::v1::TensorInfo*)>& change, uint64_t step = 0) {
  return Change(SetBegin(worker::v1::WEIGHTS, step),
                [&](Message* m) { change(m->mutable_tensor_set_begin()->mutable_tensors(0)); });
}
// Metrics of two steps, changed.
Message Rows(const std::function<void(v1::MetricBlock*)>& change) {
  return Change(Metrics(0, 2), [&](Message* m) { change(m->mutable_metrics()); });
}
Message Speeds(const std::function<void(v1::MetricBlock*)>& change) {
  return Change(Timing(0, 2, 100), [&](Message* m) { change(m->mutable_timing()); });
}
Message End(worker::v1::Finished finished) {
  Message message;
  *message.mutable_finished() = std::move(finished);
  return message;
}
Message Progress(double fraction) {
  Message message;
  message.mutable_analysis_progress()->set_fraction(fraction);
  return message;
}
Message Numbered(Message message, uint64_t sequence) {
  message.set_sequence(sequence);
  return message;
}

class LyingTrainer_Test : public JobsFixture, public testing::WithParamInterface<Lie> {
 protected:
  // As SendAsItIs where the message has a sequence.
  void Say(const Message& message) {
    if (message.sequence() == 0) {
      pool_->Send(kSlot, message);
      return;
    }
    Message own = message;
    own.set_task_id(task_);
    pool_->SendAsItIs(kSlot, own);
  }
  std::string task_;
};

TEST_P(LyingTrainer_Test, AttemptFailsAndTheNextOneSucceeds) {
  Boot();
  const std::string run = Id(Create().name());
  pool_->Idle(kSlot);
  task_ = StartNext().task.task_id();
  const std::vector<Message> messages = GetParam().messages();
  for (const Message& message : messages) Say(message);
  if (!messages.back().has_finished()) {
    ASSERT_TRUE(pool_->WaitForCancel(task_)) << "it was believed";
    pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  } else {
    pool_->Idle(kSlot);
  }
  ASSERT_TRUE(WaitUntil(run, [&] { return Get(run).attempt() == 2; }));
  const std::vector<storage::Event> events = Events(run);
  const auto failed = std::find_if(events.begin(), events.end(),
                                   [](const storage::Event& event) { return event.change.attempt() == 2; });
  ASSERT_NE(failed, events.end());
  EXPECT_EQ(failed->change.state(), v1::QUEUED);
  EXPECT_THAT(failed->change.reason(), testing::AnyOf("WORKER_PROTOCOL", "WORKER_LOST"));
  EXPECT_LE(*File(run)->MetricSteps(storage::Series::kTiming), 4u);

  // From what the honest part left.
  const uint64_t first = StartNext().task.train().first_step();
  SendWholeTraining(first);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run, v1::SUCCEEDED));
}

const Lie kTrainerLies[] = {
    {"SequenceHasAGap", [] { return std::vector{Numbered(Metrics(0, 1), 3)}; }},
    {"SequenceComesTwice", [] { return std::vector{Numbered(Metrics(0, 1), 1)}; }},
    {"HelloAgain",
     [] {
       Message hello;
       hello.mutable_hello();
       return std::vector{hello};
     }},
    {"StartsTwice", [] { return std::vector{Started()}; }},
    {"EmptyMessage", [] { return std::vector{Message()}; }},
    {"Heartbeat", [] { return std::vector{Change({}, [](Message* m) { m->mutable_heartbeat(); })}; }},
    {"MetricsWrap",
     [] { return std::vector{Rows([](auto* b) { b->set_first_step(std::numeric_limits<uint64_t>::max() - 1); })}; }},
    {"MetricsHaveAGap", [] { return std::vector{Metrics(1, 2)}; }},
    {"MetricsGoBack",
     [] {
       return std::vector{Metrics(0, 2), Metrics(1, 2)};
     }},
    {"MetricsPassTheEnd", [] { return std::vector{Metrics(0, 5)}; }},
    {"MetricsAreNone", [] { return std::vector{Metrics(0, 0)}; }},
    {"MetricsCountIsHuge", [] { return std::vector{Rows([](auto* b) { b->set_count(UINT32_MAX); })}; }},
    {"MetricsMissAValue", [] { return std::vector{Rows([](auto* b) { b->mutable_values()->RemoveLast(); })}; }},
    {"MetricsHaveMoreColumnsThanAFileTakes",
     [] {
       return std::vector{Rows([](auto* b) {
         for (int i = b->columns_size(); i < 65; ++i) b->add_columns("c" + std::to_string(i));
         b->mutable_values()->Resize(2 * b->columns_size(), 1);
       })};
     }},
    {"MetricsHaveNoColumn",
     [] {
       return std::vector{Rows([](auto* b) {
         b->clear_columns();
         b->clear_values();
       })};
     }},
    {"MetricsHaveNoLoss", [] { return std::vector{Rows([](auto* b) { b->set_columns(0, "lost"); })}; }},
    {"ColumnHasAComma", [] { return std::vector{Rows([](auto* b) { b->set_columns(1, "a,b"); })}; }},
    {"ColumnHasAControlCharacter", [] { return std::vector{Rows([](auto* b) { b->set_columns(1, "a\033[2J"); })}; }},
    {"ColumnHasNoName", [] { return std::vector{Rows([](auto* b) { b->set_columns(1, ""); })}; }},
    {"ColumnIsThereTwice", [] { return std::vector{Rows([](auto* b) { b->set_columns(1, "loss"); })}; }},
    {"ColumnsChange",
     [] {
       return std::vector{Metrics(0, 1), Change(Metrics(1, 1), [](Message* m) {
                            m->mutable_metrics()->set_columns(1, "digit_loss.A1");
                          })};
     }},
    {"LossIsNotANumber", [] { return std::vector{Rows([](auto* b) { b->set_values(2, kNan); })}; }},
    {"TimingWraps",
     [] {
       return std::vector{Metrics(0, 2),
                          Speeds([](auto* b) { b->set_first_step(std::numeric_limits<uint64_t>::max() - 1); })};
     }},
    {"TimingIsOfNoMetrics", [] { return std::vector{Timing(0, 2, 100)}; }},
    {"TimingHasAGap",
     [] {
       return std::vector{Metrics(0, 3), Timing(2, 1, 100)};
     }},
    {"TimingHasAnotherColumn",
     [] {
       return std::vector{Metrics(0, 2), Speeds([](auto* b) { b->set_columns(0, "loss"); })};
     }},
    {"SpeedIsInfinite",
     [] {
       return std::vector{Metrics(0, 2), Speeds([](auto* b) { b->set_values(1, kInfinity); })};
     }},
    {"SpeedIsNegative",
     [] {
       return std::vector{Metrics(0, 2), Speeds([](auto* b) { b->set_values(1, -1); })};
     }},
    {"SetIsOfNoKind", [] { return std::vector{SetBegin(worker::v1::TENSOR_SET_KIND_UNSPECIFIED, 0)}; }},
    {"SetIsACapture", [] { return std::vector{SetBegin(worker::v1::CAPTURE, 0)}; }},
    {"CheckpointOfAStepFarAway", [] { return std::vector{SetBegin(worker::v1::WEIGHTS, uint64_t{1} << 63)}; }},
    {"ResumeStateOfAStepToCome", [] { return std::vector{SetBegin(worker::v1::RESUME_STATE, 3)}; }},
    {"SetInsideAnother",
     [] {
       return std::vector{SetBegin(worker::v1::WEIGHTS, 0), SetBegin(worker::v1::RESUME_STATE, 0)};
     }},
    {"CheckpointComesTwice",
     [] {
       return std::vector{SetBegin(worker::v1::WEIGHTS, 0), Chunk("12345678"), SetEnd(0.5),
                          SetBegin(worker::v1::WEIGHTS, 0)};
     }},
    {"TensorIsThereTwice",
     [] {
       return std::vector{Change(SetBegin(worker::v1::WEIGHTS, 0), [](Message* m) {
         auto* begin = m->mutable_tensor_set_begin();
         *begin->add_tensors() = begin->tensors(0);
       })};
     }},
    {"TensorHasNoName", [] { return std::vector{Set([](auto* t) { t->set_name(""); })}; }},
    {"TensorNameIsNoText", [] { return std::vector{Set([](auto* t) { t->set_name("a\nb"); })}; }},
    {"TensorTypeIsUnknown", [] { return std::vector{Set([](auto* t) { t->set_dtype("F3"); })}; }},
    {"TensorBytesAreNotItsShapes", [] { return std::vector{Set([](auto* t) { t->set_bytes(12); })}; }},
    {"TensorBytesWrap",
     [] {
       return std::vector{Set([](auto* t) {
         t->set_shape(0, uint64_t{1} << 62);
         t->set_bytes(0);
       })};
     }},
    {"ResumeStateIsHuge",
     [] {
       return std::vector{Change(SetBegin(worker::v1::RESUME_STATE, 0), [](Message* m) {
         auto* tensor = m->mutable_tensor_set_begin()->mutable_tensors(0);
         tensor->set_shape(0, uint64_t{1} << 36);
         tensor->set_bytes(uint64_t{4} << 36);
       })};
     }},
    {"SetHasNoTensor",
     [] {
       return std::vector{Change(SetBegin(worker::v1::WEIGHTS, 0),
                                 [](Message* m) { m->mutable_tensor_set_begin()->clear_tensors(); })};
     }},
    {"ChunkOfNoSet", [] { return std::vector{Chunk("bytes")}; }},
    {"ChunkIsEmpty",
     [] {
       return std::vector{SetBegin(worker::v1::WEIGHTS, 0), Chunk("")};
     }},
    {"MoreBytesThanTensors",
     [] {
       return std::vector{SetBegin(worker::v1::WEIGHTS, 0), Chunk("12345678"), Chunk("9")};
     }},
    {"FewerBytesThanTensors",
     [] {
       return std::vector{SetBegin(worker::v1::WEIGHTS, 0), Chunk("1234"), SetEnd()};
     }},
    {"EndOfNoSet", [] { return std::vector{SetEnd()}; }},
    {"HeldOutLossIsNotANumber",
     [] {
       return std::vector{SetBegin(worker::v1::WEIGHTS, 0), Chunk("12345678"),
                          Change(SetEnd(), [](Message* m) { m->mutable_tensor_set_end()->set_heldout_loss(kNan); })};
     }},
    {"ResultOfAnAnalysis",
     [] { return std::vector{Change({}, [](Message* m) { m->mutable_analysis_result()->mutable_evaluate(); })}; }},
    {"ProgressOfAnAnalysis", [] { return std::vector{Progress(0.5)}; }},
    {"EndIsUnknown", [] { return std::vector{End(Finished(worker::v1::Finished::OUTCOME_UNSPECIFIED))}; }},
    {"EndIsOfAnotherVersion",
     [] { return std::vector{End(Finished(static_cast<worker::v1::Finished::Outcome>(77)))}; }},
    {"ReasonIsASentence", [] { return std::vector{End(Finished(worker::v1::Finished::FAILED, "all is well"))}; }},
    {"ReasonIsLong", [] { return std::vector{End(Finished(worker::v1::Finished::FAILED, std::string(1000, 'A')))}; }},
    {"StoppedAndNobodyAsked", [] { return std::vector{End(Finished(worker::v1::Finished::STOPPED))}; }},
    {"CancelledAndNobodyAsked", [] { return std::vector{End(Finished(worker::v1::Finished::CANCELLED))}; }},
};
INSTANTIATE_TEST_SUITE_P(Lies, LyingTrainer_Test, testing::ValuesIn(kTrainerLies), LieName());

// Before its start a worker may say what it does, and that it failed.
class LyingStarter_Test : public LyingTrainer_Test {};

TEST_P(LyingStarter_Test, AttemptFails) {
  Boot();
  const std::string run = Id(Create().name());
  pool_->Idle(kSlot);
  task_ = NextTask().task.task_id();
  const Message message = GetParam().messages().front();
  Say(message);
  if (!message.has_finished()) {
    ASSERT_TRUE(pool_->WaitForCancel(task_)) << "it was believed";
    pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  }
  ASSERT_TRUE(WaitUntil(run, [&] { return Get(run).attempt() == 2; }));
}

const Lie kStarterLies[] = {
    {"MetricsBeforeTheStart", [] { return std::vector{Metrics(0, 1)}; }},
    {"DoneBeforeTheStart", [] { return std::vector{End(Finished(worker::v1::Finished::DONE))}; }},
    {"StartsAtAnotherStep",
     [] { return std::vector{Change(Started(), [](Message* m) { m->mutable_started()->set_first_step(3); })}; }},
    {"HostIsNoText",
     [] {
       return std::vector{
           Change(Started(), [](Message* m) { m->mutable_started()->mutable_provenance()->set_host("a\033[2Jb"); })};
     }},
    {"DeviceNameIsLong",
     [] {
       return std::vector{Change(Started(), [](Message* m) {
         m->mutable_started()->mutable_provenance()->set_device(std::string(10'000, 'x'));
       })};
     }},
    {"ThreadsAreMany", [] { return std::vector{Started("avx2", UINT32_MAX)}; }},
};
INSTANTIATE_TEST_SUITE_P(Lies, LyingStarter_Test, testing::ValuesIn(kStarterLies), LieName());

class LyingProbe_Test : public AnalysisFixture, public testing::WithParamInterface<Lie> {};

TEST_P(LyingProbe_Test, AttemptFailsAndTheNextOneSucceeds) {
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  for (const Message& message : GetParam().messages()) pool_->Send(kSlot, message);
  ASSERT_TRUE(pool_->WaitForCancel(task_)) << "it was believed";
  Finish(worker::v1::Finished::DONE);
  StartAnalysis();
  EXPECT_EQ(hub_->AnalysisProgress(AnalysisName(run_, id)), 0);
  Answer(UsefulNodesResult());
  Finish(worker::v1::Finished::DONE);
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

Message UsefulAnswer() {
  Message message;
  *message.mutable_analysis_result() = UsefulNodesResult();
  return message;
}
const Lie kProbeLies[] = {
    {"StateOfAKindThatKeepsNone",
     [] {
       Message message;
       message.mutable_analysis_state()->set_fits("this worker's");
       message.mutable_analysis_state()->set_done(1);
       message.mutable_analysis_state()->set_state("one");
       return std::vector{message};
     }},
    {"AnswerToAnotherQuestion",
     [] { return std::vector{Change({}, [](Message* m) { m->mutable_analysis_result()->mutable_evaluate(); })}; }},
    {"AnswerIsNone", [] { return std::vector{Change({}, [](Message* m) { m->mutable_analysis_result(); })}; }},
    {"AnswerComesTwice",
     [] {
       return std::vector{UsefulAnswer(), UsefulAnswer()};
     }},
    {"ProgressIsNotANumber", [] { return std::vector{Progress(kNan)}; }},
    {"ProgressIsTwo", [] { return std::vector{Progress(2)}; }},
    {"MetricsOfATraining", [] { return std::vector{Metrics(0, 1)}; }},
    {"TimingOfATraining", [] { return std::vector{Timing(0, 1, 100)}; }},
    {"TensorsOfNoCapture", [] { return std::vector{SetBegin(worker::v1::CAPTURE, 4)}; }},
    {"WeightsOfATraining", [] { return std::vector{SetBegin(worker::v1::WEIGHTS, 4)}; }},
};
INSTANTIATE_TEST_SUITE_P(Lies, LyingProbe_Test, testing::ValuesIn(kProbeLies), LieName());

class LyingWorker_Test : public JobsFixture {};

// A worker that gives its task back unasked had it given again at once: 2,812 events in 14 s.
TEST_F(LyingWorker_Test, WorkerThatStopsUnaskedAgainAndAgainFailsItsRun) {
  Boot();
  const std::string run = Id(Create().name());
  pool_->Idle(kSlot);
  for (uint32_t attempt = 1; attempt <= limits::kMaxAttempts; ++attempt) {
    StartNext();
    pool_->Finish(kSlot, Finished(worker::v1::Finished::STOPPED));
  }
  ASSERT_TRUE(WaitForState(run, v1::FAILED));
  EXPECT_EQ(Get(run).state_reason(), "WORKER_LOST");
}

TEST_F(LyingWorker_Test, WorkerThatFloodsTheLogFailsItsAttempt) {
  Boot();
  const std::string run = Id(Create().name());
  pool_->Idle(kSlot);
  const std::string task = StartNext().task.task_id();
  for (uint32_t i = 0; i <= limits::kMaxTaskLogLines; ++i) pool_->Send(kSlot, LogText("INFO", "x"));
  EXPECT_TRUE(pool_->WaitForCancel(task));
}

}  // namespace
}  // namespace sumscope::jobs
