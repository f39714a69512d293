#ifndef SUMSCOPE_SERVER_RPC_SERVE_ROAD_H_
#define SUMSCOPE_SERVER_RPC_SERVE_ROAD_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors/status_macros.h"
#include "server/auth/authenticator.h"
#include "server/rpc/serve/call_hook.h"
#include "server/rpc/serve/to_grpc.h"
#include "server/rpc/serve/transfer/upload_desk.h"
#include "server/rpc/serve/upload_call.h"

namespace sumscope::rpc {

// The method that takes messages of this type, "/sumscope.v1.RunService/GetRun" for GetRunRequest: each has a type of
// its own, in its service's file. Empty for any other message.
std::string MethodTaking(const google::protobuf::Descriptor* request);

// The one road of every call of sumscope.v1: who calls, by the authenticator; whether they may, by the table of rights;
// then the handler, which gets its Caller and authenticates nobody by itself. Hooks see the calls that got here, not
// those that gRPC or an upload desk without a place refused before. Thread-safe.
class Road {
 public:
  // The authenticator and the hooks outlive the road.
  explicit Road(const auth::Authenticator* authenticator, std::vector<CallHook*> hooks = {})
      : authenticator_(authenticator), hooks_(std::move(hooks)) {}

  // A call with one answer: what `handler`, an absl::StatusOr<Response>(const auth::Caller&), returns.
  template <typename Request, typename Response, typename Handler>
  grpc::Status Unary(const grpc::ServerContext* context, const Request*, Response* response,
                     const Handler& handler) const {
    return ToGrpc(
        Serve(context->peer(), MethodTaking(Request::descriptor()), [&](const auth::Caller& caller) -> absl::Status {
          SUMSCOPE_ASSIGN_OR_RETURN(*response, handler(caller));
          return absl::OkStatus();
        }));
  }

  // A call whose `handler`, an absl::Status(const auth::Caller&), writes its answers itself.
  template <typename Request, typename Handler>
  grpc::Status Streaming(const grpc::ServerContext* context, const Request*, const Handler& handler) const {
    return ToGrpc(Serve(context->peer(), MethodTaking(Request::descriptor()), handler));
  }

  // An upload: `handler`, an absl::StatusOr<Response>(const auth::Caller&, UploadReader<Request>*), reads what comes.
  // It and what comes before it run in a thread of the desk, which the road outlives.
  template <typename Request, typename Response, typename Handler>
  grpc::ServerReadReactor<Request>* Upload(grpc::CallbackServerContext* context, UploadDesk* desk, Response* response,
                                           Handler handler) const {
    return UploadCall<Request>::Serve(
        context, desk, UploadPace(),
        [this, peer = context->peer(), response, handler = std::move(handler)](UploadReader<Request>* reader) {
          return Serve(peer, MethodTaking(Request::descriptor()), [&](const auth::Caller& caller) -> absl::Status {
            SUMSCOPE_ASSIGN_OR_RETURN(*response, handler(caller, reader));
            return absl::OkStatus();
          });
        });
  }

 private:
  // UNAUTHENTICATED of the authenticator, PERMISSION_DENIED METHOD_DENIED, or what the handler returns.
  absl::Status Serve(const std::string& peer, std::string method,
                     absl::FunctionRef<absl::Status(const auth::Caller&)> handler) const;

  const auth::Authenticator* const authenticator_;
  const std::vector<CallHook*> hooks_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_ROAD_H_
