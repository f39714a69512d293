#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_WORKER_SCRIPT_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_WORKER_SCRIPT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sumscope/worker/v1/link.pb.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/protocol_model.h"

// What a worker that may lie says, from the bytes of an input: a task, then three bytes a message, and more of one with
// a field spoilt.
namespace sumscope::fuzz {

inline constexpr size_t kTaskBytes = 4;
inline constexpr int kMaxMessages = 200;

ProtocolModel::Task TakeTask(Input* input);
// The field of a request or an answer that is called so.
google::protobuf::Message* MutableKind(const std::string& kind, google::protobuf::Message* message);

// The columns of the metrics, and the values of a step, that an honest worker sends. A bold one sends other values.
inline constexpr const char* kMetricColumns[] = {"digit_loss.A0", "loss"};
inline double HonestMetric(uint64_t step, int column) { return 0.5 + static_cast<double>(step) + 0.25 * column; }

// As a rule what comes next after what `model` believes; otherwise anything, or the same with a field spoilt.
worker::v1::WorkerMessage TakeMessage(Input* input, const ProtocolModel& model);

// Tasks of every kind with an honest script, and with a lie in it.
std::vector<std::string> SeedScripts();
std::vector<std::string> ScriptWords();

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_WORKER_SCRIPT_H_
