#ifndef SUMSCOPE_SERVER_RPC_FACTS_FACT_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_FACTS_FACT_SERVICE_H_

#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/facts.grpc.pb.h"

namespace sumscope::rpc {

// What analyses found out about nodes, over all runs. Thread-safe.
class FactService final : public ServiceBase<v1::FactService::Service> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status ListFacts(grpc::ServerContext*, const v1::ListFactsRequest*, v1::ListFactsResponse*) override;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_FACTS_FACT_SERVICE_H_
