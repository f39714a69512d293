#include "server/jobs/following/dependents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/analyses/analysis_checks.h"
#include "server/jobs/analyses/orders.h"
#include "server/jobs/dependencies/dependencies.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

// Jobs that one transaction changes: others write between.
constexpr size_t kJobsAtOnce = 200;

// The job, if it still waits for the run. One whose rows cannot be read is left alone: others go on.
absl::StatusOr<std::optional<JobWithSubject>> StillWaiting(storage::CatalogReader& reader, const std::string& job,
                                                           const std::string& run) {
  const absl::StatusOr<JobWithSubject> target = LoadJobWithSubject(reader, job);
  if (!target.ok() && MayPass(target.status())) return target.status();
  if (!target.ok()) return std::optional<JobWithSubject>();
  const std::vector<std::string>& waits_for = target->job.dependencies;
  if (target->job.state != v1::QUEUED || std::find(waits_for.begin(), waits_for.end(), run) == waits_for.end()) {
    return std::optional<JobWithSubject>();
  }
  return std::make_optional(*target);
}

// What is told of the run to those who see the job's own.
std::string WhyNot(const v1::Run& run, const JobWithSubject& target) {
  const bool own = IdOf(run.name()) == target.job.run;
  const bool told = own || run.visibility() == v1::LAB || target.run.visibility() == v1::PRIVATE;
  return absl::StrCat(told ? run.name() : "a run", ", which it waits for, ",
                      run.has_delete_time() ? "is deleted" : absl::StrCat("is ", v1::State_Name(run.state())));
}

absl::StatusOr<storage::TensorSet> LastWeights(storage::RunFile* file) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::TensorSet> sets,
                            file->ListTensorSets(storage::TensorSetKind::kWeights));
  if (!sets.empty()) return sets.back();
  return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_HAS_NO_CHECKPOINT", "the run's file holds no weights");
}

}  // namespace

absl::Status Dependents::Settle(const std::string& run) {
  Jobs waiting;
  v1::Run row;
  SUMSCOPE_RETURN_IF_ERROR(context_->catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(waiting, reader.jobs().ListDependents(run));
    absl::StatusOr<v1::Run> found = reader.runs().Get(storage::Viewer::Server(), run);
    if (absl::IsNotFound(found.status())) {  // it was removed
      row.set_name(RunName(run));
      *row.mutable_delete_time() = ToTimestamp(context_->clock->Now());
      return absl::OkStatus();
    }
    SUMSCOPE_RETURN_IF_ERROR(found.status());
    row = *std::move(found);
    return absl::OkStatus();
  }));
  const Awaited standing = StandingOf(row);
  if (standing == Awaited::kUnfinished) return absl::OkStatus();
  for (size_t first = 0; first < waiting.size(); first += kJobsAtOnce) {
    const auto begin = waiting.begin() + static_cast<ptrdiff_t>(first);
    const Jobs some(begin, begin + static_cast<ptrdiff_t>(std::min(kJobsAtOnce, waiting.size() - first)));
    SUMSCOPE_RETURN_IF_ERROR(standing == Awaited::kSucceeded ? Release(row, some) : Fail(row, some));
  }
  // One that came into the queue while it was settled stands there as it was before. A start asks the catalog again.
  admission_->DependencyDone(run);
  return absl::OkStatus();
}

absl::StatusOr<Dependents::Orders> Dependents::Complete(const v1::Run& run, const Jobs& waiting) {
  Orders orders;
  SUMSCOPE_RETURN_IF_ERROR(context_->catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    for (const storage::Job& job : waiting) {
      if (job.analysis.empty()) continue;
      absl::StatusOr<v1::Analysis> order = reader.jobs().GetOrder(job.id);
      if (!order.ok() && MayPass(order.status())) return order.status();
      orders.emplace(job.id, std::move(order));
    }
    return absl::OkStatus();
  }));
  if (orders.empty()) return orders;
  const std::string id = IdOf(run.name());
  const auto complete = [&]() -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context_->run_files->Open(id));
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet weights, LastWeights(file.get()));
    for (auto& [job, order] : orders) {
      if (!order.ok()) continue;
      AskOf(run, weights, &*order);
      const bool has_room = KindOf(order->request()).writes_capture();  // which it took when it was ordered
      const absl::Status answerable = has_room ? absl::OkStatus() : CheckAnswerable(context_, run, *order);
      if (answerable.ok()) continue;
      if (MayPass(answerable)) return answerable;
      order = answerable;
    }
    return file->Write([&](storage::RunFileTransaction& transaction) -> absl::Status {
      for (const auto& [job, order] : orders) {
        if (order.ok()) SUMSCOPE_RETURN_IF_ERROR(transaction.PutAnalysis(*order));
      }
      return absl::OkStatus();
    });
  };
  const absl::Status completed = complete();
  if (!completed.ok() && MayPass(completed)) return completed;
  for (auto& [job, order] : orders) {
    if (!completed.ok() && order.ok()) order = completed;
  }
  return orders;
}

