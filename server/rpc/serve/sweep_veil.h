#ifndef SUMSCOPE_SERVER_RPC_SERVE_SWEEP_VEIL_H_
#define SUMSCOPE_SERVER_RPC_SERVE_SWEEP_VEIL_H_

#include <map>
#include <string>
#include <utility>

#include "proto/contract/names/resource_names.h"
#include "storage/catalog/catalog.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// Takes out of runs which sweep they are of, where the viewer may not see that: a run of the lab may be of a private
// sweep. Confined to a body of Catalog::Read.
class SweepVeil {
 public:
  // The reader outlives it.
  SweepVeil(storage::CatalogReader* reader, storage::Viewer viewer) : reader_(*reader), viewer_(std::move(viewer)) {}

  void Cover(v1::Run* run) {
    if (!run->sweep().empty() && !Sees(IdOf(run->sweep()))) run->clear_sweep();
  }

 private:
  // Not, where its row cannot be read.
  bool Sees(const std::string& sweep) {
    const auto [entry, is_new] = seen_.try_emplace(sweep, false);
    if (is_new) entry->second = reader_.sweeps().Get(viewer_, sweep).ok();
    return entry->second;
  }

  storage::CatalogReader& reader_;
  const storage::Viewer viewer_;
  std::map<std::string, bool> seen_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_SWEEP_VEIL_H_
