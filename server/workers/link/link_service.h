#ifndef SUMSCOPE_SERVER_WORKERS_LINK_LINK_SERVICE_H_
#define SUMSCOPE_SERVER_WORKERS_LINK_LINK_SERVICE_H_

#include <map>

#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/transport/connection_table.h"
#include "server/workers/link/stream_link.h"
#include "sumscope/worker/v1/link.grpc.pb.h"

namespace sumscope::workers {

// Takes in workers' streams: hello, admission by the host, then messages until the end. Thread-safe.
class LinkService final : public worker::v1::WorkerLink::Service {
 public:
  // `host`, `connections` and `clock` outlive the service.
  LinkService(LinkHost* host, transport::ConnectionTable* connections, Clock* clock);

  // INVALID_ARGUMENT HELLO_EXPECTED, or the host's error when it does not admit the worker; INTERNAL LINK_FAILED.
  grpc::Status Connect(grpc::ServerContext* context, StreamLink::Stream* stream) override;

  // Breaks streams that came more than `patience` ago and have not said hello.
  void BreakSilentStreams(absl::Duration patience);

 private:
  absl::Status Serve(grpc::ServerContext* context, StreamLink::Stream* stream);
  // False when the stream ends before.
  bool ReadFirst(grpc::ServerContext* context, StreamLink::Stream* stream, worker::v1::WorkerMessage* message);

  LinkHost* const host_;
  transport::ConnectionTable* const connections_;
  Clock* const clock_;

  Mutex mutex_;
  std::map<grpc::ServerContext*, absl::Duration> silent_ ABSL_GUARDED_BY(mutex_);  // when each came
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LINK_LINK_SERVICE_H_
