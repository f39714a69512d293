#include "server/server.h"

#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/version.h"
#include "server/allocator.h"
#include "server/auth/user_authenticator.h"
#include "server/devices/device_monitor.h"
#include "server/devices/machine.h"
#include "server/devices/processes.h"
#include "server/guard/guarded_pool.h"
#include "server/host/groups.h"
#include "server/host/instance_lock.h"
#include "server/host/look_thread.h"
#include "server/host/private_modes.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/state/event_hub.h"
#include "server/jobs/state/job_states.h"
#include "server/listener.h"
#include "server/monitored_gate.h"
#include "server/queue_config.h"
#include "server/rpc/analyses/analysis_service.h"
#include "server/rpc/captures/capture_service.h"
#include "server/rpc/devices/device_service.h"
#include "server/rpc/facts/fact_service.h"
#include "server/rpc/questions/question_set_service.h"
#include "server/rpc/queue/queue_service.h"
#include "server/rpc/runs/run_service.h"
#include "server/rpc/serve/call_log.h"
#include "server/rpc/serve/free_disk.h"
#include "server/rpc/serve/gate/peer_of.h"
#include "server/rpc/serve/known_connections.h"
#include "server/rpc/serve/road.h"
#include "server/rpc/sweeps/sweep_service.h"
#include "server/rpc/system/system_service.h"
#include "server/rpc/users/user_service.h"
#include "server/server_info.h"
#include "server/transport/descriptor_budget.h"
#include "server/transport/tls/tls_credentials.h"
#include "server/workers/launch/local/local_launcher.h"
#include "server/workers/pool/local_worker_pool.h"
#include "spdlog/spdlog.h"
#include "storage/disk_reserve.h"
#include "storage/sqlite/files/env.h"
#include "storage/sqlite/sqlite_storage.h"

namespace sumscope {
namespace {

constexpr absl::Duration kLookInterval = absl::Seconds(1);
constexpr absl::Duration kTrimInterval = absl::Seconds(30);
constexpr absl::Duration kStreamsEnd = absl::Seconds(3);  // what open calls get to finish while the server stops
constexpr absl::Duration kCancelledStreamsEnd = absl::Seconds(2);  // and then to fail

transport::ClientCertificates AskedOf(const ServerConfig& config) {
  using transport::ClientCertificates;
  const std::string& asked = config.tls_client_certificates;
  if (config.tls_client_ca.empty() || asked == "none") return ClientCertificates::kNone;
  return asked == "required" ? ClientCertificates::kRequired : ClientCertificates::kOptional;
}

class RealServer final : public Server {
 public:
  RealServer(const ServerConfig& config, Account account) : config_(config), account_(std::move(account)) {}

  ~RealServer() override {
    Drain(absl::ZeroDuration());
    if (shutdown_.joinable()) shutdown_.join();
  }

  absl::Status Open(std::function<bool()> told_to_end) {
    SUMSCOPE_RETURN_IF_ERROR(ReadCertificates());
    SUMSCOPE_ASSIGN_OR_RETURN(lock_, host::InstanceLock::Take(config_.data_directory));
    SUMSCOPE_ASSIGN_OR_RETURN(sockets_, ClaimSockets(config_.listen));
    SUMSCOPE_ASSIGN_OR_RETURN(
        storage_, storage::OpenSqliteStorage(config_.data_directory, jobs::IsLegalTransition, Clock::Real(), env_));
    WatchDevices();
    SUMSCOPE_RETURN_IF_ERROR(MakePool());
    jobs::JobsOptions options;
    options.resume_interval_seconds = config_.resume_interval_seconds;
    options.version = kVersion;
    options.git_hash = kGitHash;
    options.capture_limit_bytes = config_.capture_limit_bytes;
    options.free_disk_bytes = [this] { return rpc::FreeDiskBytes(config_.data_directory); };
    SUMSCOPE_ASSIGN_OR_RETURN(options.shares, SharePolicyOf(config_));
    options.yield_to_foreign = config_.yield_to_foreign;
    options.told_to_end = std::move(told_to_end);
    options.say = [](const std::string& text) { spdlog::info(text); };
    manager_ =
        jobs::JobManager::Create(options, {storage_.catalog.get(), storage_.run_files.get(), storage_.captures.get(),
                                           storage_.question_set_texts.get(), pool_.get(), &hub_, Clock::Real(),
                                           IdSource::Real(), &reserve_, gate_.get()});
    SUMSCOPE_ASSIGN_OR_RETURN(repairs_, manager_->Recover());
    repairs_.insert(repairs_.begin(), storage_.notes.begin(), storage_.notes.end());
    MakeServices();
    SUMSCOPE_RETURN_IF_ERROR(ListenToClients());
    SUMSCOPE_RETURN_IF_ERROR(manager_->Start());
    devices_->Start();
    return absl::OkStatus();
  }