absl::Status Dependents::Release(const v1::Run& run, const Jobs& waiting) {
  const std::string id = IdOf(run.name());
  SUMSCOPE_ASSIGN_OR_RETURN(const Orders orders, Complete(run, waiting));
  std::vector<JobWithSubject> released, ended;
  const absl::Time now = context_->clock->Now();
  const auto release = [&](storage::CatalogTransaction& transaction, JobWithSubject* target) -> absl::Status {
    std::vector<std::string>& waits_for = target->job.dependencies;
    waits_for.erase(std::remove(waits_for.begin(), waits_for.end(), id), waits_for.end());
    const auto order = orders.find(target->job.id);
    if (order != orders.end() && !order->second.ok()) {
      const absl::Status& why = order->second.status();
      SUMSCOPE_RETURN_IF_ERROR(
          Change(transaction, now, target, v1::FAILED, StorageReason(why), std::string(why.message())));
      ended.push_back(*target);
      return absl::OkStatus();
    }
    if (order != orders.end()) {
      target->analysis.set_checkpoint(order->second->checkpoint());
      target->analysis.set_key(order->second->key());
      SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().RemoveOrder(target->job.id));
    }
    SUMSCOPE_RETURN_IF_ERROR(Change(transaction, now, target, v1::QUEUED,
                                    waits_for.empty() ? reasons::kResources : reasons::kDependency, ""));
    released.push_back(*target);
    return absl::OkStatus();
  };
  SUMSCOPE_RETURN_IF_ERROR(context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    released.clear();
    ended.clear();
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, transaction.runs().Get(storage::Viewer::Server(), id));
    if (StandingOf(row) != Awaited::kSucceeded) {  // it was deleted meanwhile
      return absl::AbortedError(absl::StrCat(row.name(), " changed while those who wait for it were let go"));
    }
    for (const storage::Job& job : waiting) {
      SUMSCOPE_ASSIGN_OR_RETURN(std::optional<JobWithSubject> target, StillWaiting(transaction, job.id, id));
      if (target.has_value()) SUMSCOPE_RETURN_IF_ERROR(release(transaction, &*target));
    }
    return absl::OkStatus();
  }));
  for (JobWithSubject& target : released) {
    admission_->Claim(target.job.id);
    admission_->Enqueue(target.job);
    context_->hub->Notify(target.job.run);
  }
  for (const JobWithSubject& target : ended) Ended(target);
  return absl::OkStatus();
}

absl::Status Dependents::Fail(const v1::Run& run, const Jobs& waiting) {
  std::vector<JobWithSubject> ended;
  const absl::Time now = context_->clock->Now();
  const auto fail = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    ended.clear();
    // It may be resumed or undeleted meanwhile: then nothing has to end.
    const absl::StatusOr<v1::Run> row = transaction.runs().Get(storage::Viewer::Server(), IdOf(run.name()));
    if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
    if (row.ok() && StandingOf(*row) != Awaited::kLost) return absl::OkStatus();
    for (const storage::Job& job : waiting) {
      SUMSCOPE_ASSIGN_OR_RETURN(std::optional<JobWithSubject> target,
                                StillWaiting(transaction, job.id, IdOf(run.name())));
      if (!target.has_value()) continue;
      SUMSCOPE_RETURN_IF_ERROR(Change(transaction, now, &*target, v1::FAILED, reasons::kDependencyFailed,
                                      WhyNot(row.ok() ? *row : run, *target)));
      ended.push_back(*std::move(target));
    }
    return absl::OkStatus();
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(fail); }));
  for (const JobWithSubject& target : ended) Ended(target);
  return absl::OkStatus();
}

void Dependents::Ended(const JobWithSubject& target) {
  admission_->Claim(target.job.id);
  context_->hub->Notify(target.job.run);
  context_->ended.PutWithoutFile(target.job);
}

}  // namespace sumscope::jobs
