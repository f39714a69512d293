#ifndef SUMSCOPE_SERVER_RPC_QUEUE_JOB_MESSAGES_H_
#define SUMSCOPE_SERVER_RPC_QUEUE_JOB_MESSAGES_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/scheduling/queue.h"
#include "server/jobs/state/event_hub.h"
#include "server/rpc/queue/estimates.h"
#include "storage/catalog/catalog.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/queue.pb.h"

namespace sumscope::rpc {

// Shows jobs to one user as far as they may see them: of another's private run no more than v1::Job says, and of what a
// visible job names nothing that is not theirs to see. Confined to a body of Catalog::Read; what it is given outlives
// it.
class JobMessages {
 public:
  JobMessages(storage::CatalogReader* reader, const jobs::QueueView* view, jobs::EventHub* hub, storage::Viewer viewer)
      : reader_(*reader), view_(*view), hub_(*hub), viewer_(std::move(viewer)) {}

  // Reads how wrong estimates were here. To be called first.
  absl::Status Begin();
  const EstimateRecord& record() const { return record_; }

  // Of the queue. Errors of the catalog.
  absl::StatusOr<v1::Job> Show(const jobs::QueuedJob& queued);
  // Of a row, with its place in the queue if it has one there. Where the row has changed since the view, it is shown as
  // it is, without a place.
  absl::StatusOr<v1::Job> Show(const storage::Job& row);
  // Who or what holds what the job waits for; of its owner's or its sweep's jobs only those that the viewer sees.
  absl::StatusOr<std::vector<v1::Holder>> Holders(const storage::Job& row);

 private:
  // What is told of a run with its jobs.
  struct Subject {
    std::string model_name;
    uint64_t steps = 0;
    std::string training;  // jobs/{job}
    std::string owner;
  };

  // Empty where the viewer may not see the run, or it is gone.
  absl::StatusOr<const std::optional<Subject>*> Find(const std::string& run);
  absl::StatusOr<bool> SeesSweep(const std::string& sweep);
  absl::StatusOr<v1::Job> Show(const storage::Job& row, const jobs::QueuedJob* queued);
  absl::Status AddLinks(const storage::Job& row, v1::Job* job);
  absl::StatusOr<std::string> WhatOf(const storage::Job& row, const Subject& subject);
  void AddExpected(const jobs::QueuedJob& queued, v1::Job* job) const;
  double ProgressOf(const storage::Job& row, const Subject& subject);
  absl::StatusOr<v1::Holder> RunningHolder(const jobs::QueuedJob& waiting, const jobs::QueuedJob& holder);

  storage::CatalogReader& reader_;
  const jobs::QueueView& view_;
  jobs::EventHub& hub_;
  const storage::Viewer viewer_;
  EstimateRecord record_;
  std::map<std::string, std::optional<Subject>> subjects_;  // by run
  std::map<std::string, bool> sweeps_;                      // whether the viewer sees it
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUEUE_JOB_MESSAGES_H_
