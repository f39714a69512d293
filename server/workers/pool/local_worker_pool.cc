#include "server/workers/pool/local_worker_pool.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "server/transport/rpc_server.h"
#include "server/workers/link/link_service.h"

namespace sumscope::workers {
namespace {

// How often processes and deadlines are looked at. Ends of links and new work wake the supervisor at once.
constexpr std::chrono::milliseconds kSupervisionInterval(50);
// Of the streams that are left at Shutdown: none has been admitted.
constexpr absl::Duration kSocketShutdownGrace = absl::Milliseconds(100);
// Workers that end beside those that begin, and whoever else opens the socket.
constexpr size_t kMaxOtherConnections = 64;
constexpr int kMaxStreamsOfWorker = 4;  // it needs one

class LocalWorkerPool final : public WorkerPool, private LinkHost {
 public:
  LocalWorkerPool(LocalWorkerPoolOptions options, WorkerLauncher* launcher, Clock* clock, IdSource* ids)
      : options_(std::move(options)),
        launcher_(launcher),
        clock_(clock),
        ids_(ids),
        connections_({options_.slots.size() + kMaxOtherConnections, options_.limits.start_timeout}, clock),
        service_(this, &connections_, clock) {
    for (const SlotConfig& slot : options_.slots) slots_.try_emplace(slot.name, slot, options_.limits);
  }
  ~LocalWorkerPool() override { Shutdown(); }

  absl::Status Start(WorkerListener* listener) override;
  absl::Status Assign(const std::string& slot, const worker::v1::Task& task,
                      std::optional<TaskTensors> tensors) override;
  void Acknowledge(const std::string& slot, const std::string& task_id, uint64_t sequence) override;
  void Cancel(const std::string& slot, const std::string& task_id) override;
  void Stop(const std::string& slot, const std::string& task_id, absl::Duration grace) override;
  void Wake(const std::string& slot) override;
  void Restart(const std::string& slot, const std::string& why) override;
  std::vector<v1::Slot> Slots() const override;
  std::string WhyNoWorker() const override;
  void Shutdown() override;

 private:
  absl::Status Admit(const worker::v1::Hello& hello, WorkerLink* link) override;
  void OnLinked(const worker::v1::Hello& hello) override;
  void OnLinkMessage(const LaunchId& launch, worker::v1::WorkerMessage message) override;
  void OnLinkEnded(const LaunchId& launch, const absl::Status& failure) override;

  absl::StatusOr<std::unique_ptr<transport::RpcServer>> Listen();

  // Gives `message` to the listener; after hello and finished also says that the slot is idle.
  void Deliver(const LaunchId& launch, worker::v1::WorkerMessage message, bool may_be_idle);

