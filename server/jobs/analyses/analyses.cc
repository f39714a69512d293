#include "server/jobs/analyses/analyses.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/analyses/analysis_checks.h"
#include "server/jobs/analyses/orders.h"
#include "server/jobs/dependencies/dependencies.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/keeping/housekeeping.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/tasks/node_tags.h"

namespace sumscope::jobs {
namespace {

// From here on an uploaded set is named, and stays.
absl::Status CheckQuestions(storage::CatalogReader& reader, const storage::Viewer& viewer,
                            const v1::Analysis& analysis) {
  if (!analysis.question_set().has_uploaded()) return absl::OkStatus();
  return reader.question_sets().Get(viewer, analysis.question_set().uploaded().sha256()).status();
}

}  // namespace

absl::StatusOr<v1::Run> Analyses::GetRun(const storage::Viewer& viewer, const std::string& run) {
  return ReadCatalog<v1::Run>(context_->catalog, [&](auto& reader) { return reader.runs().Get(viewer, run); });
}

absl::StatusOr<v1::Analysis> Analyses::WithContent(const v1::Analysis& row) {
  v1::Analysis whole;
  if (IsOrder(row)) {
    SUMSCOPE_ASSIGN_OR_RETURN(whole, ReadCatalog<v1::Analysis>(context_->catalog, [&](auto& reader) {
                                return reader.jobs().GetOrder(IdOf(row.job()));
                              }));
  } else {
    SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(row.name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context_->run_files->Open(name.run));
    SUMSCOPE_ASSIGN_OR_RETURN(whole, file->GetAnalysis(name.analysis));
  }
  whole.set_state(row.state());
  whole.set_state_reason(row.state_reason());
  whole.set_state_detail(row.state_detail());
  if (row.has_end_time()) *whole.mutable_end_time() = row.end_time();
  if (whole.state() != v1::SUCCEEDED) whole.clear_result();
  return whole;
}

absl::StatusOr<std::optional<CreatedAnalysis>> Analyses::Find(const storage::Actor& actor, const Request& request,
                                                              const std::string& run, const std::string& key) {
  using Found = std::optional<v1::Analysis>;
  bool from_cache = true;
  SUMSCOPE_ASSIGN_OR_RETURN(
      Found found, ReadCatalog<Found>(context_->catalog, [&](storage::CatalogReader& reader) -> absl::StatusOr<Found> {
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, FindReplay(reader, actor, request));
        if (answered.has_value()) {
          from_cache = false;
          SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(*answered));
          SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis analysis,
                                    reader.analyses().Get(actor.viewer(), name.run, name.analysis));
          return Found(std::move(analysis));
        }
        SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, reader.runs().Get(actor.viewer(), run));
        SUMSCOPE_RETURN_IF_ERROR(CheckNotDeleted(row));
        return reader.analyses().Find(actor.viewer(), run, key);
      }));
  if (!found.has_value()) return std::optional<CreatedAnalysis>();
  CreatedAnalysis created;
  SUMSCOPE_ASSIGN_OR_RETURN(created.analysis, WithContent(*found));
  created.from_cache = from_cache;
  return std::optional<CreatedAnalysis>(std::move(created));
}

absl::StatusOr<CreatedAnalysis> Analyses::Create(const storage::Actor& actor, const Request& request,
                                                 const std::string& run, v1::Analysis analysis) {
  NewAnalysis asked;
  asked.analysis = std::move(analysis);
  return Create(actor, request, run, std::move(asked));
}

absl::StatusOr<CreatedAnalysis> Analyses::Create(const storage::Actor& actor, const Request& request,
                                                 const std::string& run, NewAnalysis asked) {
  v1::Analysis& analysis = asked.analysis;
  if (IsOrder(analysis)) analysis.set_key(OrderKey(analysis));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto lock, RunLocks::Held::Take(&being_changed_, run));
  SUMSCOPE_ASSIGN_OR_RETURN(std::optional<CreatedAnalysis> found, Find(actor, request, run, analysis.key()));
  if (found.has_value()) {
    actor.Names(found->analysis.name());
    if (found->from_cache) SUMSCOPE_RETURN_IF_ERROR(Join(actor, run, asked.priority, &*found));
    // The request is not recorded: it made nothing, and asked again it finds the same.
    return *std::move(found);
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Room room, admission_->Reserve(actor, asked.priority));
  CreatedAnalysis created;
  SUMSCOPE_ASSIGN_OR_RETURN(created.analysis, IsOrder(analysis) ? Order(actor, request, run, asked, &room)
                                                                : Make(actor, request, run, asked, &room));
  if (KindOf(analysis.request()).writes_capture()) {
    context_->capture_room.Announce(created.analysis.name(), analysis.prediction().disk_bytes());
  }
  context_->hub->Notify(run);
  return created;
}

