#ifndef SUMSCOPE_STORAGE_CATALOG_FACTS_H_
#define SUMSCOPE_STORAGE_CATALOG_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/probes.pb.h"

namespace sumscope::storage {

struct FactQuery {
  std::string filter;  // AIP-160 over the fields of FactService.ListFacts, "" for all
  uint32_t page_size = 50;
  std::string page_token;
};
struct FactPage {
  std::vector<v1::NodeFact> facts;
  std::string next_page_token;
};

// What analyses proved about nodes.
class FactsReader {
 public:
  virtual ~FactsReader() = default;
  // Facts of runs that are not deleted, by run, position, layer, heads before MLPs, tag. INVALID_ARGUMENT
  // FILTER_INVALID, PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<FactPage> List(const Viewer& viewer, const FactQuery& query) = 0;
};

class Facts : public FactsReader {
 public:
  // Replaces the facts that `analysis` proved about nodes of the checkpoint at `step`. INVALID_ARGUMENT FACT_INVALID
  // for a node that is not P14L0H1 or P14L0MLP, and for a tag that is empty, has control characters or is longer than
  // 256 bytes.
  virtual absl::Status Put(const std::string& run, uint64_t step, const std::string& analysis,
                           const std::vector<v1::NodeTag>& tags, absl::Time now) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_FACTS_H_
