#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_CATALOG_READS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_CATALOG_READS_H_

#include <optional>
#include <string>
#include <vector>

#include "storage/catalog.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The reads of the catalog on one connection inside a transaction. `Base` is CatalogReader or CatalogTransaction, so
// that a write transaction reads what it wrote. Confined to the transaction's thread.
template <typename Base>
class CatalogReads : public Base {
 public:
  explicit CatalogReads(Connection& connection) : connection_(connection) {}

  absl::StatusOr<v1::Run> GetRun(const std::string& run) override;
  absl::StatusOr<std::vector<std::string>> FindRuns(const std::string& prefix, RunsFirst first, int limit) override;
  absl::StatusOr<std::string> LatestRun(const std::string& owner) override;
  absl::StatusOr<RunPage> ListRuns(const RunQuery& query) override;
  absl::StatusOr<Job> GetJob(const std::string& job) override;
  absl::StatusOr<Job> GetTrainingJob(const std::string& run) override;
  absl::StatusOr<std::vector<Job>> ListUnfinishedJobs() override;
  absl::StatusOr<uint64_t> CountQueuedJobs(uint64_t after, uint64_t through) override;
  absl::StatusOr<std::optional<RequestRecord>> GetRequest(const std::string& request_id) override;
  absl::StatusOr<std::vector<Event>> ListEvents(const std::string& run, uint64_t after_sequence, int limit) override;
  absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& run, const std::string& analysis) override;
  absl::StatusOr<std::optional<v1::Analysis>> FindAnalysis(const std::string& run, const std::string& key) override;
  absl::StatusOr<AnalysisPage> ListAnalyses(const AnalysisQuery& query) override;
  absl::StatusOr<FactPage> ListFacts(const FactQuery& query) override;
  absl::StatusOr<v1::UploadedQuestionSet> GetQuestionSet(const std::string& sha256) override;
  absl::StatusOr<QuestionSetPage> ListQuestionSets(uint32_t page_size, const std::string& page_token) override;
  absl::StatusOr<std::vector<Removal>> ListRemovals() override;

 protected:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_CATALOG_READS_H_