absl::Status Analyses::Join(const storage::Actor& actor, const std::string& run, v1::Priority priority,
                            CreatedAnalysis* found) {
  if (found->analysis.state() != v1::QUEUED) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(admission_->Join(actor, IdOf(found->analysis.job()), priority));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis row, ReadCatalog<v1::Analysis>(context_->catalog, [&](auto& reader) {
                              return reader.analyses().Get(actor.viewer(), run, IdOf(found->analysis.name()));
                            }));
  SUMSCOPE_ASSIGN_OR_RETURN(found->analysis, WithContent(row));
  return absl::OkStatus();
}

absl::StatusOr<v1::Analysis> Analyses::Order(const storage::Actor& actor, const Request& request,
                                             const std::string& run, const NewAnalysis& asked, Room* room) {
  const absl::Time now = context_->clock->Now();
  JobWithSubject target = NewOrder(admission_, actor, run, context_->ids->NewId('a'), asked, "", now);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run seen, GetRun(actor.viewer(), run));
  SUMSCOPE_RETURN_IF_ERROR(CheckOrder(context_, seen, asked.analysis));
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(target.run, transaction.runs().Get(actor.viewer(), run));
        if (StandingOf(target.run) == Awaited::kLost) return CheckOrder(context_, target.run, asked.analysis);
        SUMSCOPE_RETURN_IF_ERROR(CheckQuestions(transaction, actor.viewer(), target.analysis));
        SUMSCOPE_RETURN_IF_ERROR(InsertOrder(transaction, now, &target));
        return RecordRequest(transaction, actor, request, target.analysis.name());
      }));
  admission_->Enqueue(target.job, std::move(*room));
  context_->ended.Look({{run}, {}, {}});  // it may have succeeded meanwhile
  return target.analysis;
}

absl::StatusOr<v1::Analysis> Analyses::Make(const storage::Actor& actor, const Request& request, const std::string& run,
                                            const NewAnalysis& asked, Room* room) {
  v1::Analysis analysis = asked.analysis;
  SUMSCOPE_RETURN_IF_ERROR(Check(actor.viewer(), run, analysis));
  analysis.clear_prediction();
  analysis.set_name(AnalysisName(run, context_->ids->NewId('a')));
  *analysis.mutable_create_time() = ToTimestamp(context_->clock->Now());
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context_->run_files->Open(run));
  const absl::Status stored = KindOf(analysis.request()).needs_worker()
                                  ? Queue(actor, request, run, asked, room, file.get(), &analysis)
                                  : StoreAnswer(actor, request, run, file.get(), &analysis);
  if (!stored.ok()) {
    // Nobody finds what cannot be removed now.
    const std::string id = IdOf(analysis.name());
    file->Write([&](storage::RunFileTransaction& transaction) { return transaction.RemoveAnalysis(id); }).IgnoreError();
    return stored;
  }
  return analysis;
}

absl::Status Analyses::Queue(const storage::Actor& actor, const Request& request, const std::string& run,
                             const NewAnalysis& asked, Room* room, storage::RunFile* file, v1::Analysis* analysis) {
  JobAsked job;
  job.run = run;
  job.analysis = IdOf(analysis->name());
  job.kind = analysis->analysis();
  job.priority = asked.priority;
  job.needs = asked.needs;
  JobWithSubject target;
  target.job = admission_->NewJob(actor, job);
  analysis->set_state(v1::QUEUED);
  analysis->set_job(JobName(target.job.id));
  SUMSCOPE_RETURN_IF_ERROR(
      file->Write([&](storage::RunFileTransaction& transaction) { return transaction.PutAnalysis(*analysis); }));
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(target.run, transaction.runs().Get(actor.viewer(), run));
        SUMSCOPE_RETURN_IF_ERROR(CheckNotDeleted(target.run));
        SUMSCOPE_RETURN_IF_ERROR(CheckQuestions(transaction, actor.viewer(), *analysis));
        target.analysis = *analysis;
        SUMSCOPE_RETURN_IF_ERROR(InsertQueued(transaction, context_->clock->Now(), &target));
        return RecordRequest(transaction, actor, request, analysis->name());
      }));
  *analysis = std::move(target.analysis);
  admission_->Enqueue(target.job, std::move(*room));
  return absl::OkStatus();
}

