#ifndef SUMSCOPE_STORAGE_CATALOG_ACTOR_H_
#define SUMSCOPE_STORAGE_CATALOG_ACTOR_H_

#include <string>
#include <utility>

#include "storage/catalog/audit.h"
#include "storage/catalog/viewer.h"

namespace sumscope::storage {

// The audit's row of one call, which goes into the catalog with the first change that the call commits. Owned by
// whoever serves the call; confined to its thread.
struct CallAudit {
  AuditRow row;
  bool written = false;  // set by Catalog::Write once the transaction that holds the row is durable
};

// Who changes something: the viewer of the reads that go with it, and the call that is answerable for it. A value type;
// the call's audit outlives it.
class Actor {
 public:
  // The server's own work, which no call answers for.
  static Actor Server() { return Actor(Viewer::Server(), nullptr); }
  // `audit` may be null: a change without a row.
  Actor(Viewer viewer, CallAudit* audit) : viewer_(std::move(viewer)), audit_(audit) {}

  const Viewer& viewer() const { return viewer_; }
  const std::string& user() const { return viewer_.user(); }
  CallAudit* audit() const { return audit_; }
  // What the call makes or changes, "runs/r7k2m9qa", for its row; to be said within the transaction.
  void Names(std::string resource) const {
    if (audit_ != nullptr) audit_->row.resource = std::move(resource);
  }

 private:
  Viewer viewer_;
  CallAudit* audit_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_ACTOR_H_
