// UserService's list of the audit.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/users/user_service.h"

namespace sumscope::rpc {
namespace {

v1::AuditRecord AuditMessage(const storage::AuditRow& row) {
  v1::AuditRecord record;
  record.set_sequence(row.sequence);
  *record.mutable_time() = ToTimestamp(row.time);
  if (!row.user.empty()) record.set_user(UserName(row.user));
  record.set_credential(row.credential);
  record.set_address(row.address);
  record.set_method(row.method);
  record.set_resource(row.resource);
  record.set_code(absl::StatusCodeToString(row.code));
  record.set_reason(row.reason);
  record.set_request_id(row.request_id);
  return record;
}

absl::Status CheckFilterLength(const std::string& text, absl::string_view field) {
  if (text.size() <= limits::kMaxFilterLength) return absl::OkStatus();
  return InvalidField(
      "FILTER_INVALID", field,
      absl::StrCat(field, " has ", text.size(), " bytes; at most ", limits::kMaxFilterLength, " are allowed"));
}

absl::StatusOr<storage::AuditQuery> AuditQueryOf(const v1::ListAuditRecordsRequest& request) {
  storage::AuditQuery query;
  if (!request.user().empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(query.user, ParseUserName(request.user(), "user"));
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckFilterLength(request.method(), "method"));
  SUMSCOPE_RETURN_IF_ERROR(CheckFilterLength(request.resource(), "resource"));
  SUMSCOPE_ASSIGN_OR_RETURN(query.page_size, PageSize(request.page_size()));
  if (request.has_since()) query.since = ToTime(request.since());
  query.method = request.method();
  query.resource = request.resource();
  query.page_token = request.page_token();
  return query;
}

}  // namespace

grpc::Status UserService::ListAuditRecords(grpc::ServerContext* context, const v1::ListAuditRecordsRequest* request,
                                           v1::ListAuditRecordsResponse* response) {
  const auto list = [&](const auth::Caller&) -> absl::StatusOr<v1::ListAuditRecordsResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::AuditQuery query, AuditQueryOf(*request));
    v1::ListAuditRecordsResponse records;
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(const storage::AuditPage page, reader.audit().List(query));
      for (const storage::AuditRow& row : page.rows) *records.add_records() = AuditMessage(row);
      records.set_next_page_token(page.next_page_token);
      return absl::OkStatus();
    }));
    return records;
  };
  return road_.Unary(context, request, response, list);
}

}  // namespace sumscope::rpc
