#include "server/rpc/queue/explain_text.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

namespace sumscope::rpc {
namespace {

constexpr size_t kMostHolders = 5;  // that a sentence names

std::string GiB(uint64_t bytes) { return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / (1 << 30)); }

// `text` as a sentence of its own.
std::string Sentence(std::string text) {
  if (text.empty()) return text;
  text[0] = absl::ascii_toupper(text[0]);
  if (text.back() != '.') text += '.';
  return text;
}

// The reasons, each in the words of facts that it has; what holders say comes after.
std::string ByPriority(const ExplainFacts&) {
  return "Others are before it: first goes the higher priority, then whose owner had less of the devices for their "
         "share, then the older";
}
std::string ByResources(const ExplainFacts& facts) {
  return facts.job.place() == 1 ? "It is the next to start, and every slot that could run it is busy"
                                : "Every slot that could run it is busy";
}
std::string BySlice(const ExplainFacts&) {
  return "Trainings take turns: it goes on when one that has a slot has had its slice of time, or ends";
}
std::string ByDependency(const ExplainFacts& facts) {
  if (facts.job.after().empty()) return "It waits for a run that has not succeeded yet";
  return absl::StrCat("It waits until ", absl::StrJoin(facts.job.after(), ", "),
                      facts.job.after_size() == 1 ? " has" : " have",
                      " succeeded, and fails with DEPENDENCY_FAILED if ",
                      facts.job.after_size() == 1 ? "that does not" : "one of them does not");
}
std::string ByUserLimit(const ExplainFacts& facts) {
  if (facts.running_limit == 0) return "Its owner has as many jobs running as the server lets them";
  return absl::StrCat("Its owner ", facts.job.owner(), " has ", facts.running, " of at most ", facts.running_limit,
                      " jobs running: it can start when one of them ends");
}
std::string ByHold(const ExplainFacts& facts) {
  const std::string who = facts.job.held_by().empty() ? "somebody" : IdOf(facts.job.held_by());
  return absl::StrCat("It is held by ", who, "; `sumscope runs release ", IdOf(facts.job.name()), "` lets it start");
}
std::string ByForeignUse(const ExplainFacts&) {
  return "Somebody outside of Sumscope uses the device, which is looked at again every few seconds";
}
std::string ByLoss(const ExplainFacts&) { return "The device does not answer"; }
std::string ByMemory(const ExplainFacts& facts) {
  if (facts.memory_bytes == 0) return "No device has as much memory free as it needs";
  return absl::StrCat("It needs about ", GiB(facts.memory_bytes), " of a device's memory, and none has so much free");
}
std::string ByWorker(const ExplainFacts&) {
  return "No slot has a worker that could run it; `sumscope server info` shows why";
}
std::string ByDrain(const ExplainFacts&) {
  return "The server is stopping and starts nothing; the job keeps its place and goes on with the next server";
}

// What the job's own detail is to the text of its reason.
enum class Detail {
  kAdds,
  kSaysAll,      // that the text would, and more
  kSaysNothing,  // that the text does not
};

constexpr struct {
  absl::string_view reason;
  std::string (*text)(const ExplainFacts&);
  Detail detail;
} kReasons[] = {
    {"PRIORITY", ByPriority, Detail::kAdds},
    {"RESOURCES", ByResources, Detail::kSaysAll},
    {"SLICE", BySlice, Detail::kSaysAll},
    {"DEPENDENCY", ByDependency, Detail::kSaysNothing},
    {"USER_LIMIT", ByUserLimit, Detail::kSaysAll},
    {"HELD", ByHold, Detail::kSaysNothing},
    {"NO_WORKER", ByWorker, Detail::kAdds},
    {"DEVICE_MEMORY", ByMemory, Detail::kSaysAll},
    {"DEVICE_BUSY_OUTSIDE", ByForeignUse, Detail::kAdds},
    {"DEVICE_LOST", ByLoss, Detail::kAdds},
    {"DRAINING", ByDrain, Detail::kSaysNothing},
};

Detail DetailOf(const ExplainFacts& facts, Detail of_reason) {
  const v1::Job& job = facts.job;
  if (job.detail().empty()) return Detail::kSaysNothing;
  // The reader may know the numbers; else it is of its sweep.
  const bool owner_has_enough = facts.running_limit > 0 && facts.running >= facts.running_limit;
  if (job.reason() == "USER_LIMIT" && owner_has_enough) return Detail::kSaysNothing;
  const bool of_a_holder = std::any_of(facts.holders.begin(), facts.holders.end(),
                                       [&](const v1::Holder& holder) { return holder.what() == job.detail(); });
  return of_reason == Detail::kAdds && of_a_holder ? Detail::kSaysNothing : of_reason;
}

std::string WhyItWaits(const ExplainFacts& facts) {
  const auto* const known = std::find_if(std::begin(kReasons), std::end(kReasons),
                                         [&](const auto& row) { return row.reason == facts.job.reason(); });
  const Detail detail = DetailOf(facts, known == std::end(kReasons) ? Detail::kAdds : known->detail);
  if (detail == Detail::kSaysAll) return Sentence(facts.job.detail());
  std::string why;
  if (known != std::end(kReasons)) {
    why = known->text(facts);
  } else if (facts.job.reason().empty()) {
    why = "It has just come into the queue";
  } else {
    why = absl::StrCat("It waits because of ", facts.job.reason(), " and is tried again");
  }
  if (detail == Detail::kAdds) absl::StrAppend(&why, ": ", absl::StripSuffix(facts.job.detail(), "."));
  return Sentence(why);
}

// "cpu0 has add_d5_l1_h3 of ada (jobs/j1), free in about 12 min (8 min to 20 min)"
std::string HolderText(const v1::Holder& holder, absl::Time now) {
  std::string text;
  if (!holder.slot().empty()) absl::StrAppend(&text, holder.slot(), ": ");
  if (holder.owner() == kAnotherUser) {
    absl::StrAppend(&text, "a job of ", kAnotherUser);
  } else {
    absl::StrAppend(&text, holder.what(), holder.what().empty() || holder.owner().empty() ? "" : " of ",
                    holder.owner());
    if (!holder.job().empty()) absl::StrAppend(&text, " (", holder.job(), ")");
  }
  if (holder.has_until()) absl::StrAppend(&text, ", free ", AboutTime(now, holder.until()));
  return text;
}

std::string WhoHoldsIt(const ExplainFacts& facts) {
  if (facts.holders.empty() || facts.job.reason() == "HELD") return "";
  std::vector<std::string> texts;
  for (const v1::Holder& holder : facts.holders) {
    if (texts.size() == kMostHolders) break;
    texts.push_back(HolderText(holder, facts.now));
  }
  std::string text = absl::StrCat("What it waits for: ", absl::StrJoin(texts, "; "));
  if (facts.holders.size() > kMostHolders)
    absl::StrAppend(&text, "; and ", facts.holders.size() - kMostHolders, " more");
  return Sentence(text);
}

std::string Expectation(const ExplainFacts& facts) {
  const v1::Job& job = facts.job;
  if (!job.has_expected_start() && !job.has_expected_end()) {
    return job.state() == v1::QUEUED ? "Nobody can tell when it starts." : "Nobody can tell when it ends.";
  }
  std::vector<std::string> parts;
  if (job.has_expected_start()) parts.push_back(absl::StrCat("start ", AboutTime(facts.now, job.expected_start())));
  if (job.has_expected_end()) parts.push_back(absl::StrCat("end ", AboutTime(facts.now, job.expected_end())));
  std::string text = absl::StrCat("It is expected to ", absl::StrJoin(parts, " and to "), ". ");
  if (facts.record.count == 0) return text + "No estimate could be checked here yet.";
  return text + absl::StrFormat(
                    "Such estimates were off by a factor of %.2f here (median of actual over estimated time, "
                    "of the last %u).",
                    facts.record.median, facts.record.count);
}

std::string OfOneThatRuns(const v1::Job& job) {
  if (job.state() == v1::CANCELLING) return "It is being cancelled, and ends in a moment.";
  std::string text = absl::StrCat("It has ", job.slot().empty() ? "a slot" : job.slot());
  if (job.progress() > 0) absl::StrAppend(&text, absl::StrFormat(" and is %.0f %% done", 100 * job.progress()));
  if (!job.detail().empty()) absl::StrAppend(&text, ": ", absl::StripSuffix(job.detail(), "."));
  return Sentence(text);
}

std::string OfOneThatEnded(const v1::Job& job) {
  std::string text = absl::StrCat("It has ended: ", v1::State_Name(job.state()));
  if (!job.reason().empty()) absl::StrAppend(&text, " (", job.reason(), ")");
  if (!job.detail().empty()) absl::StrAppend(&text, ": ", absl::StripSuffix(job.detail(), "."));
  return Sentence(text);
}

}  // namespace

std::string ExplainText(const ExplainFacts& facts) {
  const v1::Job& job = facts.job;
  if (IsTerminal(job.state())) return OfOneThatEnded(job);
  std::vector<std::string> sentences;
  if (job.state() == v1::QUEUED) {
    sentences.push_back(WhyItWaits(facts));
    sentences.push_back(WhoHoldsIt(facts));
    if (job.place() > 0)
      sentences.push_back(
          absl::StrCat("It is number ", job.place(), " of ", facts.startable, " that wait for a slot."));
  } else {
    sentences.push_back(OfOneThatRuns(job));
  }
  if (job.state() != v1::CANCELLING) sentences.push_back(Expectation(facts));
  sentences.erase(std::remove(sentences.begin(), sentences.end(), ""), sentences.end());
  return absl::StrJoin(sentences, " ");
}

}  // namespace sumscope::rpc