  const std::vector<std::string>& addresses() const override { return config_.listen; }
  const std::vector<std::string>& repairs() const override { return repairs_; }
  const std::vector<std::string>& warnings() const override { return warnings_; }
  absl::Status CheckPlace() const override { return lock_->Check(); }

  bool Drain(absl::Duration grace) override {
    if (std::exchange(drained_, true)) return StreamsEnd(absl::ZeroDuration());
    if (server_ != nullptr) server_->grpc()->GetHealthCheckService()->SetServingStatus(false);
    if (manager_ != nullptr) {
      LogState("before the drain");
      manager_->Drain(grace);
      LogState("after the drain");
    }
    looks_.reset();
    if (devices_ != nullptr) devices_->Stop();
    hub_.Close();
    if (server_ != nullptr) {
      shutdown_ = std::thread([this] {
        server_->Shutdown(absl::Now() + kStreamsEnd);
        MutexLock lock(&shutdown_mutex_);
        shut_down_ = true;
        shutdown_changed_.NotifyAll();
      });
    }
    if (!StreamsEnd(kStreamsEnd + kCancelledStreamsEnd)) {
      connections_.ShutDownAll();  // to a client that does not read, gRPC would wait without a limit
      if (!StreamsEnd(kCancelledStreamsEnd)) {
        road_->WriteDeferredAudit();
        return false;
      }
    }
    LetGo();
    return true;
  }

 private:
  // Waits until the server has shut down, and says whether it has.
  bool StreamsEnd(absl::Duration patience) {
    if (server_ == nullptr) return true;
    MutexLock lock(&shutdown_mutex_);
    while (!shut_down_ && shutdown_changed_.WaitFor(&shutdown_mutex_, absl::ToChronoMilliseconds(patience))) {
    }
    return shut_down_;
  }

  // For whom a drain takes too long, or leaves jobs behind.
  void LogState(const char* when) {
    if (!spdlog::should_log(spdlog::level::debug)) return;
    spdlog::debug(absl::StrCat(when, ": ", manager_->DebugString(), "; ", devices_->DebugString()));
  }

  absl::Status ReadCertificates() {
    if (!config_.has_tls()) return absl::OkStatus();
    transport::TlsCredentials::Options options;
    options.files = {config_.tls_certificate, config_.tls_key, config_.tls_client_ca};
    options.client_certificates = AskedOf(config_);
    SUMSCOPE_ASSIGN_OR_RETURN(tls_, transport::TlsCredentials::Create(options, Clock::Real()));
    warnings_ = tls_->warnings();
    return absl::OkStatus();
  }