  void Supervise();
  // Lets every slot do what is due, launches included. Returns false when the pool is stopped and nothing is left of
  // any worker.
  bool TickAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SlotSupervisor* Find(const std::string& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Null when the slot has had a later launch: messages of an older one are dropped.
  SlotSupervisor* Find(const LaunchId& launch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LocalWorkerPoolOptions options_;
  WorkerLauncher* const launcher_;
  Clock* const clock_;
  IdSource* const ids_;
  transport::ConnectionTable connections_;
  LinkService service_;

  // Of Start and Shutdown, which may come from different threads. Taken before mutex_.
  Mutex lifecycle_mutex_;
  std::unique_ptr<transport::RpcServer> server_ ABSL_GUARDED_BY(lifecycle_mutex_);
  std::thread supervisor_ ABSL_GUARDED_BY(lifecycle_mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  WorkerListener* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, SlotSupervisor> slots_ ABSL_GUARDED_BY(mutex_);  // never grows or shrinks
};

absl::Status LocalWorkerPool::Start(WorkerListener* listener) {
  MutexLock lifecycle(&lifecycle_mutex_);
  {
    MutexLock lock(&mutex_);
    if (listener_ != nullptr || stopping_) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "POOL_STARTED", "the pool starts once");
    }
    listener_ = listener;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(server_, Listen());
  supervisor_ = std::thread([this] { Supervise(); });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<transport::RpcServer>> LocalWorkerPool::Listen() {
  // What a dead server left: nobody else has a place here.
  struct stat file = {};
  if (lstat(options_.socket_path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) unlink(options_.socket_path.c_str());
  absl::StatusOr<transport::ListeningSocket> socket = transport::ListeningSocket::BindUnix(options_.socket_path);
  if (!socket.ok()) return MakeError(absl::StatusCode::kUnavailable, "SOCKET_UNAVAILABLE", socket.status().message());
  std::vector<transport::ListeningSocket> sockets;
  sockets.push_back(*std::move(socket));
  grpc::ServerBuilder builder;
  builder.RegisterService(&service_);
  builder.SetMaxReceiveMessageSize(limits::kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsOfWorker);
  return transport::RpcServer::Start(&builder, std::move(sockets), &connections_, {});
}

absl::Status LocalWorkerPool::Assign(const std::string& slot, const worker::v1::Task& task,
                                     std::optional<TaskTensors> tensors) {
  MutexLock lock(&mutex_);
  SlotSupervisor* const supervisor = Find(slot);
  if (supervisor == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, "SLOT_NOT_FOUND", absl::StrCat("there is no slot ", slot));
  }
  return supervisor->Assign(task, std::move(tensors));
}

void LocalWorkerPool::Acknowledge(const std::string& slot, const std::string& task_id, uint64_t sequence) {
  MutexLock lock(&mutex_);
  if (SlotSupervisor* const supervisor = Find(slot)) supervisor->Acknowledge(task_id, sequence);
}

void LocalWorkerPool::Cancel(const std::string& slot, const std::string& task_id) {
  MutexLock lock(&mutex_);
  if (SlotSupervisor* const supervisor = Find(slot)) supervisor->Cancel(task_id, clock_->Monotonic());
}

void LocalWorkerPool::Stop(const std::string& slot, const std::string& task_id, absl::Duration grace) {
  MutexLock lock(&mutex_);
  if (SlotSupervisor* const supervisor = Find(slot)) supervisor->Stop(task_id, grace, clock_->Monotonic());
}

void LocalWorkerPool::Wake(const std::string& slot) {
  MutexLock lock(&mutex_);
  SlotSupervisor* const supervisor = Find(slot);
  if (supervisor == nullptr) return;
  supervisor->Wake();
  changed_.NotifyAll();
}

void LocalWorkerPool::Restart(const std::string& slot, const std::string& why) {
  MutexLock lock(&mutex_);
  if (SlotSupervisor* const supervisor = Find(slot)) supervisor->Restart(why, clock_->Monotonic());
}

std::vector<v1::Slot> LocalWorkerPool::Slots() const {
  std::vector<v1::Slot> slots;
  MutexLock lock(&mutex_);
  for (const SlotConfig& config : options_.slots) slots.push_back(slots_.at(config.name).Describe());
  return slots;
}

std::string LocalWorkerPool::WhyNoWorker() const {
  std::string all;
  MutexLock lock(&mutex_);
  for (const SlotConfig& config : options_.slots) {
    if (config.quick) continue;  // most jobs cannot have it
    const std::optional<std::string> why = slots_.at(config.name).WhyNoWorker();
    if (!why.has_value()) return "";
    absl::StrAppend(&all, all.empty() ? "" : "; ", "slot ", config.name, ": ", *why);
  }
  return all;
}

void LocalWorkerPool::Shutdown() {
  MutexLock lifecycle(&lifecycle_mutex_);
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    for (auto& [name, slot] : slots_) slot.Shutdown(clock_->Monotonic());
    changed_.NotifyAll();
  }
  if (supervisor_.joinable()) supervisor_.join();
  if (server_ != nullptr) {
    server_->Shutdown(absl::Now() + kSocketShutdownGrace);
    server_.reset();
  }
}

absl::Status LocalWorkerPool::Admit(const worker::v1::Hello& hello, WorkerLink* link) {
  MutexLock lock(&mutex_);
  SlotSupervisor* const slot = Find(hello.slot());
  if (slot == nullptr) {
    return MakeError(absl::StatusCode::kUnauthenticated, "WORKER_REFUSED",
                     absl::StrCat("there is no slot ", hello.slot()));
  }
  return slot->Admit(hello, link, clock_->Monotonic());
}

void LocalWorkerPool::OnLinked(const worker::v1::Hello& hello) {
  worker::v1::WorkerMessage message;
  *message.mutable_hello() = hello;
  message.mutable_hello()->clear_secret();
  Deliver({hello.slot(), hello.generation()}, std::move(message), /*may_be_idle=*/true);
}

void LocalWorkerPool::OnLinkMessage(const LaunchId& launch, worker::v1::WorkerMessage message) {
  const bool finished = message.has_finished();
  {
    MutexLock lock(&mutex_);
    SlotSupervisor* const supervisor = Find(launch);
    if (supervisor == nullptr) return;
    supervisor->Heard(clock_->Monotonic());
    // Heartbeats, and what is left of a task that is over.
    if (!supervisor->HasTask(message.task_id())) return;
    if (finished) supervisor->Finish(message.task_id());
  }
  Deliver(launch, std::move(message), finished);
}

void LocalWorkerPool::Deliver(const LaunchId& launch, worker::v1::WorkerMessage message, bool may_be_idle) {
  WorkerListener* listener;
  SlotSupervisor* supervisor;
  {
    MutexLock lock(&mutex_);
    supervisor = Find(launch);
    if (supervisor == nullptr) return;
    supervisor->BeginDelivery();
    listener = listener_;
  }
  // `supervisor` remains that of this launch: the slot launches no other before OnLinkEnded, which this thread calls
  // later.
  listener->OnMessage(launch.slot, std::move(message));
  bool idle;
  {
    MutexLock lock(&mutex_);
    idle = may_be_idle && supervisor->BecomeIdle();
  }
  if (idle) listener->OnIdle(launch.slot);
  MutexLock lock(&mutex_);
  supervisor->EndDelivery(clock_->Monotonic());
}

void LocalWorkerPool::OnLinkEnded(const LaunchId& launch, const absl::Status& failure) {
  WorkerListener* listener;
  std::vector<SlotSupervisor::LostTask> lost;
  SlotSupervisor* supervisor;
  {
    MutexLock lock(&mutex_);
    supervisor = Find(launch);
    if (supervisor == nullptr) return;
    supervisor->LinkLost(failure, clock_->Monotonic());
    changed_.NotifyAll();
    while (!supervisor->ProcessGone()) changed_.Wait(&mutex_);
    lost = supervisor->TakeLostTasks();
    listener = listener_;
  }
  const absl::Cleanup detach = [&] {  // whatever the listener throws: the link does not outlive this call
    MutexLock lock(&mutex_);
    supervisor->DetachLink(clock_->Monotonic());
    changed_.NotifyAll();
  };
  for (const auto& [task_id, reason, detail] : lost) listener->OnLost(launch.slot, task_id, reason, detail);
}

void LocalWorkerPool::Supervise() {
  while (true) {
    service_.BreakSilentStreams(options_.limits.start_timeout);
    MutexLock lock(&mutex_);
    if (!TickAll()) return;
    changed_.WaitFor(&mutex_, kSupervisionInterval);
    if (!TickAll()) return;
  }
}

bool LocalWorkerPool::TickAll() {
  bool settled = true;
  bool ended = false;
  for (auto& [name, slot] : slots_) {
    const absl::Duration now = clock_->Monotonic();
    const bool had_process = !slot.ProcessGone();
    slot.Tick(now);
    ended |= had_process && slot.ProcessGone();
    if (slot.WantsLaunch(now)) {
      slot.Launch(launcher_, absl::StrCat("unix:", options_.socket_path), ids_->NewUuid(), now);
    }
    settled &= slot.Settled();
  }
  if (ended) changed_.NotifyAll();
  return !(stopping_ && settled);
}

SlotSupervisor* LocalWorkerPool::Find(const std::string& slot) {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? nullptr : &found->second;
}

SlotSupervisor* LocalWorkerPool::Find(const LaunchId& launch) {
  SlotSupervisor* const slot = Find(launch.slot);
  return slot != nullptr && slot->generation() == launch.generation ? slot : nullptr;
}

bool ValidSlotName(const std::string& name) {
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') return false;
  }
  return !name.empty() && name[0] != '.';
}

}  // namespace

std::vector<SlotConfig> WithQuickLanes(std::vector<SlotConfig> slots) {
  std::set<std::string> devices, names;
  for (const SlotConfig& slot : slots) {
    devices.insert(slot.device);
    names.insert(slot.name);
  }
  for (const std::string& device : devices) {
    SlotConfig lane;
    lane.name = absl::StrCat("quick-", absl::StrReplaceAll(device, {{":", ""}}));
    lane.device = device;
    lane.quick = true;
    if (names.count(lane.name) == 0) slots.push_back(std::move(lane));
  }
  return slots;
}

absl::StatusOr<std::unique_ptr<WorkerPool>> CreateLocalWorkerPool(LocalWorkerPoolOptions options,
                                                                  WorkerLauncher* launcher, Clock* clock,
                                                                  IdSource* ids) {
  if (options.socket_path.empty() || options.socket_path.size() >= sizeof(sockaddr_un::sun_path)) {
    return InvalidField("SOCKET_PATH_INVALID", "socket_path",
                        absl::StrCat("the path of the workers' socket has ", options.socket_path.size(),
                                     " bytes, expected 1 to ", sizeof(sockaddr_un::sun_path) - 1));
  }
  std::map<std::string, int> names;
  for (const SlotConfig& slot : options.slots) {
    if (!ValidSlotName(slot.name) || ++names[slot.name] > 1) {
      return InvalidField("SLOT_NAME_INVALID", "slots",
                          absl::StrCat("slot name ", Quote(slot.name), " is malformed or there twice"));
    }
  }
  return std::make_unique<LocalWorkerPool>(std::move(options), launcher, clock, ids);
}

}  // namespace sumscope::workers
