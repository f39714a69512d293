#include "client/cli/completing/proposals.h"

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/probe/probes.h"
#include "client/connection/pages.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/results/run_list_fields.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::client {
namespace {

using Words = std::vector<std::string>;

constexpr uint64_t kMostProposals = 200;  // more than a person reads

// As commands take them: useful-nodes.
Words Analyses(bool all) {
  Words names;
  for (const Probe* const probe : AllProbes()) {
    if (all || probe->follows_training()) names.push_back(absl::StrReplaceAll(probe->name(), {{"_", "-"}}));
  }
  return names;
}

Words SpecFields() {
  Words names;
  const auto* const spec = v1::TrainSpec::descriptor();
  for (int i = 0; i < spec->field_count(); ++i) names.push_back(absl::StrCat(spec->field(i)->name(), "="));
  return names;
}

Words OrderFields() {
  Words names;
  for (const RunListField& field : RunListFields()) {
    if (field.orders) names.push_back(field.name);
  }
  return names;
}

Words FixedValues(absl::string_view option) {
  static const auto* const kValues = new std::map<absl::string_view, Words>{
      {"--output", {"table", "wide", "json", "jsonl", "csv", "id"}},
      {"--operation", {"add", "sub", "mul", "mix", "mas"}},
      {"--mode", {"mean", "zero", "resample"}},
      {"--reduce", {"mean", "class-mean", "components:"}},
      {"--kind", {"behaviors", "features"}},
      {"--priority", {"low", "normal", "high"}},
      {"PRIORITY", {"low", "normal", "high"}},
      {"--role", {"viewer", "member", "admin"}},
      {"ROLE", {"viewer", "member", "admin"}},
      {"VISIBILITY", {"lab", "private"}},
      {"SHELL", {"bash", "zsh", "fish"}},
      {"--questions",
       {"uniform:", "enriched:", "class:", "stratified:", "tricase:", "tasks:", "pairs:", "sha256:", "file:"}}};
  if (option == "--analysis") return Analyses(/*all=*/true);
  if (option == "--then") return Analyses(/*all=*/false);
  if (option == "--set") return SpecFields();
  if (option == "--sort-by") return OrderFields();
  const auto found = kValues->find(option);
  return found == kValues->end() ? Words() : found->second;
}

bool JoinedByCommas(absl::string_view option) { return option == "--then" || option == "--set"; }

Proposal ProposalOf(const v1::Run& run) {
  return {RunIdOf(run.name()), absl::StrCat(run.model_name(), " ", v1::State_Name(run.state()))};
}

std::vector<Proposal> Runs(Connection& connection) {
  std::vector<Proposal> proposals;
  const absl::StatusOr<v1::ListRunsResponse> newest = ReadPages(
      v1::ListRunsRequest(), kMostProposals, [&](const v1::ListRunsRequest& page) { return connection.Call(page); },
      &v1::ListRunsResponse::mutable_runs);
  if (!newest.ok()) return proposals;
  for (const v1::Run& run : newest->runs()) proposals.push_back(ProposalOf(run));
  if (!proposals.empty()) proposals.push_back({"@last", "your latest run"});
  return proposals;
}

// Those among the newest runs of all.
std::vector<Proposal> DeletedRuns(Connection& connection) {
  std::vector<Proposal> proposals;
  v1::ListRunsRequest request;
  request.set_show_deleted(true);
  const absl::StatusOr<v1::ListRunsResponse> newest = ReadPages(
      request, limits::kMaxPageSize, [&](const v1::ListRunsRequest& page) { return connection.Call(page); },
      &v1::ListRunsResponse::mutable_runs);
  if (!newest.ok()) return proposals;
  for (const v1::Run& run : newest->runs()) {
    if (run.has_delete_time() && proposals.size() < kMostProposals) proposals.push_back(ProposalOf(run));
  }
  return proposals;
}

std::vector<Proposal> Steps(Connection& connection, const std::string& run) {
  std::vector<Proposal> proposals;
  const absl::StatusOr<std::string> name = RunNameOf(run);
  if (!name.ok()) return proposals;
  const absl::StatusOr<v1::ListCheckpointsResponse> all = connection.ListCheckpoints(*name);
  if (!all.ok()) return proposals;
  for (const v1::Checkpoint& checkpoint : all->checkpoints()) {
    proposals.push_back({absl::StrCat(run, "@", checkpoint.step()), ""});
  }
  return proposals;
}

// Ids, or RUN/ID where a run was typed.
std::vector<Proposal> Answers(Connection& connection, const std::string& kind, absl::string_view word) {
  std::vector<Proposal> proposals;
  v1::ListAnalysesRequest request;
  const size_t slash = word.find('/');
  const std::string run(slash == absl::string_view::npos ? "" : word.substr(0, slash));
  if (!run.empty() && !RunNameOf(run).ok()) return proposals;
  request.set_parent(RunName(run.empty() ? "-" : run));
  request.set_analysis(kind);
  const absl::StatusOr<v1::ListAnalysesResponse> newest = ReadPages(
      request, kMostProposals, [&](const v1::ListAnalysesRequest& page) { return connection.Call(page); },
      &v1::ListAnalysesResponse::mutable_analyses);
  if (!newest.ok()) return proposals;
  for (const v1::Analysis& one : newest->analyses()) {
    proposals.push_back({absl::StrCat(run, run.empty() ? "" : "/", IdOf(one.name())),
                         absl::StrCat(one.analysis(), " of ", RunIdOf(one.name()), " ", v1::State_Name(one.state()))});
  }
  if (!proposals.empty()) proposals.push_back({absl::StrCat(run, run.empty() ? "" : "/", "@last"), "the latest"});
  return proposals;
}

std::vector<Proposal> Users(Connection& connection) {
  std::vector<Proposal> proposals;
  const absl::StatusOr<v1::ListUsersResponse> all = ReadPages(
      v1::ListUsersRequest(), kMostProposals, [&](const v1::ListUsersRequest& page) { return connection.Call(page); },
      &v1::ListUsersResponse::mutable_users);
  if (!all.ok()) return proposals;
  for (const v1::User& user : all->users()) {
    proposals.push_back(
        {UserIdOf(user.name()), absl::StrCat(RoleText(user.role()), user.disabled() ? ", disabled" : "")});
  }
  return proposals;
}

std::vector<Proposal> Jobs(Connection& connection) {
  std::vector<Proposal> proposals;
  const absl::StatusOr<v1::ListJobsResponse> all = ReadPages(
      v1::ListJobsRequest(), kMostProposals, [&](const v1::ListJobsRequest& page) { return connection.Call(page); },
      &v1::ListJobsResponse::mutable_jobs);
  if (!all.ok()) return proposals;
  for (const v1::Job& job : all->jobs()) {
    if (job.name().empty()) continue;  // another user's
    proposals.push_back({IdOf(job.name()), absl::StrCat(job.what(), " ", v1::State_Name(job.state()))});
  }
  return proposals;
}

std::vector<Proposal> Sweeps(Connection& connection) {
  std::vector<Proposal> proposals;
  const absl::StatusOr<v1::ListSweepsResponse> all = ReadPages(
      v1::ListSweepsRequest(), kMostProposals, [&](const v1::ListSweepsRequest& page) { return connection.Call(page); },
      &v1::ListSweepsResponse::mutable_sweeps);
  if (!all.ok()) return proposals;
  for (const v1::Sweep& sweep : all->sweeps()) {
    proposals.push_back({IdOf(sweep.name()), absl::StrCat(sweep.model_name(), ", ", sweep.runs(), " runs")});
  }
  if (!proposals.empty()) proposals.push_back({"@last", "your latest sweep"});
  return proposals;
}

// The caller's own.
std::vector<Proposal> TokensOfCaller(Connection& connection) {
  std::vector<Proposal> proposals;
  const absl::StatusOr<v1::ListTokensResponse> all = ReadPages(
      v1::ListTokensRequest(), kMostProposals, [&](const v1::ListTokensRequest& page) { return connection.Call(page); },
      &v1::ListTokensResponse::mutable_tokens);
  if (!all.ok()) return proposals;
  for (const v1::Token& token : all->tokens()) {
    if (!token.has_revoke_time()) proposals.push_back({IdOf(token.name()), token.display_name()});
  }
  return proposals;
}

}  // namespace

