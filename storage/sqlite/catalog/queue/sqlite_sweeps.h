#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_SWEEPS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_SWEEPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/sweeps.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `sweeps`, and what of `runs` and `jobs` is of one, inside one transaction of the connection, and confined
// to its thread.
class SqliteSweeps final : public Sweeps {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteSweeps(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<v1::Sweep> Get(const Viewer& viewer, const std::string& sweep) override;
  absl::StatusOr<std::vector<std::string>> Find(const Viewer& viewer, const std::string& prefix, int limit) override;
  absl::StatusOr<std::string> Latest(const Viewer& viewer, const std::string& owner) override;
  absl::StatusOr<SweepPage> List(const Viewer& viewer, uint32_t page_size, const std::string& page_token) override;
  absl::StatusOr<std::vector<std::string>> Members(const std::string& sweep) override;
  absl::StatusOr<SweepTally> Tally(const Viewer& viewer, const std::string& sweep) override;

  absl::Status Insert(const v1::Sweep& sweep) override;
  absl::Status Update(const v1::Sweep& sweep) override;
  absl::Status Remove(const std::string& sweep) override;

 private:
  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_SWEEPS_H_