  absl::Status ListenToClients() {
    PublicServer parts;
    parts.services = {runs_.get(),   analyses_.get(), captures_.get(), facts_.get(),          question_sets_.get(),
                      system_.get(), users_.get(),    queue_.get(),    device_service_.get(), sweeps_.get()};
    parts.connections = &connections_;
    parts.watch = &watch_;
    parts.tls = tls_.get();
    parts.first_descriptor = descriptors_.first_connection;
    if (!config_.socket_group.empty()) {
      SUMSCOPE_ASSIGN_OR_RETURN(parts.socket_group, host::GroupNamed(config_.socket_group));
      SUMSCOPE_ASSIGN_OR_RETURN(open_to_group_, authenticator_->HasUsers());
      parts.open_to_group = open_to_group_;
    }
    SUMSCOPE_ASSIGN_OR_RETURN(server_, Listen(config_.listen, sockets_, parts));
    for (const auto& socket : sockets_) {
      if (!parts.socket_group.has_value() || socket->IsInReachOf(*parts.socket_group)) continue;
      warnings_.push_back(absl::StrCat("the group ", config_.socket_group, " cannot reach the socket ", socket->path(),
                                       ": its folder is closed to it"));
    }
    looks_ = std::make_unique<host::LookThread>(kLookInterval, [this] { Look(); });
    return absl::OkStatus();
  }

  // Every second, in a thread of its own: it reads the catalog and files, and connections are accepted meanwhile.
  void Look() {
    road_->EndRefused();
    OpenToGroup();
    TellOfLostSockets();
    if (tls_ != nullptr) {
      for (const transport::TlsCredentials::Note& note : tls_->Refresh()) {
        spdlog::log(note.bad ? spdlog::level::warn : spdlog::level::info, note.text);
      }
    }
    if (const auto refusals = connections_.TakeRefusals(); refusals.count > 0) {
      spdlog::warn(absl::StrCat(refusals.count, " connections refused, the last for: ", refusals.last));
    }
    GiveMemoryBack();
  }

  // Once there is a user, the sockets are their group's.
  void OpenToGroup() {
    if (config_.socket_group.empty() || open_to_group_) return;
    const absl::StatusOr<bool> has_users = authenticator_->HasUsers();
    if (!has_users.ok() || !*has_users) return;
    open_to_group_ = true;
    for (const auto& socket : sockets_) {
      if (const absl::Status opened = socket->OpenToGroup(); !opened.ok()) spdlog::error(std::string(opened.message()));
    }
  }

  // Whoever clears old files away takes sockets too.
  void TellOfLostSockets() {
    for (const auto& socket : sockets_) {
      if (!socket->IsLost() || !lost_sockets_.insert(socket->path()).second) continue;
      spdlog::error(absl::StrCat("the socket ", socket->path(),
                                 " is gone: something removed or replaced it, and nobody can connect there; restart "
                                 "the server, and keep what clears old files away from it"));
    }
  }

  void GiveMemoryBack() {
    const absl::Duration now = Clock::Real()->Monotonic();
    if (now - trimmed_ < kTrimInterval) return;
    TrimAllocator();
    trimmed_ = now;
  }

  // Closes what is on disk, now that no call uses it: the next server may start.
  void LetGo() {
    if (road_ != nullptr) road_->WriteDeferredAudit();
    manager_.reset();
    pool_.reset();
    authenticator_.reset();
    storage_ = {};
    sockets_.clear();
    lock_.reset();
  }

  void WatchDevices() {
    devices::MonitorOptions options;
    options.nvml_library = config_.nvml_library;
    options.foreign_memory_mib = config_.foreign_memory_mib;
    options.is_ours = [server = getpid()](int64_t pid) { return devices::IsDescendant(pid, server); };
    devices_ = std::make_unique<devices::DeviceMonitor>(std::move(options));
    for (const std::string& warning : devices_->Warnings()) warnings_.push_back(warning);
    gate_ = std::make_unique<MonitoredGate>(devices_.get());
  }

