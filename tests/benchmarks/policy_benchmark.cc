// What a decision costs: one plan with so many waiting jobs of 20 users, eight slots, of which all are taken or one is
// idle.
#include <string>

#include "benchmark/benchmark.h"
#include "server/jobs/scheduling/policy/outlook/explain.h"
#include "server/jobs/scheduling/policy/outlook/forecast.h"
#include "server/jobs/scheduling/policy/plan.h"

namespace sumscope::jobs {
namespace {

constexpr int kUsers = 20, kSlots = 8;
constexpr absl::Duration kNow = absl::Hours(100);

struct Lab {
  JobQueue queue;
  Fleet fleet;
  Shares shares;
  SweepLimits sweeps;
  SharePolicy policy;

  // Jobs in turn of each user, one in ten of a sweep that is full, one in 50 HIGH. `jobs` of them.
  explicit Lab(int jobs, bool idle) {
    for (int user = 0; user < kUsers; ++user) {
      shares["user" + std::to_string(user)] = {1000.0 * user, 1.0 + user % 4, user % 3 == 0 ? 2u : 0u};
    }
    for (int slot = 0; slot < kSlots; ++slot) {
      RunningJob running;
      running.job = "running" + std::to_string(slot);
      running.owner = "user" + std::to_string(slot / 2);
      running.sweep = "sweep" + std::to_string(slot);
      running.training = true;
      running.since = kNow - absl::Minutes(10 * slot);
      running.expected_seconds = 7200;
      fleet["cpu" + std::to_string(slot)].running = running;
      sweeps[running.sweep] = 1;
    }
    if (idle) {
      fleet["cpu0"].running.reset();
      fleet["cpu0"].idle = true;
    }
    for (int i = 0; i < jobs; ++i) {
      storage::Job job;
      job.id = "j" + std::to_string(1'000'000 + i);
      job.run = "r" + std::to_string(1'000'000 + i);
      job.queue_position = static_cast<uint64_t>(i);
      job.owner = "user" + std::to_string(i % kUsers);
      job.priority = i % 50 == 49 ? v1::LOW : v1::NORMAL;
      if (i % 10 == 0) job.sweep = "sweep" + std::to_string(i % kSlots);
      job.expected_seconds = 600.0 + i % 5000;
      queue.Add(job);
    }
  }
  Situation At() const { return {queue, fleet, shares, sweeps, policy, kNow}; }
};

void BM_PlanAStart(benchmark::State& state) {
  const Lab lab(static_cast<int>(state.range(0)), /*idle=*/true);
  for (auto _ : state) benchmark::DoNotOptimize(MakePlan(lab.At()));
}
BENCHMARK(BM_PlanAStart)->Arg(100)->Arg(10'000)->Arg(100'000);

void BM_PlanAStop(benchmark::State& state) {
  const Lab lab(static_cast<int>(state.range(0)), /*idle=*/false);
  for (auto _ : state) benchmark::DoNotOptimize(MakePlan(lab.At()));
}
BENCHMARK(BM_PlanAStop)->Arg(100)->Arg(10'000)->Arg(100'000);

void BM_ExplainAll(benchmark::State& state) {
  const Lab lab(static_cast<int>(state.range(0)), /*idle=*/false);
  for (auto _ : state) {
    const Explainer explainer(lab.At());
    for (const storage::Job* job : explainer.order()) benchmark::DoNotOptimize(explainer.Explain(*job));
  }
}
BENCHMARK(BM_ExplainAll)->Arg(10'000)->Unit(benchmark::kMillisecond);

void BM_CopyForForecast(benchmark::State& state) {
  const Lab lab(static_cast<int>(state.range(0)), /*idle=*/false);
  for (auto _ : state) benchmark::DoNotOptimize(Forecast(lab.At()));
}
BENCHMARK(BM_CopyForForecast)->Arg(10'000)->Unit(benchmark::kMillisecond);

void BM_PlayForecast(benchmark::State& state) {
  const Lab lab(10'000, /*idle=*/false);
  const Forecast forecast(lab.At());
  for (auto _ : state) benchmark::DoNotOptimize(forecast.Play(static_cast<size_t>(state.range(0))));
}
BENCHMARK(BM_PlayForecast)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sumscope::jobs

BENCHMARK_MAIN();
