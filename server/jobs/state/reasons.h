#ifndef SUMSCOPE_SERVER_JOBS_STATE_REASONS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_REASONS_H_

// Why a job is in its state: part of the contract (Run.state_reason), stable.
namespace sumscope::jobs::reasons {

// QUEUED.
inline constexpr char kPriority[] = "PRIORITY";      // others are before it
inline constexpr char kResources[] = "RESOURCES";    // next in line, no slot is free
inline constexpr char kNoWorker[] = "NO_WORKER";     // next in line, no slot can run a worker
inline constexpr char kDependency[] = "DEPENDENCY";  // for runs that have not succeeded yet
inline constexpr char kSlice[] = "SLICE";            // gave way after its slice; also PRIORITY, to a higher class
inline constexpr char kUserLimit[] = "USER_LIMIT";
inline constexpr char kHeld[] = "HELD";
inline constexpr char kDeviceBusyOutside[] = "DEVICE_BUSY_OUTSIDE";
inline constexpr char kDeviceMemory[] = "DEVICE_MEMORY";
inline constexpr char kDeviceLost[] = "DEVICE_LOST";  // its device was gone under it
inline constexpr char kDraining[] = "DRAINING";
inline constexpr char kDrained[] = "DRAINED";
inline constexpr char kServerRestarted[] = "SERVER_RESTARTED";
inline constexpr char kResumed[] = "RESUMED";
// QUEUED and FAILED.
inline constexpr char kWorkerLost[] = "WORKER_LOST";
// CANCELLING and CANCELLED.
inline constexpr char kCancelRequested[] = "CANCEL_REQUESTED";
inline constexpr char kSweepFailedTooOften[] = "SWEEP_FAILED_TOO_OFTEN";  // as often as the sweep may: max_fails
// FAILED.
inline constexpr char kDependencyFailed[] = "DEPENDENCY_FAILED";  // a run that it waited for did not succeed
inline constexpr char kDiskFull[] = "DISK_FULL";
inline constexpr char kCatalogCorrupt[] = "CATALOG_CORRUPT";  // its row names no known state
inline constexpr char kRunFileCorrupt[] = "RUN_FILE_CORRUPT";
inline constexpr char kStorageError[] = "STORAGE_ERROR";
inline constexpr char kRunIncomplete[] = "RUN_INCOMPLETE";  // the worker said done, data is missing
inline constexpr char kWorkerProtocol[] = "WORKER_PROTOCOL";
inline constexpr char kWorkerFailed[] = "WORKER_FAILED";  // the worker gave no reason
inline constexpr char kAssignFailed[] = "ASSIGN_FAILED";
// Of the worker pool (WorkerListener::OnLost).
inline constexpr char kTensorsUnreadable[] = "TENSORS_UNREADABLE";
inline constexpr char kPoolShutdown[] = "POOL_SHUTDOWN";
inline constexpr char kWorkerKilled[] = "WORKER_KILLED";

}  // namespace sumscope::jobs::reasons

#endif  // SUMSCOPE_SERVER_JOBS_STATE_REASONS_H_
