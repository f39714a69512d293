#ifndef SUMSCOPE_SERVER_RPC_FACTS_FACT_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_FACTS_FACT_SERVICE_H_

#include <utility>

#include "server/rpc/serve/services.h"
#include "sumscope/v1/facts.grpc.pb.h"

namespace sumscope::rpc {

// What analyses found out about nodes, over all runs. Thread-safe.
class FactService final : public v1::FactService::Service {
 public:
  explicit FactService(Backend backend) : backend_(std::move(backend)) {}

  grpc::Status ListFacts(grpc::ServerContext*, const v1::ListFactsRequest*, v1::ListFactsResponse*) override;

 private:
  const Backend backend_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_FACTS_FACT_SERVICE_H_
