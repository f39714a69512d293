#ifndef SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_VFS_H_
#define SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_VFS_H_

#include <sqlite3.h>

#include "tests/storage/faults/faults.h"

namespace sumscope::storage {

// While it lives, SQLite's default VFS: the one before it, of which one open, read, write, truncation, sync or removal
// fails. Locks and shared memory never do.
class FaultVfs {
 public:
  explicit FaultVfs(Faults* faults);
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

 private:
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  Faults* const faults_;

  friend struct FaultVfsCalls;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_TESTS_STORAGE_FAULTS_FAULT_VFS_H_
