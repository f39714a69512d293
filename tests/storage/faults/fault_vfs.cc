#include "tests/storage/faults/fault_vfs.h"

#include <new>

namespace sumscope::storage {
namespace {

using Moment = Faults::Moment;

// SQLite allocates it; the real file lies behind it.
struct FaultFile {
  sqlite3_file base;
  Faults* faults;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* Fault(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Fault(file)->real(); }

// `operation` or its failure with `error`.
template <typename Operation>
int Do(Faults* faults, int error, const Operation& operation) {
  const auto moment = faults->Next();
  if (!moment.has_value()) return operation();
  if (*moment == Moment::kAfter) operation();
  return error;
}

int Close(sqlite3_file* file) { return Real(file)->pMethods->xClose(Real(file)); }

int Read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
  return Do(Fault(file)->faults, SQLITE_IOERR_READ,
            [&] { return Real(file)->pMethods->xRead(Real(file), to, count, offset); });
}

int Write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  const auto write = [&](int bytes) { return Real(file)->pMethods->xWrite(Real(file), from, bytes, offset); };
  const auto moment = Fault(file)->faults->Next();
  if (!moment.has_value()) return write(count);
  if (*moment == Moment::kMiddle) write(count / 2);
  if (*moment == Moment::kAfter) write(count);
  return SQLITE_IOERR_WRITE;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Do(Fault(file)->faults, SQLITE_IOERR_TRUNCATE,
            [&] { return Real(file)->pMethods->xTruncate(Real(file), size); });
}

int Sync(sqlite3_file* file, int flags) {
  return Do(Fault(file)->faults, SQLITE_IOERR_FSYNC, [&] { return Real(file)->pMethods->xSync(Real(file), flags); });
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) { return Real(file)->pMethods->xFileSize(Real(file), size); }
int Lock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Real(file)->pMethods->xUnlock(Real(file), level); }
int CheckReservedLock(sqlite3_file* file, int* held) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), held);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) { return Real(file)->pMethods->xDeviceCharacteristics(Real(file)); }
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) { return Real(file)->pMethods->xShmUnmap(Real(file), remove); }

const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

}  // namespace

struct FaultVfsCalls {
  static FaultVfs* Of(sqlite3_vfs* vfs) { return static_cast<FaultVfs*>(vfs->pAppData); }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    FaultVfs* const self = Of(vfs);
    file->pMethods = nullptr;
    if (self->faults_->Next().has_value()) return SQLITE_CANTOPEN;
    auto* const fault = new (file) FaultFile{{nullptr}, self->faults_};
    const int code = self->real_->xOpen(self->real_, path, fault->real(), flags, out_flags);
    // A file that could not be opened may still have to be closed.
    if (fault->real()->pMethods != nullptr) file->pMethods = &kMethods;
    return code;
  }

  static int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    FaultVfs* const self = Of(vfs);
    return Do(self->faults_, SQLITE_IOERR_DELETE,
              [&] { return self->real_->xDelete(self->real_, path, sync_directory); });
  }

  static int Access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    return Of(vfs)->real_->xAccess(Of(vfs)->real_, path, flags, out);
  }
  static int FullPathname(sqlite3_vfs* vfs, const char* path, int size, char* out) {
    return Of(vfs)->real_->xFullPathname(Of(vfs)->real_, path, size, out);
  }
  static int Randomness(sqlite3_vfs* vfs, int size, char* out) {
    return Of(vfs)->real_->xRandomness(Of(vfs)->real_, size, out);
  }
  static int Sleep(sqlite3_vfs* vfs, int microseconds) { return Of(vfs)->real_->xSleep(Of(vfs)->real_, microseconds); }
  static int CurrentTime(sqlite3_vfs* vfs, double* out) { return Of(vfs)->real_->xCurrentTime(Of(vfs)->real_, out); }
  static int GetLastError(sqlite3_vfs* vfs, int size, char* out) {
    return Of(vfs)->real_->xGetLastError(Of(vfs)->real_, size, out);
  }
  static int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* out) {
    return Of(vfs)->real_->xCurrentTimeInt64(Of(vfs)->real_, out);
  }
};

FaultVfs::FaultVfs(Faults* faults) : real_(sqlite3_vfs_find(nullptr)), vfs_{}, faults_(faults) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + real_->szOsFile;
  vfs_.mxPathname = real_->mxPathname;
  vfs_.zName = "sumscope-fault";
  vfs_.pAppData = this;
  vfs_.xOpen = FaultVfsCalls::Open;
  vfs_.xDelete = FaultVfsCalls::Delete;
  vfs_.xAccess = FaultVfsCalls::Access;
  vfs_.xFullPathname = FaultVfsCalls::FullPathname;
  vfs_.xRandomness = FaultVfsCalls::Randomness;
  vfs_.xSleep = FaultVfsCalls::Sleep;
  vfs_.xCurrentTime = FaultVfsCalls::CurrentTime;
  vfs_.xGetLastError = FaultVfsCalls::GetLastError;
  vfs_.xCurrentTimeInt64 = FaultVfsCalls::CurrentTimeInt64;
  sqlite3_vfs_register(&vfs_, /*makeDflt=*/1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, /*makeDflt=*/1);
}

}  // namespace sumscope::storage
