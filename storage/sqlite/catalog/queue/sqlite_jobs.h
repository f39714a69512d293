#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_JOBS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_JOBS_H_

#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The tables `jobs`, `job_dependencies`, `orders` and `partial_results`, inside one transaction of the connection, and
// confined to its thread.
class SqliteJobs final : public Jobs {
 public:
  SqliteJobs(Connection& connection, const Catalog::LegalTransition& legal) : connection_(connection), legal_(legal) {}

  absl::StatusOr<Job> Get(const Viewer& viewer, const std::string& job) override;
  absl::StatusOr<Job> GetTraining(const Viewer& viewer, const std::string& run) override;
  absl::StatusOr<std::vector<Job>> ListUnfinished(const Viewer& viewer) override;
  absl::StatusOr<std::vector<std::string>> ListToCancel(const std::string& sweep) override;
  absl::StatusOr<std::vector<Job>> ListDependents(const std::string& run) override;
  absl::StatusOr<std::vector<double>> EstimateRatios(int limit) override;
  absl::StatusOr<v1::Analysis> GetOrder(const std::string& job) override;
  absl::StatusOr<std::optional<PartialResult>> GetPartialResult(const std::string& job) override;

  absl::Status Insert(Job* job) override;
  absl::Status Update(const Job& job) override;
  absl::Status PutOrder(const std::string& job, const v1::Analysis& analysis) override;
  absl::Status RemoveOrder(const std::string& job) override;
  absl::Status PutPartialResult(const std::string& job, const PartialResult& partial) override;

 private:
  Connection& connection_;
  const Catalog::LegalTransition& legal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_JOBS_H_
