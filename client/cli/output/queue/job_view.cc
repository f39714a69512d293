#include "client/cli/output/queue/job_view.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

namespace sumscope::client {
namespace {

// How far a time lies ahead, no more exact than it is known: 40 s, 12 min, 3 h, 2 d.
std::string AheadText(absl::Duration ahead) {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(ahead));
  if (seconds < 90) return absl::StrCat(std::llround(seconds), " s");
  if (seconds < 5400) return absl::StrCat(std::llround(seconds / 60), " min");
  if (seconds < 172800) return absl::StrCat(std::llround(seconds / 3600), " h");
  return absl::StrCat(std::llround(seconds / 86400), " d");
}

std::string PriorityText(v1::Priority priority) {
  return priority == v1::PRIORITY_UNSPECIFIED ? "" : absl::AsciiStrToLower(v1::Priority_Name(priority));
}

std::string OwnerOf(const v1::Job& job) { return job.another_users() ? "another user" : UserIdOf(job.owner()); }

std::string JobStateText(const v1::Job& job) {
  if (job.state() == v1::STATE_UNSPECIFIED) return "";
  if (job.state() == v1::RUNNING && job.progress() > 0) {
    return absl::StrCat("RUNNING ", RoundPercent(job.progress() * 100), " %");
  }
  return v1::State_Name(job.state());
}

// How long it has waited; of one that runs, how long it has run.
std::string WaitedText(const v1::Job& job, absl::Time now) {
  if (job.state() == v1::QUEUED && job.has_create_time()) return FormatAge(now - ToTime(job.create_time()));
  if (!job.has_start_time()) return "";
  return FormatAge((IsTerminal(job.state()) ? ToTime(job.start_time()) : now) - ToTime(job.start_time()));
}

Table JobTable(const std::vector<v1::Job>& jobs, absl::Time now) {
  Table table({{"PLACE", kEverywhere, true},
               {"JOB"},
               {"RUN", kEverywhere, false, 0, 0, /*drop=*/2},
               {"WHAT", kEverywhere, false, 0, /*cut=*/16},
               {"OWNER"},
               {"PRIORITY", kInWide | kInCsv},
               {"STATE"},
               {"REASON", kEverywhere, false, /*wrap=*/10},
               {"SLOT", kInWide | kInCsv},
               {"WAITED", kForPeople, true, 0, 0, /*drop=*/1},
               {"STARTS", kForPeople, true, 0, 0, /*drop=*/3},
               {"ENDS", kForPeople, true},
               {"ENDS BETWEEN", kInWide},
               {"create_time", kInCsv},
               {"start_time", kInCsv},
               {"expected_start", kInCsv},
               {"expected_end", kInCsv},
               {"expected_end_earliest", kInCsv},
               {"expected_end_latest", kInCsv},
               {"HELD BY", kInWide},
               {"held_by", kInCsv},
               {"AFTER", kInWide | kInCsv},
               {"SWEEP", kInWide | kInCsv},
               {"ATTEMPT", kInWide | kInCsv, true},
               {"SEGMENT", kInWide | kInCsv, true},
               {"DEVICE TIME", kInWide, true},
               {"device_seconds", kInCsv},
               {"DETAIL", kInWide | kInCsv, false, /*wrap=*/16}});
  for (const v1::Job& job : jobs) {
    const v1::Estimate& end = job.expected_end();
    std::vector<std::string> after;
    for (const std::string& run : job.after()) after.push_back(RunIdOf(run));
    table.AddRow(
        {job.place() > 0 ? absl::StrCat(job.place()) : "",
         IdOf(job.name()),
         job.run().empty() ? "" : RunIdOf(job.run()),
         WhatText(job),
         OwnerOf(job),
         PriorityText(job.priority()),
         JobStateText(job),
         job.reason(),
         job.slot(),
         WaitedText(job, now),
         job.state() == v1::QUEUED ? InText(job.has_expected_start(), job.expected_start(), now, false) : "",
         InText(job.has_expected_end(), end, now, false),
         job.has_expected_end() && end.has_earliest() && end.has_latest()
             ? absl::StrCat(AheadText(ToTime(end.earliest()) - now), " to ", AheadText(ToTime(end.latest()) - now))
             : "",
         StampText(job.has_create_time(), job.create_time()),
         StampText(job.has_start_time(), job.start_time()),
         StampText(job.has_expected_start(), job.expected_start().time()),
         StampText(job.has_expected_end(), end.time()),
         StampText(end.has_earliest(), end.earliest()),
         StampText(end.has_latest(), end.latest()),
         UserIdOf(job.held_by()),
         UserIdOf(job.held_by()),
         absl::StrJoin(after, " "),
         job.sweep().empty() ? "" : IdOf(job.sweep()),
         job.attempt() > 0 ? absl::StrCat(job.attempt()) : "",
         job.segment() > 0 ? absl::StrCat(job.segment()) : "",
         job.device_seconds() > 0 ? FormatSpan(absl::Seconds(job.device_seconds())) : "",
         ShortestDouble(job.device_seconds()),
         job.detail()});
  }
  return table;
}

std::string HoldersText(const v1::Explanation& explanation, absl::Time now, int width) {
  if (explanation.holders().empty()) return "";
  Table table({{"SLOT"}, {"JOB"}, {"OWNER"}, {"WHAT", kEverywhere, false, /*wrap=*/16}, {"UNTIL", kEverywhere, true}});
  for (const v1::Holder& holder : explanation.holders()) {
    table.AddRow({holder.slot(), holder.job().empty() ? "" : IdOf(holder.job()), UserIdOf(holder.owner()),
                  holder.what(), InText(holder.has_until(), holder.until(), now, true)});
  }
  return absl::StrCat("\nwho has what it waits for\n", table.Aligned(kInWide, true, width));
}

}  // namespace

