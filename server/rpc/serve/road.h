#ifndef SUMSCOPE_SERVER_RPC_SERVE_ROAD_H_
#define SUMSCOPE_SERVER_RPC_SERVE_ROAD_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/errors/status_macros.h"
#include "server/auth/authenticator.h"
#include "server/auth/peer.h"
#include "server/auth/rights.h"
#include "server/rpc/serve/call_hook.h"
#include "server/rpc/serve/gate/audit_book.h"
#include "server/rpc/serve/gate/call_limits.h"
#include "server/rpc/serve/gate/lasting_calls.h"
#include "server/rpc/serve/to_grpc.h"
#include "server/rpc/serve/transfer/upload_desk.h"
#include "server/rpc/serve/upload_call.h"
#include "storage/catalog/catalog.h"

namespace sumscope::rpc {

// The method that takes messages of this type, "/sumscope.v1.RunService/GetRun" for GetRunRequest: each has a type of
// its own, in its service's file. Empty for any other message.
std::string MethodTaking(const google::protobuf::Descriptor* request);

// What the road is built on. Borrowed; all of it outlives the road and is thread-safe.
struct RoadParts {
  auth::Authenticator* authenticator = nullptr;
  // Who is at the other end of a call that begins: PeerOf.
  std::function<auth::Peer(const grpc::ServerContextBase&)> peer_of;
  storage::Catalog* catalog = nullptr;  // of owners and of the audit
  Clock* clock = nullptr;
  UserLimits user_limits;
  std::vector<CallHook*> hooks;
};

// The one road of every call of sumscope.v1: who calls, by the authenticator; whether they call too much; whether their
// role may, by the table of rights; whether what they name is theirs, where it must be; then the handler, which gets
// its Caller and authenticates nobody by itself. Calls of methods that change something leave a row in the audit,
// however they end; those that last end when their caller may no longer make them. Hooks see the calls that got here,
// not those that gRPC or an upload desk without a place refused before; the latter have their row as well. Thread-safe.
class Road {
 public:
  explicit Road(RoadParts parts);

  // A call with one answer: what `handler`, an absl::StatusOr<Response>(const auth::Caller&), returns.
  template <typename Request, typename Response, typename Handler>
  grpc::Status Unary(grpc::ServerContext* context, const Request* request, Response* response,
                     const Handler& handler) const {
    return ToGrpc(Serve({MethodTaking(Request::descriptor()), parts_.peer_of(*context), request},
                        [&](const auth::Caller& caller) -> absl::Status {
                          SUMSCOPE_ASSIGN_OR_RETURN(*response, handler(caller));
                          return absl::OkStatus();
                        }));
  }

  // A call whose `handler`, an absl::Status(const auth::Caller&), writes its answers itself.
  template <typename Request, typename Handler>
  grpc::Status Streaming(grpc::ServerContext* context, const Request* request, const Handler& handler) const {
    return ToGrpc(Serve({MethodTaking(Request::descriptor()), parts_.peer_of(*context), request,
                         CallLimits::Lasting::kStream, context->c_call()},
                        handler));
  }

  // An upload: `handler`, an absl::StatusOr<Response>(const auth::Caller&, UploadReader<Request>*), reads what comes.
  // It and what comes before it run in a thread of the desk, which the road outlives.
  template <typename Request, typename Response, typename Handler>
  grpc::ServerReadReactor<Request>* Upload(grpc::CallbackServerContext* context, UploadDesk* desk, Response* response,
                                           Handler handler) const {
    const Entry entry{MethodTaking(Request::descriptor()), parts_.peer_of(*context), nullptr,
                      CallLimits::Lasting::kUpload, context->c_call()};
    return UploadCall<Request>::Serve(
        context, desk, UploadPace(),
        [this, entry, response, handler = std::move(handler)](UploadReader<Request>* reader) {
          return Serve(entry, [&](const auth::Caller& caller) -> absl::Status {
            SUMSCOPE_ASSIGN_OR_RETURN(*response, handler(caller, reader));
            return absl::OkStatus();
          });
        },
        [this, entry](const absl::Status& status) { TurnAway(entry, status); });
  }

  // Ends the streams and uploads of those who may no longer make them: LastingCalls::EndRefused; and writes the rows of
  // uploads that found no desk. To be called every second or so.
  void EndRefused() const {
    lasting_->EndRefused();
    WriteDeferredAudit();
  }
  // Those rows alone; once more when no call comes any more.
  void WriteDeferredAudit() const { audit_->WriteDeferred(); }

 private:
  // A call where the road begins.
  struct Entry {
    std::string method;
    auth::Peer peer;
    const google::protobuf::Message* request = nullptr;  // null: an upload, whose messages come later
    std::optional<CallLimits::Lasting> lasting = std::nullopt;
    grpc_call* call = nullptr;  // of one that lasts
  };
  class Journey;

  // UNAUTHENTICATED of the authenticator; PERMISSION_DENIED METHOD_DENIED, NOT_OWNER; RESOURCE_EXHAUSTED of
  // CallLimits; or what the handler returns.
  absl::Status Serve(const Entry& entry, absl::FunctionRef<absl::Status(const auth::Caller&)> handler) const;
  // No desk was free for an upload. Does not wait; who calls is not asked, for that would.
  void TurnAway(const Entry& entry, const absl::Status& status) const;
  // Whether the caller may go on to the handler.
  absl::Status Admit(const Entry& entry, auth::Caller* caller) const;

  const RoadParts parts_;
  // They change behind a road that does not: the mutexes are theirs.
  const std::unique_ptr<AuditBook> audit_;
  const std::unique_ptr<CallLimits> limits_;
  const std::unique_ptr<LastingCalls> lasting_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_ROAD_H_
