// Sweeps come.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/analyses/orders.h"
#include "server/jobs/runs/new_run.h"
#include "server/jobs/runs/sources.h"
#include "server/jobs/sweeps/sweep_keeper.h"

namespace sumscope::jobs {
namespace {

NewRun RunOf(const v1::Sweep& sweep, const NewSweep::Member& member) {
  NewRun run;
  run.spec = member.spec;
  run.labels.insert(sweep.labels().begin(), sweep.labels().end());
  run.visibility = sweep.visibility() == v1::PRIVATE ? v1::PRIVATE : v1::LAB;
  run.priority = sweep.priority();
  run.needs = member.needs;
  return run;
}

absl::Status CheckSize(const NewSweep& sweep) {
  if (sweep.members.empty()) return InvalidField("SWEEP_EMPTY", "fields", "a sweep needs a run at least");
  if (sweep.members.size() <= limits::kMaxSweepRuns) return absl::OkStatus();
  return InvalidField("SWEEP_TOO_LARGE", "fields",
                      absl::StrCat("the sweep has ", sweep.members.size(), " runs; ", limits::kMaxSweepRuns,
                                   " are the most: make several of it"));
}

size_t JobsOf(const NewSweep& sweep) {
  size_t jobs = sweep.members.size();
  for (const NewSweep::Member& member : sweep.members) jobs += sweep.orders[member.orders].size();
  return jobs;
}

// Their members' orders, with the keys that equal ones have.
NewSweep WithKeys(NewSweep sweep, const std::string& owner) {
  if (sweep.orders.empty()) sweep.orders.emplace_back();
  for (std::vector<NewAnalysis>& orders : sweep.orders) {
    for (NewAnalysis& order : orders) {
      order.priority = sweep.sweep.priority();
      order.analysis.set_owner(owner);
      order.analysis.clear_checkpoint();
      order.analysis.set_key(OrderKey(order.analysis));
    }
  }
  return sweep;
}

}  // namespace

absl::Status SweepKeeper::CheckOrders(const NewSweep& asked) {
  std::vector<bool> checked(asked.orders.size(), false);
  for (const NewSweep::Member& member : asked.members) {
    if (checked[member.orders]) continue;  // of equal specs but for seeds
    checked[member.orders] = true;
    const v1::Run run = RowOf(RunOf(asked.sweep, member), "", "", context_->clock->Now());
    for (const NewAnalysis& order : asked.orders[member.orders]) {
      SUMSCOPE_RETURN_IF_ERROR(CheckOrder(context_, run, order.analysis));
    }
  }
  return absl::OkStatus();
}

std::string SweepKeeper::NewRunId() {
  std::string id = context_->ids->NewId('r');
  for (int i = 1; i < kIdTries && context_->run_files->Exists(id); ++i) id = context_->ids->NewId('r');
  return id;
}

absl::Status SweepKeeper::InsertMember(const storage::Actor& actor, const NewSweep& asked,
                                       const NewSweep::Member& member, const std::string& sweep,
                                       storage::CatalogTransaction& transaction, Changes* changes) {
  const absl::Time now = context_->clock->Now();
  const NewRun run = RunOf(asked.sweep, member);
  JobAsked job;
  job.priority = run.priority;
  job.sweep = sweep;
  job.needs = run.needs;
  JobWithSubject target;
  for (int i = 1;; ++i) {
    job.run = NewRunId();
    target.job = admission_->NewJob(actor, job);
    target.run = RowOf(run, job.run, actor.user(), now);
    target.run.set_sweep(SweepName(sweep));
    SUMSCOPE_RETURN_IF_ERROR(CheckSourceIsTheLabs(transaction, actor.viewer(), target.run));
    const absl::Status inserted = InsertQueued(transaction, now, &target);
    if (ErrorReason(inserted) == "RUN_EXISTS" && i < kIdTries) continue;
    SUMSCOPE_RETURN_IF_ERROR(inserted);
    break;
  }
  changes->queued.push_back(target.job);
  for (const NewAnalysis& order : asked.orders[member.orders]) {
    JobWithSubject ordered = NewOrder(admission_, actor, job.run, context_->ids->NewId('a'), order, sweep, now);
    SUMSCOPE_RETURN_IF_ERROR(InsertOrder(transaction, now, &ordered));
    if (KindOf(order.analysis.request()).writes_capture()) {
      changes->captures.emplace_back(ordered.analysis.name(), order.analysis.prediction().disk_bytes());
    }
    changes->queued.push_back(std::move(ordered.job));
  }
  return absl::OkStatus();
}

absl::Status SweepKeeper::Insert(const storage::Actor& actor, const NewSweep& asked,
                                 storage::CatalogTransaction& transaction, v1::Sweep* row, Changes* changes) {
  for (int i = 1;; ++i) {
    row->set_name(SweepName(context_->ids->NewId('s')));
    const absl::Status inserted = transaction.sweeps().Insert(*row);
    if (ErrorReason(inserted) == "SWEEP_EXISTS" && i < kIdTries) continue;
    SUMSCOPE_RETURN_IF_ERROR(inserted);
    break;
  }
  for (const NewSweep::Member& member : asked.members) {
    SUMSCOPE_RETURN_IF_ERROR(InsertMember(actor, asked, member, IdOf(row->name()), transaction, changes));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Sweep> SweepKeeper::Create(const storage::Actor& actor, const Request& request,
                                              const NewSweep& sweep) {
  SUMSCOPE_RETURN_IF_ERROR(CheckSize(sweep));
  const NewSweep asked = WithKeys(sweep, actor.user());
  SUMSCOPE_RETURN_IF_ERROR(CheckOrders(asked));
  v1::Sweep row = asked.sweep;
  row.set_owner(actor.user());
  row.set_runs(static_cast<uint32_t>(asked.members.size()));
  *row.mutable_create_time() = ToTimestamp(context_->clock->Now());
  row.clear_prediction();
  Changes changes;
  Room room;
  bool made = false;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        changes = {};
        room = Room();
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, FindReplay(transaction, actor, request));
        made = !answered.has_value();
        if (!made) {
          SUMSCOPE_ASSIGN_OR_RETURN(row, transaction.sweeps().Get(actor.viewer(), IdOf(*answered)));
          return absl::OkStatus();
        }
        SUMSCOPE_ASSIGN_OR_RETURN(room, admission_->Reserve(actor, asked.sweep.priority(), JobsOf(asked)));
        SUMSCOPE_RETURN_IF_ERROR(Insert(actor, asked, transaction, &row, &changes));
        return RecordRequest(transaction, actor, request, row.name());
      }));
  if (!made) return row;
  admission_->LimitSweep(IdOf(row.name()), row.max_parallel());
  Tell(changes, std::move(room));
  return row;
}

absl::Status SweepKeeper::Check(const storage::Actor& actor, const NewSweep& sweep) {
  SUMSCOPE_RETURN_IF_ERROR(CheckSize(sweep));
  const NewSweep asked = WithKeys(sweep, actor.user());
  SUMSCOPE_RETURN_IF_ERROR(admission_->CheckAcceptsJobs(actor, asked.sweep.priority(), JobsOf(asked)));
  SUMSCOPE_RETURN_IF_ERROR(CheckOrders(asked));
  return context_->catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    for (const NewSweep::Member& member : asked.members) {
      const v1::Run run = RowOf(RunOf(asked.sweep, member), "", actor.user(), context_->clock->Now());
      SUMSCOPE_RETURN_IF_ERROR(CheckSourceIsTheLabs(reader, actor.viewer(), run));
    }
    return absl::OkStatus();
  });
}

}  // namespace sumscope::jobs
