#include "storage/sqlite/catalog/access/sqlite_audit.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/run_order.h"

namespace sumscope::storage {
namespace {

constexpr char kAuditColumns[] =
    "sequence, time, user, credential, address, service, method, resource, code, reason, request_id";

// What follows the last '/' of a method's name, and what stands before it.
struct MethodParts {
  std::string service, method;
};
MethodParts SplitMethod(const std::string& name) {
  const size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash + 1), name.substr(slash + 1)};
}

// kUnknown for what is no code.
absl::StatusCode CodeFromName(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    if (absl::StatusCodeToString(code) == name) return code;
  }
  return absl::StatusCode::kUnknown;
}

// A damaged text shows itself, and the rest of the list.
AuditRow ReadAuditRow(Query& query) {
  const auto text = [&](int column) { return ReplaceInvalidUtf8(query.Text(column)); };
  AuditRow row;
  row.sequence = static_cast<uint64_t>(query.Int(0));
  row.time = FromNanos(query.Int(1));
  row.user = text(2);
  row.credential = text(3);
  row.address = text(4);
  row.method = absl::StrCat(text(5), text(6));
  row.resource = text(7);
  row.code = CodeFromName(query.Text(8));
  row.reason = text(9);
  row.request_id = text(10);
  return row;
}

size_t SizeOf(const AuditRow& row) {
  return sizeof(row) + row.user.size() + row.credential.size() + row.address.size() + row.method.size() +
         row.resource.size() + row.reason.size() + row.request_id.size();
}

// The conditions of a query for rows before a sequence, and what they bind.
struct AuditConditions {
  std::vector<std::string> sql;
  std::vector<SqlValue> parameters;

  void Add(std::string condition, std::vector<SqlValue> values) {
    sql.push_back(std::move(condition));
    parameters.insert(parameters.end(), values.begin(), values.end());
  }
};

AuditConditions ConditionsOf(const AuditQuery& request, const SqlValue& before) {
  AuditConditions conditions;
  // A resource has few rows, in its index; a whole collection, such as "runs", as good as all: then the order leads.
  const bool is_one = request.resource.find('/') != std::string::npos;
  if (!request.resource.empty()) {
    const std::string column = is_one ? "resource" : "+resource";
    // "runs/r1", and from "runs/r1/" up to "runs/r10", what follows '/' being '0'; but not "runs/r1-b".
    conditions.Add(absl::StrCat(column, " >= ? AND ", column, " < ? AND (+resource = ? OR +resource > ?)"),
                   {request.resource, request.resource + "0", request.resource, request.resource + "/"});
  }
  const std::string plus = is_one ? "+" : "", sequence = plus + "sequence";
  if (!request.user.empty()) conditions.Add(absl::StrCat(plus, "user = ?"), {request.user});
  if (!request.method.empty()) {
    const MethodParts parts = SplitMethod(request.method);
    conditions.Add(absl::StrCat(plus, "method = ?"), {parts.method});
    if (!parts.service.empty()) conditions.Add("service = ?", {parts.service});
  }
  if (request.since.has_value()) {
    const int64_t since = ToNanos(*request.since);
    conditions.Add(absl::StrCat("+time >= ? AND ", sequence,
                                " > ifnull((SELECT sequence FROM audit WHERE latest < ? ORDER BY latest DESC, "
                                "sequence DESC LIMIT 1), 0)"),
                   {since, since});
  }
  conditions.Add(sequence + " < ?", {before});
  return conditions;
}

}  // namespace

absl::StatusOr<AuditPage> SqliteAudit::List(const AuditQuery& request) {
  const std::string since = request.since.has_value() ? absl::StrCat(ToNanos(*request.since)) : "";
  const std::string query_hash =
      absl::StrJoin({absl::string_view("audit by sequence"), absl::string_view(request.user), absl::string_view(since),
                     absl::string_view(request.method), absl::string_view(request.resource)},
                    "\n");
  PagePosition position{std::numeric_limits<int64_t>::max(), ""};
  if (!request.page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(position, DecodePageToken(seal_, query_hash, request.page_token));
  }
  const AuditConditions conditions = ConditionsOf(request, position.key);
  return connection_.Guard([&]() -> absl::StatusOr<AuditPage> {
    AuditPage page;
    size_t bytes = 0;
    Query query(connection_, absl::StrCat("SELECT ", kAuditColumns, " FROM audit WHERE ",
                                          absl::StrJoin(conditions.sql, " AND "), " ORDER BY sequence DESC LIMIT ?"));
    for (const SqlValue& parameter : conditions.parameters) query.Bind(parameter);
    query.Bind(request.page_size + 1);
    while (query.Next()) {
      if (page.rows.size() == request.page_size || bytes > limits::kMaxPageBytes) {
        page.next_page_token =
            EncodePageToken(seal_, query_hash, {static_cast<int64_t>(page.rows.back().sequence), ""});
        break;
      }
      page.rows.push_back(ReadAuditRow(query));
      bytes += SizeOf(page.rows.back());
    }
    return page;
  });
}

absl::Status SqliteAudit::Append(AuditRow* row) {
  return connection_.Guard([&] {
    const int64_t time = ToNanos(row->time);
    const MethodParts parts = SplitMethod(row->method);
    Query(connection_,
          "INSERT INTO audit (time, latest, user, credential, address, service, method, resource, code, reason, "
          "request_id) VALUES (?1, max(?1, ifnull((SELECT latest FROM audit ORDER BY sequence DESC LIMIT 1), ?1)), ?2, "
          "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .Bind(time, row->user, row->credential, row->address, parts.service, parts.method, row->resource,
              absl::StatusCodeToString(row->code), row->reason, row->request_id)
        .Run();
    row->sequence = static_cast<uint64_t>(connection_.last_insert_rowid());
    return absl::OkStatus();
  });
}

absl::Status SqliteAudit::Correct(const AuditRow& row) {
  return connection_.Guard([&] {
    Query(connection_, "UPDATE audit SET resource = ?, code = ?, reason = ? WHERE sequence = ?")
        .Bind(row.resource, absl::StatusCodeToString(row.code), row.reason, Saturated(row.sequence))
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteAudit::Prune(absl::Time older_than) {
  return connection_.Guard([&] {
    Query(connection_, "DELETE FROM audit WHERE time < ?").Bind(ToNanos(older_than)).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
