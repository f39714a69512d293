#ifndef SUMSCOPE_STORAGE_CATALOG_ANALYSES_H_
#define SUMSCOPE_STORAGE_CATALOG_ANALYSES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::storage {

struct AnalysisQuery {
  std::string run;   // "" = all
  std::string kind;  // evaluate, ..; "" = all
  uint32_t page_size = 50;
  std::string page_token;
};
struct AnalysisPage {
  std::vector<v1::Analysis> analyses;  // without results
  std::string next_page_token;
};

// The index of analyses: no request, no result.
class AnalysesReader {
 public:
  virtual ~AnalysesReader() = default;
  // NOT_FOUND ANALYSIS_NOT_FOUND.
  virtual absl::StatusOr<v1::Analysis> Get(const Viewer& viewer, const std::string& run,
                                           const std::string& analysis) = 0;
  // The analysis of that key that is SUCCEEDED or will be, if any: no CANCELLING one. Of this run: another of the same
  // weights has facts and answers of its own, and may have been trained otherwise.
  virtual absl::StatusOr<std::optional<v1::Analysis>> Find(const Viewer& viewer, const std::string& run,
                                                           const std::string& key) = 0;
  // The one that was made last first. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<AnalysisPage> List(const Viewer& viewer, const AnalysisQuery& query) = 0;
};

class Analyses : public AnalysesReader {
 public:
  // Inserts or replaces. INVALID_ARGUMENT when its name is not runs/{run}/analyses/{analysis}.
  virtual absl::Status Put(const v1::Analysis& analysis) = 0;
  // Forgets an analysis, its facts, its headline and its job; its bytes become a removal.
  virtual absl::Status Remove(const std::string& run, const std::string& analysis) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_ANALYSES_H_
