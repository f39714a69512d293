#include "server/worker/link/state_keeper.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"

namespace sumscope::worker {

StateKeeper::StateKeeper(const v1::AnalysisTask& task, const sumscope::v1::Attempt& provenance, Clock* clock,
                         TaskSink* sink)
    : task_(task),
      clock_(clock),
      sink_(sink),
      fits_(absl::StrCat(task.state_key(), " ", provenance.sumscope_version(), " ", provenance.git_hash(), " ",
                         provenance.torch_version(), " ", provenance.isa_level(), " ", provenance.device(), " ",
                         provenance.threads())),
      last_(clock->Monotonic()) {}

std::string StateKeeper::Last() {
  if (!task_.has_last_state()) return "";
  if (task_.last_state().fits() == fits_) return task_.last_state().state();
  Leave("it is of other weights, or of a worker that computes otherwise");
  return "";
}

void StateKeeper::Leave(const std::string& why) {
  v1::WorkerMessage message;
  message.mutable_log()->set_severity("INFO");
  message.mutable_log()->set_text(absl::StrCat("the analysis starts anew: an earlier attempt left a state of ",
                                               task_.last_state().done(), " questions, and ", why));
  link_.Update(sink_->Send(std::move(message)));
}

void StateKeeper::Keep(uint64_t done, const std::function<std::string()>& state) {
  const absl::Duration now = clock_->Monotonic();
  if (task_.state_key().empty() || !link_.ok() || now - last_ < limits::kAnalysisStateInterval) return;
  last_ = now;
  v1::WorkerMessage message;
  message.mutable_analysis_state()->set_fits(fits_);
  message.mutable_analysis_state()->set_done(done);
  message.mutable_analysis_state()->set_state(state());
  link_.Update(sink_->Send(std::move(message)));
}

}  // namespace sumscope::worker
