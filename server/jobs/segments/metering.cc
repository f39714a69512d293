#include "server/jobs/segments/metering.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proto/contract/errors/status_macros.h"

namespace sumscope::jobs {

Metering::Metering(storage::Catalog* catalog, Clock* clock, absl::Duration half_life, double low_charge)
    : catalog_(catalog), clock_(clock), half_life_(half_life), low_charge_(low_charge), ledger_(NewLedger()) {}

absl::Status Metering::Load() {
  std::vector<storage::UserUsage> rows;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(rows, reader.usage().List());
    return absl::OkStatus();
  }));
  std::unique_ptr<UsageLedger> ledger = NewLedger();
  ledger->Load(rows);
  Keep(std::move(ledger));
  return absl::OkStatus();
}

void Metering::Keep(std::unique_ptr<UsageLedger> ledger) {
  MutexLock lock(&mutex_);
  ledger_ = std::move(ledger);
}

void Metering::Begin(const storage::Job& job) {
  MutexLock lock(&mutex_);
  segments_[job.id] = {job.owner, job.priority == v1::LOW ? low_charge_ : 1, clock_->Monotonic()};
}

std::optional<Metering::Segment> Metering::Find(const std::string& job) {
  MutexLock lock(&mutex_);
  const auto found = segments_.find(job);
  return found == segments_.end() ? std::nullopt : std::make_optional(found->second);
}

absl::Status Metering::ChargeOne(storage::CatalogTransaction& transaction, const Segment& segment, absl::Duration until,
                                 UsageLedger* ledger, storage::Job* job) const {
  const absl::Time now = clock_->Now();
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(until - segment.charged_until));
  job->device_seconds += seconds;
  job->charged_until = now;
  return transaction.usage().Put(ledger->Charge(segment.owner, seconds * segment.factor, now));
}

absl::Status Metering::ChargeAll() {
  MutexLock charging(&charging_);
  std::map<std::string, Segment> segments;
  {
    MutexLock lock(&mutex_);
    segments = segments_;
  }
  if (segments.empty()) return absl::OkStatus();
  const absl::Duration until = clock_->Monotonic();
  std::unique_ptr<UsageLedger> ledger;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    ledger = NewLedger();
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::UserUsage> rows, transaction.usage().List());
    ledger->Load(rows);
    for (const auto& [id, segment] : segments) {
      absl::StatusOr<storage::Job> job = transaction.jobs().Get(storage::Viewer::Server(), id);
      if (!job.ok()) continue;  // a row that cannot be read is no reason to charge nobody
      SUMSCOPE_RETURN_IF_ERROR(ChargeOne(transaction, segment, until, ledger.get(), &*job));
      SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Update(*job));
    }
    return absl::OkStatus();
  }));
  MutexLock lock(&mutex_);
  ledger_ = std::move(ledger);
  for (const auto& [id, segment] : segments) segments_[id].charged_until = until;
  return absl::OkStatus();
}

absl::Status Metering::End(const std::string& job, const std::function<absl::Status(const Charge& charge)>& write) {
  if (!Find(job).has_value()) {
    return write([](storage::CatalogTransaction&, storage::Job*) { return absl::OkStatus(); });
  }
  MutexLock charging(&charging_);
  const std::optional<Segment> segment = Find(job);
  std::unique_ptr<UsageLedger> ledger;
  const absl::Duration until = clock_->Monotonic();
  SUMSCOPE_RETURN_IF_ERROR(write([&](storage::CatalogTransaction& transaction, storage::Job* row) -> absl::Status {
    if (!segment.has_value()) return absl::OkStatus();
    ledger = NewLedger();
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::UserUsage> rows, transaction.usage().List());
    ledger->Load(rows);
    return ChargeOne(transaction, *segment, until, ledger.get(), row);
  }));
  MutexLock lock(&mutex_);
  if (ledger != nullptr) ledger_ = std::move(ledger);
  segments_.erase(job);
  return absl::OkStatus();
}

std::map<std::string, double> Metering::Usage() {
  const absl::Time now = clock_->Now();
  const absl::Duration until = clock_->Monotonic();
  MutexLock lock(&mutex_);
  std::map<std::string, double> usage = ledger_->All(now);
  for (const auto& [job, segment] : segments_) {
    usage[segment.owner] += std::max(0.0, absl::ToDoubleSeconds(until - segment.charged_until)) * segment.factor;
  }
  return usage;
}

}  // namespace sumscope::jobs
