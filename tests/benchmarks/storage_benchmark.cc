// The catalog, metric series and the capture path beside a plain write that is synchronised. TMPDIR says which disk.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "benchmark/benchmark.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/names/resource_names.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

constexpr size_t kChunk = 1 << 20;
constexpr uint64_t kSmallest = 20;  // runs before which the others of a catalog were made

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

v1::Run NewRun(uint64_t number) {
  v1::Run run;
  run.set_name(RunName(absl::StrFormat("r%07d", number)));
  *run.mutable_spec() = CompleteSpec(v1::TrainSpec());
  run.set_model_name("add_d5_l1_h3");
  run.set_owner("ada");
  run.set_visibility(v1::LAB);
  run.set_state(v1::SUCCEEDED);
  run.set_attempt(1);
  run.mutable_create_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(number));
  return run;
}

// Storage in a directory of its own, with so many runs in its catalog.
struct Lab {
  TempDirectory directory;
  Storage storage;
  uint64_t runs = 0;

  explicit Lab(uint64_t count) {
    auto opened = OpenSqliteStorage(
        directory.path(), [](v1::State, v1::State) { return true; }, Clock::Real());
    Check(opened.status());
    storage = *std::move(opened);
    Check(storage.catalog->Write([&](CatalogTransaction& transaction) {
      while (runs < count) Check(transaction.runs().Insert(NewRun(runs++)));
      return absl::OkStatus();
    }));
  }
};

// One durable transaction each.
void BM_InsertRun(benchmark::State& state) {
  Lab lab(kSmallest);
  for (auto _ : state) {
    Check(lab.storage.catalog->Write(
        [&](CatalogTransaction& transaction) { return transaction.runs().Insert(NewRun(lab.runs++)); }));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_InsertRun)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BM_GetRun(benchmark::State& state) {
  const Lab lab(static_cast<uint64_t>(state.range(0)));
  uint64_t number = 0;
  for (auto _ : state) {
    const std::string id = absl::StrFormat("r%07d", number++ * 7919 % lab.runs);
    Check(lab.storage.catalog->Read(
        [&](CatalogReader& reader) { return reader.runs().Get(Viewer::Server(), id).status(); }));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_GetRun)->Arg(100)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMicrosecond);

// A page of the newest 50.
void BM_ListRuns(benchmark::State& state) {
  const Lab lab(static_cast<uint64_t>(state.range(0)));
  for (auto _ : state) {
    Check(lab.storage.catalog->Read(
        [&](CatalogReader& reader) { return reader.runs().List(Viewer::Server(), RunQuery()).status(); }));
  }
  state.SetItemsProcessed(state.iterations() * 50);
}
BENCHMARK(BM_ListRuns)->Arg(100)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMicrosecond);

v1::MetricBlock Rows(uint64_t first_step, uint32_t count) {
  v1::MetricBlock block;
  block.set_first_step(first_step);
  block.set_count(count);
  for (int column = 0; column < 13; ++column) block.add_columns(absl::StrFormat("column%d", column));
  for (uint32_t i = 0; i < count * 13; ++i) block.add_values(i / 7.0);
  return block;
}

// Steps that arrive as a worker sends them, each block a durable transaction, then are read again.
void BM_AppendMetrics(benchmark::State& state) {
  Lab lab(0);
  const auto file = *lab.storage.run_files->Create(NewRun(1));
  const auto count = static_cast<uint32_t>(state.range(0));
  uint64_t step = 0;
  for (auto _ : state) {
    std::optional<uint64_t> diverged;
    const v1::MetricBlock block = Rows(step, count);
    Check(file->Write([&](RunFileTransaction& transaction) {
      return transaction.AppendMetrics(Series::kDeterministic, block, &diverged);
    }));
    step += count;
  }
  state.SetItemsProcessed(static_cast<int64_t>(step));
}
BENCHMARK(BM_AppendMetrics)->Arg(1)->Arg(500)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BM_ReadMetrics(benchmark::State& state) {
  Lab lab(0);
  const auto file = *lab.storage.run_files->Create(NewRun(1));
  Check(file->Write([&](RunFileTransaction& transaction) {
    std::optional<uint64_t> diverged;
    for (uint64_t step = 0; step < 50'000; step += 500) {
      Check(transaction.AppendMetrics(Series::kDeterministic, Rows(step, 500), &diverged));
    }
    return absl::OkStatus();
  }));
  uint64_t step = 0;
  for (auto _ : state) {
    Check(file->ReadMetrics(Series::kDeterministic, step, limits::kMetricBlockSteps).status());
    step = (step + limits::kMetricBlockSteps) % 50'000;
  }
  state.SetItemsProcessed(state.iterations() * limits::kMetricBlockSteps);
}
BENCHMARK(BM_ReadMetrics)->UseRealTime()->Unit(benchmark::kMicrosecond);

// So many MiB in chunks of one.
void BM_PlainWrite(benchmark::State& state) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/plain", chunk(kChunk, 'x');
  for (auto _ : state) {
    const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    for (int64_t i = 0; i < state.range(0); ++i) {
      if (write(file, chunk.data(), chunk.size()) != static_cast<ssize_t>(chunk.size())) std::abort();
    }
    if (fsync(file) != 0 || close(file) != 0) std::abort();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(kChunk));
}
BENCHMARK(BM_PlainWrite)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);

void StoreCapture(Lab* lab, int64_t mebibytes) {
  const auto bytes = static_cast<uint64_t>(mebibytes) * kChunk;
  const std::string chunk(kChunk, 'x');
  auto writer = lab->storage.captures->Create("r0000001", "captured", {{"hook", "F32", {bytes / 4}, bytes}});
  Check(writer.status());
  for (int64_t i = 0; i < mebibytes; ++i) Check((*writer)->Append(chunk));
  Check((*writer)->Finish().status());
}

void BM_StoreCapture(benchmark::State& state) {
  Lab lab(0);
  for (auto _ : state) {
    StoreCapture(&lab, state.range(0));
    state.PauseTiming();
    Check(lab.storage.captures->Remove("r0000001", "captured"));
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(kChunk));
}
BENCHMARK(BM_StoreCapture)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_ReadCapture(benchmark::State& state) {
  Lab lab(0);
  StoreCapture(&lab, state.range(0));
  const auto capture = *lab.storage.captures->Open("r0000001", "captured");
  for (auto _ : state) {
    for (int64_t i = 0; i < state.range(0); ++i) {
      Check(capture->Read(static_cast<uint64_t>(i) * kChunk, kChunk).status());
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(kChunk));
}
BENCHMARK(BM_ReadCapture)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sumscope::storage

BENCHMARK_MAIN();