  absl::Status MakePool() {
    const std::string logs = config_.data_directory + "/logs";
    if (const absl::Status made = host::MakePrivateFolder(logs); !made.ok()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_NOT_WRITABLE", made.message());
    }
    workers::LocalLauncher::Options launch;
    launch.program = config_.worker_program;
    launch.log_directory = logs;
    // Read once, when libgomp is loaded. Its threads spin for seconds by default while they wait for each other; on a
    // machine that does anything else beside, at a tenth of the speed (measured: 20 against 200 steps/s).
    // And CUDA counts GPUs as NVML does.
    launch.environment = {"GOMP_SPINCOUNT=1000", "CUDA_DEVICE_ORDER=PCI_BUS_ID"};
    launcher_ = std::make_unique<workers::LocalLauncher>(launch);
    workers::LocalWorkerPoolOptions options;
    options.slots = workers::WithQuickLanes(config_.slots);
    // By its alias: a socket's path is at most 107 bytes long, and the data directory's may be longer.
    options.socket_path = lock_->alias() + "/worker.sock";
    SUMSCOPE_ASSIGN_OR_RETURN(
        auto pool, workers::CreateLocalWorkerPool(options, launcher_.get(), Clock::Real(), IdSource::Real()));
    auto guarded = std::make_unique<guard::GuardedPool>(std::move(pool), devices_.get());
    devices_->SetListener([guard = guarded.get()](const devices::DeviceEvent& event) {
      if (event.kind != devices::DeviceEvent::Kind::kMemoryReturned) spdlog::warn(event.text);
      guard->Hear(event);
    });
    pool_ = std::move(guarded);
    return absl::OkStatus();
  }

  void MakeServices() {
    rpc::Backend backend;
    backend.manager = manager_.get();
    backend.hub = &hub_;
    backend.catalog = storage_.catalog.get();
    backend.run_files = storage_.run_files.get();
    backend.captures = storage_.captures.get();
    backend.watchers = &watchers_;
    backend.downloads = &downloads_;
    backend.reads = &reads_;
    backend.uploads = &uploads_;
    backend.room = &room_;
    backend.env = env_;
    backend.spool_directory = config_.data_directory;
    backend.pool = pool_.get();
    backend.memory_bytes = devices::ThisMachine().memory_bytes;
    backend.devices = [this] { return devices_->Devices(); };
    backend.foreign_memory_mib = config_.foreign_memory_mib;
    authenticator_ = std::make_unique<auth::UserAuthenticator>(
        storage_.catalog.get(), Clock::Real(), auth::UserAuthenticator::Options{account_.uid, account_.name});
    rpc::RoadParts road;
    road.authenticator = authenticator_.get();
    road.user_limits = {config_.user_calls_per_second, static_cast<double>(config_.user_call_burst),
                        config_.user_streams, config_.user_uploads};
    road.peer_of = [this](const grpc::ServerContextBase& context) { return rpc::PeerOf(context, &connections_); };
    road.catalog = storage_.catalog.get();
    road.clock = Clock::Real();
    road.hooks = {&call_log_, &known_connections_};
    road_ = std::make_unique<rpc::Road>(std::move(road));
    runs_ = std::make_unique<rpc::RunService>(backend, road_.get());
    queue_ = std::make_unique<rpc::QueueService>(backend, road_.get());
    device_service_ = std::make_unique<rpc::DeviceService>(backend, road_.get());
    sweeps_ = std::make_unique<rpc::SweepService>(backend, road_.get());
    analyses_ = std::make_unique<rpc::AnalysisService>(backend, road_.get());
    captures_ = std::make_unique<rpc::CaptureService>(backend, road_.get());
    facts_ = std::make_unique<rpc::FactService>(backend, road_.get());
    question_sets_ = std::make_unique<rpc::QuestionSetService>(backend, road_.get());
    users_ = std::make_unique<rpc::UserService>(
        backend, road_.get(), rpc::UserService::Parts{Clock::Real(), IdSource::Real(), {account_.uid, account_.name}});
    system_ = std::make_unique<rpc::SystemService>(
        backend, road_.get(),
        MakeServerInfo(config_, connections_.limits(), repairs_, storage_.catalog->schema_version()), &watch_.times());
  }

