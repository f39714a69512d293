#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_ANALYSES_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_ANALYSES_H_

#include <optional>
#include <string>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/analyses.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `analyses`, inside one transaction of the connection, and confined to its thread.
class SqliteAnalyses final : public Analyses {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteAnalyses(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<v1::Analysis> Get(const Viewer& viewer, const std::string& run, const std::string& analysis) override;
  absl::StatusOr<std::optional<v1::Analysis>> Find(const Viewer& viewer, const std::string& run,
                                                   const std::string& key) override;
  absl::StatusOr<AnalysisPage> List(const Viewer& viewer, const AnalysisQuery& query) override;

  absl::Status Put(const v1::Analysis& analysis) override;
  absl::Status Remove(const std::string& run, const std::string& analysis) override;

 private:
  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_ANALYSES_H_
