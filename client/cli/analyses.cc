// sumscope analyses list|show
#include <algorithm>
#include <memory>

#include "client/cli/command.h"
#include "client/cli/names.h"
#include "client/cli/output/analysis_view.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

struct ListOptions {
  std::string run;
  uint64_t limit = limits::kDefaultPageSize;
};

absl::StatusOr<ExitCode> List(const ListOptions& options, Session& session) {
  v1::ListAnalysesRequest request;
  request.set_parent("runs/-");
  if (!options.run.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
    request.set_parent(name);
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListAnalysesResponse all;
  do {
    const uint64_t left = options.limit == 0 ? limits::kMaxPageSize : options.limit - all.analyses_size();
    request.set_page_size(static_cast<uint32_t>(std::min<uint64_t>(left, limits::kMaxPageSize)));
    SUMSCOPE_ASSIGN_OR_RETURN(v1::ListAnalysesResponse page, connection->ListAnalyses(request));
    request.set_page_token(page.next_page_token());
    for (v1::Analysis& analysis : *page.mutable_analyses()) *all.add_analyses() = std::move(analysis);
  } while (!request.page_token().empty() &&
           (options.limit == 0 || static_cast<uint64_t>(all.analyses_size()) < options.limit));
  all.set_next_page_token(request.page_token());
  Document document = ShowAnalyses(session, {all.analyses().begin(), all.analyses().end()}, session.clock().Now());
  document.json = ToJson(all);
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!request.page_token().empty()) session.Note("There are more: --limit 0 lists all.");
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Show(const std::string& name, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string full_name, AnalysisNameOf(name));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, connection->GetAnalysis(full_name));
  // What was stored answers: nothing was computed for this question.
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowAnalysis(session, analysis, /*from_cache=*/analysis.has_result())));
  return ExitCode::kDone;
}

}  // namespace

void AddAnalyses(Registry* registry, CLI::App* root) {
  CLI::App* const family = registry->AddFamily(root, "analyses", "Stored answers");

  const auto options = std::make_shared<ListOptions>();
  CLI::App* const list = registry->Add(family, "list", "List analyses, newest first");
  list->add_option("RUN", options->run, "only of this run");
  AddUnsigned(list, "--limit", &options->limit, "at most N, 0 for all (default 50)");
  registry->Run(list, [options](Session& session) { return List(*options, session); });

  const auto name = std::make_shared<std::string>();
  CLI::App* const show = registry->Add(family, "show", "Show one analysis and its result");
  show->add_option("ANALYSIS", *name, "runs/{run}/analyses/{analysis}, or RUN/ID")->required();
  registry->Run(show, [name](Session& session) { return Show(*name, session); });
}

}  // namespace sumscope::client