  const ServerConfig config_;
  const Account account_;
  rpc::CallLog call_log_;
  // In the order of construction; the services go first, the lock last.
  std::unique_ptr<host::InstanceLock> lock_;
  SocketPlaces sockets_;
  storage::Env* const env_ = storage::Env::Real();
  storage::Storage storage_;
  std::unique_ptr<auth::UserAuthenticator> authenticator_;
  storage::DiskReserve reserve_{config_.data_directory + "/reserve", limits::kDiskReserveBytes, env_};
  jobs::EventHub hub_;
  std::unique_ptr<devices::DeviceMonitor> devices_;
  std::unique_ptr<MonitoredGate> gate_;
  std::unique_ptr<workers::LocalLauncher> launcher_;
  std::unique_ptr<workers::WorkerPool> pool_;
  std::unique_ptr<jobs::JobManager> manager_;
  std::vector<std::string> repairs_, warnings_;
  rpc::Seats watchers_{limits::kMaxWatchers, "TOO_MANY_WATCHERS", "watches"};
  rpc::Seats downloads_{limits::kMaxDownloads, "TOO_MANY_DOWNLOADS", "downloads"};
  rpc::ReadTurns reads_{limits::kMaxTensorReads, absl::ToChronoMilliseconds(limits::kMaxReadTurnWait)};
  std::unique_ptr<rpc::Road> road_;
  rpc::UploadDesk uploads_{limits::kMaxUploads};  // after the road, which its threads use
  rpc::IncomingRoom room_{[this] { return rpc::FreeDiskBytes(config_.data_directory); }, limits::kUploadDiskReserve,
                          limits::kMaxUploadMemory};
  const transport::DescriptorBudget descriptors_ = transport::RaiseDescriptorLimit();
  transport::ConnectionTable connections_{
      {descriptors_.connections, limits::kMaxIdleConnection, limits::kMaxUnaskedConnection, config_.user_connections,
       config_.address_connections, descriptors_.connections / limits::kTcpConnectionsPart,
       limits::kMaxUnknownConnection},
      Clock::Real()};
  rpc::KnownConnections known_connections_{&connections_};
  std::unique_ptr<transport::TlsCredentials> tls_;  // null without TLS
  bool open_to_group_ = false;                      // of the looks' thread, once it runs
  rpc::CallWatch watch_{&connections_, Clock::Real()};
  absl::Duration trimmed_ = Clock::Real()->Monotonic();  // of the looks' thread
  std::set<std::string> lost_sockets_;                   // of the looks' thread: paths that it told of
  std::unique_ptr<rpc::RunService> runs_;
  std::unique_ptr<rpc::AnalysisService> analyses_;
  std::unique_ptr<rpc::CaptureService> captures_;
  std::unique_ptr<rpc::FactService> facts_;
  std::unique_ptr<rpc::QuestionSetService> question_sets_;
  std::unique_ptr<rpc::SystemService> system_;
  std::unique_ptr<rpc::UserService> users_;
  std::unique_ptr<rpc::QueueService> queue_;
  std::unique_ptr<rpc::DeviceService> device_service_;
  std::unique_ptr<rpc::SweepService> sweeps_;
  std::unique_ptr<transport::RpcServer> server_;
  std::unique_ptr<host::LookThread> looks_;
  bool drained_ = false;
  std::thread shutdown_;
  Mutex shutdown_mutex_;
  CondVar shutdown_changed_;
  bool shut_down_ ABSL_GUARDED_BY(shutdown_mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config, const Account& account,
                                                      std::function<bool()> told_to_end) {
  auto server = std::make_unique<RealServer>(config, account);
  SUMSCOPE_RETURN_IF_ERROR(server->Open(std::move(told_to_end)));
  return server;
}

}  // namespace sumscope
