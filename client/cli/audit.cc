// sumscope audit: every call that changed something, or tried to.
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/filter_times.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/numbers.h"
#include "client/connection/pages.h"
#include "google/protobuf/descriptor.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct AuditOptions {
  std::string user, since, method, resource;
  uint64_t limit = limits::kDefaultPageSize;
};

// "CreateRun" of /sumscope.v1.RunService/CreateRun.
std::string MethodText(absl::string_view method) { return std::string(method.substr(method.rfind('/') + 1)); }

// "OK", else the reason of the refusal, or its code where there is none.
std::string OutcomeText(const v1::AuditRecord& record) {
  return record.reason().empty() ? record.code() : record.reason();
}

Document ShowAudit(const Session& session, const v1::ListAuditRecordsResponse& all) {
  Table table({{"TIME"},
               {"USER"},
               {"METHOD", kForPeople},
               {"METHOD", kInCsv},
               {"RESOURCE", kEverywhere, false, /*wrap=*/12},
               {"OUTCOME", kForPeople, false, /*wrap=*/12},
               {"code", kInCsv},
               {"reason", kInCsv},
               {"CREDENTIAL", kInWide | kInCsv},
               {"FROM", kForPeople, false, 0, 0, /*drop=*/1},
               {"address", kInCsv},
               {"REQUEST", kInWide},
               {"request_id", kInCsv},
               {"sequence", kInCsv}});
  std::vector<nlohmann::ordered_json> items;
  std::vector<std::string> ids;
  for (const v1::AuditRecord& record : all.records()) {
    const std::string sequence = absl::StrCat(record.sequence());
    table.AddRow({FormatTime(record.time()), UserIdOf(record.user()), MethodText(record.method()), record.method(),
                  record.resource(), OutcomeText(record), record.code(), record.reason(), record.credential(),
                  record.address(), record.address(), record.request_id(), record.request_id(), sequence});
    items.push_back(ToJson(record));
    ids.push_back(sequence);
  }
  Document document = session.FromTable(table);
  document.items = std::move(items);
  document.ids = std::move(ids);
  document.json = ToJson(all);
  return document;
}

std::vector<std::string> MethodsOfApi() {
  std::vector<std::string> methods;
  for (const char* service : {"RunService", "AnalysisService", "FactService", "QuestionSetService", "CaptureService",
                              "SystemService", "UserService", "QueueService", "DeviceService", "SweepService"}) {
    const auto* const found =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(absl::StrCat("sumscope.v1.", service));
    for (int i = 0; found != nullptr && i < found->method_count(); ++i) methods.push_back(found->method(i)->name());
  }
  return methods;
}

// What was wrong with --method where nothing was found; "" where there is one of that name. No error: a server of
// another version may have more.
std::string WhyNoMethod(const std::string& method) {
  const std::vector<std::string> methods = MethodsOfApi();
  const std::string name = MethodText(method);
  if (method.empty() || absl::c_linear_search(methods, name)) return "";
  return absl::StrCat("no method ", Quote(name), " is known here; ", DidYouMean(name, methods));
}

// A resource's whole name as it is; a word alone is a run, also a prefix or @last of one that is still there.
absl::StatusOr<std::string> ResourceOf(Connection& connection, const std::string& text) {
  for (const char* collection : {"runs/", "users/", "questionSets/", "jobs/", "sweeps/"}) {
    if (text.empty()) return text;
    const absl::string_view name = absl::StripSuffix(collection, "/");
    if (text == name || text == collection) {
      return InvalidField("USAGE", "resource",
                          absl::StrCat("--resource ", Quote(text), " names all ", name, ", not one; ",
                                       "expected a run, or a whole name like users/alice"));
    }
    if (absl::StartsWith(text, collection)) return text;
  }
  if (absl::StrContains(text, '/')) {
    return InvalidField("RESOURCE_NAME_INVALID", "resource",
                        absl::StrCat(Quote(text), " names no resource; expected a run, or a whole name like ",
                                     "runs/r7k2m9qa/analyses/a1b2c3d4 or users/alice"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(text));
  const absl::StatusOr<v1::Run> run = connection.GetRun(name);
  if (absl::IsNotFound(run.status())) return name;
  SUMSCOPE_RETURN_IF_ERROR(run.status());
  return run->name();
}

absl::StatusOr<ExitCode> PrintAudit(const AuditOptions& options, Session& session) {
  v1::ListAuditRecordsRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_user(), UserNameOf(options.user));
  if (!options.since.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const absl::Time since,
                              ParseTimeArgument("--since", options.since, session.clock().Now()));
    *request.mutable_since() = ToTimestamp(since);
  }
  request.set_method(options.method);
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_resource(), ResourceOf(*connection, options.resource));
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListAuditRecordsResponse all,
      ReadPages(
          request, options.limit, [&](const v1::ListAuditRecordsRequest& page) { return connection->Call(page); },
          &v1::ListAuditRecordsResponse::mutable_records));
  Document document = ShowAudit(session, all);
  if (all.records().empty()) {
    const std::string why = WhyNoMethod(options.method);
    if (why.empty()) document.nothing = "no such call in the last year";
    if (!why.empty()) session.Note(why);
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

void AddAudit(Registry* registry, Command root) {
  const auto options = std::make_shared<AuditOptions>();
  const Command command =
      registry->Add(root, "audit", "Calls that changed something, or tried to, newest first; for admins");
  command.Add("--user", &options->user, "only by this user").type_name("USER");
  command.Add("--since", &options->since, "only since then: 7d (ago), 2026-11-22 (a day, UTC), 2026-11-22T10:00:00Z")
      .type_name("TIME");
  command.Add("--method", &options->method, "only of this method: CreateRun").type_name("METHOD");
  command
      .Add("--resource", &options->resource,
           "only on this one and what lies below it: a run, or a name like users/alice")
      .type_name("RESOURCE");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(command, [options](Session& session) { return PrintAudit(*options, session); });
}

}  // namespace sumscope::client
