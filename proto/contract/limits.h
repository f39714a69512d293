#ifndef SUMSCOPE_PROTO_CONTRACT_LIMITS_H_
#define SUMSCOPE_PROTO_CONTRACT_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Maxima of the contract, of queues, waits and retries; one that a single file needs stands there, with its reason.
namespace sumscope::limits {

// Models and training.
inline constexpr uint32_t kMinDigits = 2;
inline constexpr uint32_t kMaxDigits = 20;
inline constexpr uint32_t kMaxLayers = 8;
inline constexpr uint32_t kMaxHeads = 16;
inline constexpr uint32_t kMaxDModel = 1024;
inline constexpr uint32_t kMaxDHead = 1024;
inline constexpr uint32_t kMaxDMlp = 8192;
inline constexpr uint64_t kMaxSteps = 10'000'000;
inline constexpr uint32_t kMaxBatchSize = 4096;
inline constexpr double kMaxLearningRate = 10;
inline constexpr double kMaxWeightDecay = 10;
inline constexpr double kMaxEpsilon = 1;
inline constexpr uint64_t kMaxQuestions = 1'000'000'000;
inline constexpr uint64_t kMaxInlineQuestions = 100'000;  // of one QuestionList, whose bytes must fit a message too
inline constexpr uint64_t kMaxKeptQuestions = 1'000'000;  // of an analysis that keeps activations of all of them
inline constexpr uint64_t kMaxPairs = 1000;               // store/clean pairs and tasks of one question set
inline constexpr uint32_t kMaxWorstQuestions = 1000;
inline constexpr uint64_t kMaxPatternQuestions = 100;   // whose attention patterns a result lists one by one
inline constexpr uint64_t kMaxResultWeights = 100'000;  // mean attention weights of one result
inline constexpr uint64_t kMaxListedValues = 500'000;   // floats of single questions in one result: 2 MB of a message
inline constexpr int kMaxNodeSets = 1000;
inline constexpr uint32_t kMaxPcaComponents = 10;
inline constexpr uint64_t kMaxScoredNodes = 10;  // whose PCA scores a result lists
inline constexpr uint64_t kMinPcaQuestions = 4;
inline constexpr uint64_t kMaxPcaQuestions = 3000;  // a silhouette costs their square
inline constexpr uint32_t kMaxCaptureComponents = 50;
inline constexpr uint64_t kMinComponentQuestions = 2;
inline constexpr uint64_t kMaxComponentFeatures = 20'000;     // of one hook
inline constexpr uint64_t kMaxHeldBytes = uint64_t{2} << 30;  // float64 activations of PCA, of one hook's components
inline constexpr uint32_t kMaxPhaseWindow = 10'000;
inline constexpr uint64_t kMaxPhaseWindows = 50'000;   // of one run: their boundaries are looked for among all of them
inline constexpr uint64_t kMaxPhaseSteps = 2'000'000;  // more metrics than that no worker is sent
inline constexpr uint32_t kMaxPerCell = 100'000;
inline constexpr int kMaxImportedTags = 100'000;
inline constexpr size_t kMaxTagLength = 256;  // so that a page token of facts stays within kMaxPageTokenLength
inline constexpr uint32_t kMaxAttempts = 3;

// Messages and names.
inline constexpr size_t kMaxMessageBytes = 4 << 20;
inline constexpr size_t kMaxChunkBytes = 1 << 20;
inline constexpr size_t kMaxPageBytes = 1 << 20;  // a page of a list ends here, whatever its page_size
inline constexpr size_t kMaxRunIdLength = 40;
inline constexpr size_t kMaxLabels = 64;
inline constexpr size_t kMaxLabelKeyLength = 63;
inline constexpr size_t kMaxLabelValueLength = 255;
inline constexpr size_t kMaxFilterLength = 4096;
inline constexpr size_t kMaxFilterDepth = 32;
inline constexpr size_t kMaxPageTokenLength = 1024;
inline constexpr uint32_t kDefaultPageSize = 50;
inline constexpr uint32_t kMaxPageSize = 1000;
inline constexpr uint32_t kDefaultMetricPage = 1000;
inline constexpr uint32_t kMaxMetricPage = 10'000;
inline constexpr uint32_t kMetricBlockSteps = 1000;  // rows of one streamed block: 1000 x 40 columns stays under 1 MiB
inline constexpr size_t kMaxLogTextBytes = 8192;
inline constexpr size_t kMaxSafetensorsHeaderBytes = 16 << 20;
inline constexpr size_t kMaxFileNameLength = 255;  // bytes, as file systems have it
inline constexpr uint64_t kMaxImportBytes = uint64_t{4} << 30;

// Server.
inline constexpr size_t kMaxDataDirectoryLength = 400;          // SQLite takes paths of 512, run files lie below
inline constexpr absl::Duration kPlaceLook = absl::Seconds(1);  // whether the data directory is still there
inline constexpr size_t kMaxQueuedJobs = 100'000;
inline constexpr size_t kMaxSweepRuns = 10'000;
inline constexpr int kMaxDependencies = 100;  // runs that one waits for
inline constexpr size_t kMaxOpenRunFiles = 64;
inline constexpr size_t kMaxWatchers = 1000;
inline constexpr size_t kMaxEventBatch = 500;
inline constexpr absl::Duration kHistoryRetention = absl::Hours(24 * 90);  // of events and of answered requests
inline constexpr absl::Duration kAuditRetention = absl::Hours(24 * 366);   // and of tokens that have ended
inline constexpr absl::Duration kQuestionSetGrace = absl::Hours(24 * 7);   // of an uploaded set that nothing names
inline constexpr absl::Duration kHousekeepingInterval = absl::Hours(24);
inline constexpr absl::Duration kHousekeepingLook = absl::Minutes(1);  // whether that interval is over
inline constexpr absl::Duration kGroupCommitDelay = absl::Milliseconds(100);
inline constexpr size_t kGroupCommitBytes = 1 << 20;
inline constexpr size_t kMaxIngestQueueBytes = 64 << 20;  // per worker; beyond it the stream is not read
inline constexpr absl::Duration kResumeStateInterval = absl::Seconds(60);
inline constexpr absl::Duration kDrainTimeout = absl::Seconds(30);
inline constexpr absl::Duration kChargeInterval =
    absl::Seconds(5);  // of running jobs' device time; so much a crash forgives
inline constexpr absl::Duration kStorageWait = absl::Hours(6);  // of a running job, then it goes back to the queue
inline constexpr uint64_t kMinFreeDiskBytes = 64 << 20;         // that captures leave to everything else
inline constexpr uint64_t kDiskReserveBytes = 16 << 20;         // for cancelling and deleting on a full disk
inline constexpr size_t kMaxRecentRuns = 4096;                  // whose changes are told apart from one another

// The queue and sweeps, beside kMaxSweepRuns and kMaxDependencies.
inline constexpr int kMaxSweepFields = 16;
inline constexpr int kMaxSweepOrders = 32;      // analyses of each member
inline constexpr size_t kMaxRates = 2'000;      // that are kept: shapes on devices
inline constexpr int kMaxEstimateRatios = 200;  // of ended jobs, that say how wrong estimates are
inline constexpr uint32_t kDefaultJobPage = 100;

// Connections, streams and uploads.
inline constexpr uint64_t kWantedDescriptors = 16'384;   // of the process, where its hard limit allows as many
inline constexpr uint64_t kReservedDescriptors = 1'024;  // of them for databases, pipes, logs and workers
inline constexpr size_t kMaxConnections = 4'096;
inline constexpr size_t kMaxUserConnections = 1'024;    // of one uid, on Unix sockets
inline constexpr size_t kMaxAddressConnections = 512;   // of one IP address, behind which many may be
inline constexpr size_t kTcpConnectionsPart = 2;        // one in so many of all may come over TCP
inline constexpr size_t kMaxStreamsOfConnection = 100;  // each may hold kStreamLookahead before anybody is known
inline constexpr int kStreamLookahead = 16 << 10;       // bytes of a message that nobody reads yet
inline constexpr absl::Duration kMaxIdleConnection = absl::Minutes(5);      // without a call that reached its handler
inline constexpr absl::Duration kMaxUnaskedConnection = absl::Seconds(20);  // of one that never had such a call
inline constexpr absl::Duration kMaxUnknownConnection = absl::Minutes(1);   // of one without a caller who is known
inline constexpr absl::Duration kMaxHandshake = absl::Seconds(20);          // of TLS
inline constexpr absl::Duration kMinClientPing = absl::Seconds(5);  // clients may ping a quiet connection so often
inline constexpr absl::Duration kServerPing = absl::Seconds(60);    // and are pinged when they are as quiet
inline constexpr absl::Duration kServerPingTimeout = absl::Seconds(20);
inline constexpr absl::Duration kMaxSendStall =
    absl::Seconds(60);  // for a client to take a message, then it is cut off
inline constexpr absl::Duration kSendStallGrace = absl::Seconds(15);    // then its connection too
inline constexpr size_t kMaxUploads = 128;                              // imports and question sets on their way in
inline constexpr absl::Duration kMaxUploadSilence = absl::Seconds(60);  // between two messages of one
inline constexpr size_t kMaxDownloads = 256;                           // checkpoints, tensors, metrics on their way out
inline constexpr size_t kMaxTensorReads = 4;                           // chunks that downloads read at once
inline constexpr absl::Duration kMaxReadTurnWait = absl::Seconds(60);  // of a download, for its turn to read
inline constexpr uint64_t kMaxUploadMemory = uint64_t{256} << 20;      // that all uploads on their way in hold
inline constexpr uint64_t kUploadDiskReserve = uint64_t{64} << 20;     // that uploads leave free
// Of messages on their way in, of all clients together: a chunk of 1 MiB for each upload, and some.
inline constexpr size_t kMaxTransportBytes = 140 << 20;
inline constexpr size_t kMaxReceivedBytes = 16
                                            << 20;  // of a message, for gRPC, which gives no reason when it refuses one
inline constexpr size_t kMaxErrorText = 1024;  // of a message; gRPC carries 8 KiB of trailers, and a text several times
inline constexpr size_t kMaxErrorMetadata = 256;  // of one value

// Users, their tokens, and logins that fail.
inline constexpr size_t kMaxUserNameLength = 32;
inline constexpr size_t kMaxAccountNameLength = 64;  // of the machine's accounts, which need no user
inline constexpr uint64_t kMaxUsers = 10'000;
inline constexpr int kMaxUserUids = 16;
inline constexpr int kMaxCertificateNames = 16;  // of one user
inline constexpr size_t kMaxCertificateNameLength = 255;
inline constexpr size_t kMaxTokenNameLength = 64;
inline constexpr uint64_t kMaxTokens = 64;  // of one user that are neither revoked nor expired
inline constexpr uint32_t kDefaultTokenDays = 90;
inline constexpr uint32_t kMaxTokenDays = 366;
inline constexpr absl::Duration kTokenUseInterval = absl::Minutes(1);     // between two notes of a token's use
inline constexpr absl::Duration kTokenStartTolerance = absl::Minutes(1);  // of a clock that went back
inline constexpr int kFreeLogins = 5;  // that may fail from one address before answers wait
inline constexpr absl::Duration kLoginDelayFirst = absl::Milliseconds(100);
inline constexpr absl::Duration kLoginDelayMax = absl::Seconds(2);
inline constexpr absl::Duration kLoginMemory = absl::Minutes(10);  // after its last failure an address is forgotten
inline constexpr size_t kMaxLoginAddresses = 4'096;                // that are remembered
inline constexpr int kMaxWaitingLogins = 32;                       // each holds a thread
inline constexpr int kMaxWaitingLoginsOfAddress = 4;

// Workers.
inline constexpr uint32_t kMaxDefaultSlots = 8;                   // where nobody chose
inline constexpr uint64_t kDefaultSlotBytes = uint64_t{2} << 30;  // LibTorch and the paper's largest batches
inline constexpr absl::Duration kHeartbeatInterval = absl::Seconds(1);
inline constexpr uint32_t kMaxTaskLogLines = 10'000;
inline constexpr size_t kMaxUnsentBytes = 16 << 20;          // of a worker, before a task waits for the stream
inline constexpr size_t kMaxUnacknowledgedBytes = 64 << 20;  // of a worker, before a task waits for commits
inline constexpr absl::Duration kMetricFlushInterval = absl::Milliseconds(100);
inline constexpr uint32_t kMetricFlushSteps = 500;
inline constexpr absl::Duration kStepBlockTime = absl::Milliseconds(50);  // of steps between two looks at the task
inline constexpr absl::Duration kProgressInterval = absl::Milliseconds(200);
inline constexpr absl::Duration kAnalysisStateInterval = absl::Seconds(1);  // so much of an analysis a crash costs
inline constexpr size_t kMaxAnalysisStateBytes = 128 << 10;  // beside a list of questions of kMaxMessageBytes
inline constexpr absl::Duration kLinkCloseTimeout = absl::Seconds(3);
inline constexpr absl::Duration kParentGoneTimeout = absl::Milliseconds(1500);  // a worker without server ends by then
inline constexpr absl::Duration kHeartbeatTimeout = absl::Seconds(30);
inline constexpr absl::Duration kWorkerStartTimeout = absl::Seconds(60);
inline constexpr absl::Duration kCancelGrace = absl::Seconds(30);    // a cancelled task ends by itself, then SIGTERM
inline constexpr absl::Duration kTerminateGrace = absl::Seconds(5);  // SIGTERM, then SIGKILL to the group
inline constexpr absl::Duration kRestartDelayFirst = absl::Milliseconds(200);
inline constexpr absl::Duration kRestartDelayMax = absl::Seconds(60);
inline constexpr int kRestartBudget = 10;  // starts in a row without a first task before a slot is BROKEN

// Shares of one user, whatever the number of connections; the server's own account and root have no such limits.
inline constexpr double kUserCallsPerSecond = 200;
inline constexpr double kUserCallBurst = 1'000;
inline constexpr size_t kMaxUserStreams = 200;  // watches and downloads that are open
inline constexpr size_t kMaxUserUploads = 16;
inline constexpr uint64_t kMaxUserUploadMemory = uint64_t{128} << 20;  // of kMaxUploadMemory
inline constexpr uint64_t kMaxUserUploadDisk = uint64_t{16} << 30;     // promised to imports on their way in
inline constexpr size_t kMaxCountedUsers = 10'000;                     // whose calls are told apart
inline constexpr absl::Duration kAuditedOverLimit = absl::Seconds(1);  // one call beyond a share in so long is audited
// Refused calls that are audited one by one, of one user or address and of all addresses; then one in
// kAuditedOverLimit.
inline constexpr double kAuditedRefusals = 100;
inline constexpr double kAuditedStrangers = 1'000;

}  // namespace sumscope::limits

#endif  // SUMSCOPE_PROTO_CONTRACT_LIMITS_H_
