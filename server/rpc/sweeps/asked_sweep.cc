#include "server/rpc/sweeps/asked_sweep.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/models/sweep_members.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/runs/sources.h"
#include "server/rpc/analyses/asked_analysis.h"
#include "server/rpc/predictions/predict.h"
#include "server/rpc/queue/priorities.h"
#include "server/rpc/runs/asked_spec.h"
#include "server/rpc/runs/labels.h"
#include "server/rpc/runs/visibility.h"

namespace sumscope::rpc {
namespace {

// `status` with its reason and details, and with who is meant before its text.
absl::Status Of(const std::string& who, const absl::Status& status) {
  absl::Status named(status.code(), absl::StrCat(who, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

absl::Status CheckOrders(const v1::CreateSweepRequest& request) {
  if (request.then_size() > limits::kMaxSweepOrders) {
    return InvalidField("TOO_MANY_ORDERS", "then",
                        absl::StrCat("a sweep orders at most ", limits::kMaxSweepOrders, " analyses of each run, not ",
                                     request.then_size()));
  }
  std::set<std::string> seen;
  for (int i = 0; i < request.then_size(); ++i) {
    const v1::AnalysisOrder& order = request.then(i);
    const AnalysisKind& kind = KindOf(order.request());
    if (!kind.name().empty() && !kind.needs_worker()) {
      return InvalidField(
          "ORDER_INVALID", absl::StrCat("then[", i, "]"),
          absl::StrCat(kind.name(), " is stored at once, of a run that has ended: it cannot be ordered"));
    }
    if (!seen.insert(order.SerializeAsString()).second) {
      return InvalidField("ORDER_INVALID", absl::StrCat("then[", i, "]"),
                          absl::StrCat("the same ", kind.name(), " is ordered twice"));
    }
  }
  return absl::OkStatus();
}

// What members that differ in their seeds alone have in common.
struct Shape {
  jobs::Needs needs;
  std::string init_from;  // complete
  v1::Prediction prediction;
  size_t orders = 0;
};

class Builder {
 public:
  Builder(const Backend& backend, const auth::Caller& caller, const v1::CreateSweepRequest& request)
      : backend_(backend), caller_(caller), request_(request) {}

  absl::StatusOr<jobs::NewSweep> Build() {
    SUMSCOPE_RETURN_IF_ERROR(TakeRequest());
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<SweepMember> members,
                              SweepMembers(sweep_.sweep.spec(), request_.fields()));
    v1::Visibility usual = v1::LAB;
    for (const SweepMember& member : members) {
      SUMSCOPE_ASSIGN_OR_RETURN(const Shape* const shape, ShapeOf(member, &usual));
      jobs::NewSweep::Member made{member.spec, shape->needs, shape->orders};
      if (!shape->init_from.empty()) made.spec.set_init_from(shape->init_from);
      sweep_.members.push_back(std::move(made));
      AddPrediction(*shape);
    }
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Visibility visibility, CompleteVisibility(request_.visibility(), usual));
    sweep_.sweep.set_visibility(visibility);
    sweep_.sweep.set_runs(static_cast<uint32_t>(members.size()));
    SUMSCOPE_RETURN_IF_ERROR(CheckSources());
    return std::move(sweep_);
  }

 private:
  absl::Status TakeRequest() {
    v1::Sweep& sweep = sweep_.sweep;
    SUMSCOPE_ASSIGN_OR_RETURN(*sweep.mutable_spec(), AskedSpec(request_.model_name(), request_.spec()));
    SUMSCOPE_RETURN_IF_ERROR(ValidateLabels(request_.labels()));
    SUMSCOPE_RETURN_IF_ERROR(CheckOrders(request_));
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Priority priority, CompletePriority(request_.priority()));
    sweep.set_model_name(ModelName(sweep.spec()));
    *sweep.mutable_fields() = request_.fields();
    *sweep.mutable_then() = request_.then();
    sweep.set_max_parallel(request_.max_parallel());
    sweep.set_max_fails(request_.max_fails());
    *sweep.mutable_labels() = request_.labels();
    sweep.set_priority(priority);
    sweep.set_owner(caller_.name);
    return absl::OkStatus();
  }

  // Makes the member's shape where it is the first of it. A private source makes what is usual private.
  absl::StatusOr<const Shape*> ShapeOf(const SweepMember& member, v1::Visibility* usual) {
    v1::TrainSpec spec = member.spec;
    spec.clear_seed();
    const auto [entry, is_new] = shapes_.try_emplace(spec.SerializeAsString());
    if (!is_new) return &entry->second;
    Shape& shape = entry->second;
    spec.set_seed(member.spec.seed());
    const std::string who = absl::StrCat("the member ", Quote(member.text));
    if (spec.insert_mode() > v1::INSERT_NONE) {
      const absl::StatusOr<v1::Run> source = CompleteSource(backend_, caller_, &spec);
      if (!source.ok()) return Of(who, source.status());
      shape.init_from = spec.init_from();
      if (source->visibility() == v1::PRIVATE) *usual = v1::PRIVATE;
      with_sources_.push_back(spec);
    }
    shape.prediction = PredictTraining(spec, backend_.manager->predictor());
    shape.needs = {shape.prediction.seconds(), shape.prediction.memory_bytes()};
    if (const absl::Status fits = CheckMemory(shape.needs.memory_bytes, backend_.memory_bytes); !fits.ok()) {
      return Of(who, fits);
    }
    SUMSCOPE_ASSIGN_OR_RETURN(std::vector<jobs::NewAnalysis> orders, OrdersOf(spec, who));
    shape.orders = sweep_.orders.size();
    sweep_.orders.push_back(std::move(orders));
    return &shape;
  }

  absl::StatusOr<std::vector<jobs::NewAnalysis>> OrdersOf(const v1::TrainSpec& spec, const std::string& who) {
    std::vector<jobs::NewAnalysis> orders;
    for (int i = 0; i < request_.then_size(); ++i) {
      const v1::AnalysisOrder& order = request_.then(i);
      absl::StatusOr<v1::Analysis> asked =
          AskedAnalysis(backend_, caller_, spec, order.request(), order.question_set());
      if (!asked.ok()) return Of(absl::StrCat("then[", i, "] of ", who), asked.status());
      jobs::NewAnalysis made;
      made.priority = sweep_.sweep.priority();
      made.needs = {asked->prediction().seconds(), asked->prediction().memory_bytes()};
      made.analysis = *std::move(asked);
      orders.push_back(std::move(made));
    }
    return orders;
  }

  // One after another, so times and disk add up; memory is that of the largest.
  void AddPrediction(const Shape& shape) {
    v1::Prediction& all = *sweep_.sweep.mutable_prediction();
    const v1::Prediction& one = shape.prediction;
    all.set_parameters(std::max(all.parameters(), one.parameters()));
    all.set_training_flops(all.training_flops() + one.training_flops());
    all.set_measured(one.measured());
    double seconds = one.seconds();
    uint64_t memory = one.memory_bytes(), disk = one.disk_bytes();
    for (const jobs::NewAnalysis& order : sweep_.orders[shape.orders]) {
      seconds += order.needs.seconds;
      memory = std::max(memory, order.needs.memory_bytes);
      disk += order.analysis.prediction().disk_bytes();
    }
    all.set_seconds(all.seconds() + seconds);
    all.set_memory_bytes(std::max(all.memory_bytes(), memory));
    all.set_disk_bytes(all.disk_bytes() + disk);
  }

  // A sweep that the lab sees names no private source.
  absl::Status CheckSources() {
    return backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      for (const v1::TrainSpec& spec : with_sources_) {
        v1::Run run;
        *run.mutable_spec() = spec;
        run.set_visibility(sweep_.sweep.visibility());
        SUMSCOPE_RETURN_IF_ERROR(jobs::CheckSourceIsTheLabs(reader, caller_.viewer(), run));
      }
      return absl::OkStatus();
    });
  }

  const Backend& backend_;
  const auth::Caller& caller_;
  const v1::CreateSweepRequest& request_;
  jobs::NewSweep sweep_;
  std::map<std::string, Shape> shapes_;  // by spec without its seed
  std::vector<v1::TrainSpec> with_sources_;
};

}  // namespace

absl::StatusOr<jobs::NewSweep> AskedSweep(const Backend& backend, const auth::Caller& caller,
                                          const v1::CreateSweepRequest& request) {
  return Builder(backend, caller, request).Build();
}

}  // namespace sumscope::rpc
