#include "server/rpc/facts/fact_service.h"

#include "proto/contract/errors/status_macros.h"
#include "server/rpc/serve/requests.h"

namespace sumscope::rpc {

grpc::Status FactService::ListFacts(grpc::ServerContext* context, const v1::ListFactsRequest* request,
                                    v1::ListFactsResponse* response) {
  return road_.Unary(
      context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListFactsResponse> {
        storage::FactQuery query{request->filter(), 0, request->page_token()};
        SUMSCOPE_ASSIGN_OR_RETURN(query.page_size, PageSize(request->page_size()));
        v1::ListFactsResponse list;
        SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
          SUMSCOPE_ASSIGN_OR_RETURN(storage::FactPage page, reader.facts().List(caller.viewer(), query));
          for (v1::NodeFact& fact : page.facts) *list.add_facts() = std::move(fact);
          list.set_next_page_token(page.next_page_token);
          return absl::OkStatus();
        }));
        return list;
      });
}

}  // namespace sumscope::rpc
