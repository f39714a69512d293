#ifndef SUMSCOPE_TESTS_SERVER_JOBS_MESSAGES_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_MESSAGES_H_

#include <string>

#include "sumscope/worker/v1/link.pb.h"

// What workers send, in short.
namespace sumscope::jobs {

using Message = worker::v1::WorkerMessage;

inline Message Started(const std::string& isa_level = "avx2", uint32_t threads = 2) {
  Message message;
  v1::Attempt* provenance = message.mutable_started()->mutable_provenance();
  provenance->set_host("box");
  provenance->set_isa_level(isa_level);
  provenance->set_device("cpu");
  provenance->set_threads(threads);
  return message;
}
// Steps first .. first+count-1 with the losses offset+step.
inline Message Metrics(uint64_t first, uint32_t count, double offset = 0) {
  Message message;
  v1::MetricBlock* block = message.mutable_metrics();
  block->set_first_step(first);
  block->set_count(count);
  block->add_columns("loss");
  block->add_columns("digit_loss.A0");
  for (uint32_t i = 0; i < count; ++i) {
    block->add_values(offset + static_cast<double>(first + i));
    block->add_values(0.5);
  }
  return message;
}
inline Message Timing(uint64_t first, uint32_t count, double steps_per_second) {
  Message message;
  v1::MetricBlock* block = message.mutable_timing();
  block->set_first_step(first);
  block->set_count(count);
  block->add_columns("steps_per_second");
  for (uint32_t i = 0; i < count; ++i) block->add_values(steps_per_second);
  return message;
}
inline Message SetBegin(worker::v1::TensorSetKind kind, uint64_t step) {
  Message message;
  worker::v1::TensorSetBegin* begin = message.mutable_tensor_set_begin();
  begin->set_kind(kind);
  begin->set_step(step);
  worker::v1::TensorInfo* tensor = begin->add_tensors();
  tensor->set_name("embed.W_E");
  tensor->set_dtype("F32");
  tensor->add_shape(2);
  tensor->set_bytes(8);
  return message;
}
inline Message Chunk(const std::string& data) {
  Message message;
  message.mutable_tensor_chunk()->set_data(data);
  return message;
}
inline Message SetEnd(double heldout_loss = -1) {
  Message message;
  message.mutable_tensor_set_end();
  if (heldout_loss >= 0) message.mutable_tensor_set_end()->set_heldout_loss(heldout_loss);
  return message;
}
inline Message LogText(const std::string& severity, const std::string& text) {
  Message message;
  message.mutable_log()->set_severity(severity);
  message.mutable_log()->set_text(text);
  return message;
}
inline worker::v1::Finished Finished(worker::v1::Finished::Outcome outcome, const std::string& reason = "",
                                     bool retryable = false) {
  worker::v1::Finished finished;
  finished.set_outcome(outcome);
  finished.set_reason(reason);
  finished.set_retryable(retryable);
  return finished;
}

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_MESSAGES_H_
