#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_RUNS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_RUNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/runs.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The tables `runs` and `labels`, inside one transaction of the connection, and confined to its thread.
class SqliteRuns final : public Runs {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteRuns(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<v1::Run> Get(const Viewer& viewer, const std::string& run) override;
  absl::StatusOr<std::vector<std::string>> Find(const Viewer& viewer, const std::string& prefix, RunsFirst first,
                                                int limit) override;
  absl::StatusOr<std::string> Latest(const Viewer& viewer, const std::string& owner) override;
  absl::StatusOr<uint64_t> CountLabRunsFrom(const std::string& source) override;
  absl::StatusOr<RunPage> List(const Viewer& viewer, const RunQuery& query) override;

  absl::Status Insert(const v1::Run& run) override;
  absl::Status Update(const v1::Run& run) override;
  absl::Status Remove(const std::string& run) override;
  absl::Status PutLastCheckpoint(const std::string& run, uint64_t step) override;

 private:
  absl::Status Put(const v1::Run& run, bool is_new);

  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_RUNS_H_
