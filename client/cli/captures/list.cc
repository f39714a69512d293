// sumscope captures list
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/names.h"
#include "client/cli/captures/commands.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/cli/probe/views/capture_parts.h"
#include "client/connection/pages.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct CapturesListOptions {
  std::string run;
  uint64_t limit = limits::kDefaultPageSize;
};

// "all", "mean over the questions", "2 components of P14 P15".
std::string KeptText(const v1::CaptureRequest& request) {
  std::string text = ReductionText(request);
  if (text == "none") text = "all";
  if (!request.positions().empty()) absl::StrAppend(&text, " of ", absl::StrJoin(request.positions(), " "));
  return text;
}

Document ShowCaptures(const Session& session, const v1::ListCapturesResponse& all, absl::Time now) {
  Table table({{"NAME", kForPeople},
               {"NAME", kInCsv},
               {"HOOKS", kEverywhere, false, /*wrap=*/20},
               {"QUESTIONS", kInTable, false, /*wrap=*/14},
               {"QUESTIONS", kInWide | kInCsv, false, /*wrap=*/14},
               {"KEPT", kForPeople, false, /*wrap=*/12},
               {"REDUCED", kInCsv},
               {"positions", kInCsv},
               {"TENSORS", kInWide | kInCsv, true},
               {"SIZE", kForPeople, true},
               {"bytes", kInCsv},
               {"AGE", kForPeople, true},
               {"create_time", kInCsv},
               {"OWNER", kEverywhere, false, 0, 0, /*drop=*/1}});
  std::vector<nlohmann::ordered_json> items;
  std::vector<std::string> ids;
  for (const v1::Capture& capture : all.captures()) {
    table.AddRow({ShortNameOf(capture.name()), capture.name(), absl::StrJoin(capture.request().hooks(), " "),
                  BriefQuestions(capture.question_set(), session.width()), DescribeQuestions(capture.question_set()),
                  KeptText(capture.request()), v1::CaptureReduction_Name(capture.request().reduction()),
                  absl::StrJoin(capture.request().positions(), " "), absl::StrCat(capture.result().tensors_size()),
                  FormatBytes(capture.result().bytes()), absl::StrCat(capture.result().bytes()),
                  capture.has_create_time() ? FormatAge(now - ToTime(capture.create_time())) : "",
                  capture.has_create_time() ? FormatTime(capture.create_time()) : "", capture.owner()});
    items.push_back(ToJson(capture));
    ids.push_back(capture.name());
  }
  Document document = session.FromTable(table);
  document.items = std::move(items);
  document.ids = std::move(ids);
  document.json = ToJson(all);
  return document;
}

absl::StatusOr<ExitCode> PrintCaptures(const CapturesListOptions& options, Session& session) {
  v1::ListCapturesRequest request;
  request.set_parent("runs/-");
  if (!options.run.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
    request.set_parent(name);
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(
      const v1::ListCapturesResponse all,
      ReadPages(
          request, options.limit, [&](const v1::ListCapturesRequest& page) { return connection->Call(page); },
          &v1::ListCapturesResponse::mutable_captures));
  Document document = ShowCaptures(session, all, session.clock().Now());
  if (all.captures().empty()) {
    document.nothing = absl::StrCat("none yet: sumscope capture ", options.run.empty() ? "RUN" : options.run,
                                    " --hooks 'blocks.*.attn.hook_z' makes one");
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!all.next_page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

}  // namespace

void AddCapturesList(Registry* registry, Command captures) {
  const auto options = std::make_shared<CapturesListOptions>();
  const Command command = registry->Add(captures, "list", "List captures, newest first");
  command.Add("RUN", &options->run, "only of this run");
  command.AddUnsigned("--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(command, [options](Session& session) { return PrintCaptures(*options, session); });
}

}  // namespace sumscope::client