std::string WhatText(const v1::Job& job) {
  if (job.another_users()) return "another user's";
  if (job.analysis().empty()) return job.what();
  return absl::StrCat(job.what(), " of ", RunIdOf(job.run()));
}

std::string SubjectText(const v1::Job& job) {
  if (!job.analysis().empty()) return ShortNameOf(job.analysis());
  return job.run().empty() ? "" : RunIdOf(job.run());
}

std::string InText(bool known, const v1::Estimate& estimate, absl::Time now, bool with_range) {
  if (!known || !estimate.has_time()) return "";
  const absl::Duration ahead = ToTime(estimate.time()) - now;
  std::string text = ahead < absl::Seconds(1) ? "now" : absl::StrCat("in ", AheadText(ahead));
  if (with_range && estimate.has_earliest() && estimate.has_latest()) {
    absl::StrAppend(&text, " (", AheadText(ToTime(estimate.earliest()) - now), " to ",
                    AheadText(ToTime(estimate.latest()) - now), ")");
  }
  return text;
}

std::string SharesText(const v1::ListJobsResponse& response, bool headers, int width) {
  if (response.shares().empty()) return "";
  Table table({{"USER"},
               {"HAD", kEverywhere, true},
               {"SHARE", kEverywhere, true},
               {"ENTITLED TO", kEverywhere, true},
               {"RUNNING", kEverywhere, true},
               {"WAITING", kEverywhere, true}});
  const auto of_limit = [](uint32_t count, uint32_t limit) {
    return limit > 0 ? absl::StrCat(count, " of ", limit) : absl::StrCat(count);
  };
  for (const v1::UserShare& share : response.shares()) {
    table.AddRow({UserIdOf(share.user()), FormatSpan(absl::Seconds(share.device_seconds())),
                  absl::StrCat(RoundPercent(share.share() * 100), " %"),
                  share.entitled() > 0 ? absl::StrCat(RoundPercent(share.entitled() * 100), " %") : "",
                  of_limit(share.running(), share.running_limit()), of_limit(share.waiting(), share.waiting_limit())});
  }
  return table.Aligned(kInWide, headers, width);
}

Document ShowJobs(const Session& session, const std::vector<v1::Job>& jobs, absl::Time now) {
  Document document = session.FromTable(JobTable(jobs, now));
  for (const v1::Job& job : jobs) {
    if (!job.name().empty()) document.ids.push_back(IdOf(job.name()));
    document.items.push_back(ToJson(job));
  }
  return document;
}

Document ShowExplanation(const Session& session, const v1::Explanation& explanation, absl::Time now) {
  const v1::Job& job = explanation.job();
  Document document = ShowJobs(session, {job}, now);
  document.json = ToJson(explanation);
  document.items = {document.json};
  document.table =
      AlignedPairs({{"job", IdOf(job.name())},
                    {"what", job.analysis().empty() && !job.run().empty()
                                 ? absl::StrCat("training of ", job.what(), ", run ", RunIdOf(job.run()))
                                 : WhatText(job)},
                    {"owner", OwnerOf(job)},
                    {"priority", PriorityText(job.priority())},
                    {"state", job.state() == v1::STATE_UNSPECIFIED ? "" : DescribeState(job.state(), job.reason())},
                    {"place", job.place() > 0 ? absl::StrCat(job.place()) : ""},
                    {"slot", job.slot()},
                    {"held by", UserIdOf(job.held_by())},
                    {"waited", job.state() == v1::QUEUED ? WaitedText(job, now) : ""},
                    {"why", explanation.text()}});
  document.wide = absl::StrCat(document.table, HoldersText(explanation, now, session.width()));
  return document;
}

}  // namespace sumscope::client