std::vector<Proposal> ValuesOf(absl::string_view option, absl::string_view word) {
  const size_t comma = JoinedByCommas(option) ? word.rfind(',') : absl::string_view::npos;
  const absl::string_view before = comma == absl::string_view::npos ? "" : word.substr(0, comma + 1);
  const Words there = absl::StrSplit(before, ',');
  std::vector<Proposal> proposals;
  for (const std::string& value : FixedValues(option)) {
    bool taken = false;
    for (const std::string& one : there) taken = taken || one == value;
    if (!taken) proposals.push_back({absl::StrCat(before, value), ""});
  }
  return proposals;
}

bool TakesFile(absl::string_view name) {
  for (const char* one : {"--out", "FILE", "--ca", "--token-file", "--certificate", "--key"}) {
    if (name == one) return true;
  }
  return false;
}

std::vector<Proposal> IdsOf(Connection& connection, absl::string_view argument, absl::string_view word) {
  std::vector<Proposal> proposals;
  if (argument == "RUN[@STEP]" && word.find('@', 1) != absl::string_view::npos) {
    proposals = Steps(connection, std::string(word.substr(0, word.find('@', 1))));
  } else if (argument == "DELETED_RUN") {
    proposals = DeletedRuns(connection);
  } else if (absl::StartsWith(argument, "RUN") || argument == "--after") {
    proposals = Runs(connection);
  } else if (argument == "JOB") {
    proposals = Jobs(connection);
  } else if (argument == "SWEEP" || argument == "--sweep") {
    proposals = Sweeps(connection);
  } else if (argument == "ANALYSIS") {
    proposals = Answers(connection, "", word);
  } else if (argument == "CAPTURE") {
    proposals = Answers(connection, std::string(KindOfCaptures().name()), word);
  } else if (argument == "USER" || argument == "--user") {
    proposals = Users(connection);
  } else if (argument == "TOKEN") {
    proposals = TokensOfCaller(connection);
  }
  return proposals;
}

}  // namespace sumscope::client