absl::Status Analyses::StoreAnswer(const storage::Actor& actor, const Request& request, const std::string& run,
                                   storage::RunFile* file, v1::Analysis* analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run of, GetRun(actor.viewer(), run));
  const AnalysisKind& kind = KindOf(analysis->request());
  *analysis->mutable_result() = kind.Answer(of.spec(), analysis->request());
  analysis->mutable_provenance()->set_sumscope_version(context_->options.version);
  analysis->mutable_provenance()->set_git_hash(context_->options.git_hash);
  analysis->mutable_provenance()->set_algorithm_version(kind.version());
  analysis->set_state(v1::SUCCEEDED);
  analysis->set_progress(1);
  *analysis->mutable_end_time() = analysis->create_time();
  SUMSCOPE_RETURN_IF_ERROR(
      file->Write([&](storage::RunFileTransaction& transaction) { return transaction.PutAnalysis(*analysis); }));
  bool sealed = false;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, transaction.runs().Get(actor.viewer(), run));
        SUMSCOPE_RETURN_IF_ERROR(CheckNotDeleted(row));
        sealed = IsTerminal(row.state());
        SUMSCOPE_RETURN_IF_ERROR(transaction.analyses().Put(*analysis));
        SUMSCOPE_RETURN_IF_ERROR(StoreFacts(transaction, *analysis, analysis->result(), context_->clock->Now()));
        return RecordRequest(transaction, actor, request, analysis->name());
      }));
  // It is stored: an error would take it for one that is not. The housekeeping seals what could not be sealed now.
  if (sealed) SealUnlessBusy(context_, run, file).IgnoreError();
  return absl::OkStatus();
}

absl::Status Analyses::Check(const storage::Viewer& viewer, const std::string& run, const v1::Analysis& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, GetRun(viewer, run));
  SUMSCOPE_RETURN_IF_ERROR(CheckNotDeleted(row));
  return IsOrder(analysis) ? CheckOrder(context_, row, analysis) : CheckAnswerable(context_, row, analysis);
}

absl::Status Analyses::Check(const storage::Actor& actor, const std::string& run, const NewAnalysis& asked) {
  SUMSCOPE_RETURN_IF_ERROR(admission_->CheckAcceptsJobs(actor, asked.priority));
  return Check(actor.viewer(), run, asked.analysis);
}

absl::StatusOr<v1::Analysis> Analyses::Cancel(const storage::Actor& actor, const std::string& run,
                                              const std::string& analysis) {
  const auto get = [&] {
    return ReadCatalog<v1::Analysis>(
        context_->catalog, [&](auto& reader) { return reader.analyses().Get(actor.viewer(), run, analysis); });
  };
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis found, get());
  actor.Names(found.name());
  if (found.job().empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "ANALYSIS_ENDED",
                     absl::StrCat(found.name(), " was stored at once: there is nothing to cancel"));
  }
  SUMSCOPE_RETURN_IF_ERROR(admission_->Cancel(actor, IdOf(found.job()), "ANALYSIS_ENDED"));
  return get();  // not from its file: whatever is wrong with that, it is cancelled
}

absl::Status Analyses::Delete(const storage::Actor& actor, const std::string& run, const std::string& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto lock, RunLocks::Held::Take(&being_changed_, run));
  const auto forget = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis found, transaction.analyses().Get(actor.viewer(), run, analysis));
    actor.Names(found.name());
    if (!IsTerminal(found.state())) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "ANALYSIS_UNFINISHED",
                       absl::StrCat(found.name(), " is ", v1::State_Name(found.state()),
                                    "; cancel it and wait until it has ended, then delete it"));
    }
    return transaction.analyses().Remove(run, analysis);
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(actor, forget); }));
  context_->hub->Notify(run);
  // It is deleted. The catalog remembers what cannot be removed from the files now.
  CarryOut(context_, {run, analysis, ""}).IgnoreError();
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
