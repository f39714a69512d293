#include "server/rpc/facts/fact_service.h"

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/rpc/serve/to_grpc.h"

namespace sumscope::rpc {

grpc::Status FactService::ListFacts(grpc::ServerContext* context, const v1::ListFactsRequest* request,
                                    v1::ListFactsResponse* response) {
  const auto list = [&]() -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(backend_.authenticator->Authenticate(context->peer()).status());
    storage::FactQuery query{request->filter(), 0, request->page_token()};
    SUMSCOPE_ASSIGN_OR_RETURN(query.page_size,
                              PageSize(request->page_size(), limits::kDefaultPageSize, limits::kMaxPageSize));
    return backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(storage::FactPage page, reader.ListFacts(query));
      for (v1::NodeFact& fact : page.facts) *response->add_facts() = std::move(fact);
      response->set_next_page_token(page.next_page_token);
      return absl::OkStatus();
    });
  };
  return ToGrpc(list());
}

}  // namespace sumscope::rpc
