// sumscope server info
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/command.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

std::string Rate(double flops_per_second) {
  if (flops_per_second <= 0) return "";
  const double giga = flops_per_second / 1e9;
  return absl::StrCat(giga < 10 ? FormatDigits(giga, 2) : FormatCount(std::llround(giga)), " GFLOP/s");
}

Table SlotTable(const v1::ServerInfo& info) {
  Table table({{"SLOT"},
               {"DEVICE"},
               {"THREADS", kEverywhere, true},
               {"STATE"},
               {"JOB"},
               {"WORKER PID", kForPeople, true},
               {"worker_pid", kInCsv},
               {"RESTARTS", kEverywhere, true},
               {"TRAINS", kForPeople, true},
               {"training_flops_per_second", kInCsv},
               {"ANSWERS", kForPeople, true},
               {"answering_flops_per_second", kInCsv},
               {"intervening_flops_per_second", kInCsv},
               {"DETAIL", kEverywhere, false, /*wrap=*/16}});
  for (const v1::Slot& slot : info.slots()) {
    const std::string pid = slot.worker_pid() > 0 ? absl::StrCat(slot.worker_pid()) : "";
    table.AddRow({slot.name(), slot.device(), absl::StrCat(slot.threads()), slot.state(), slot.job(), pid, pid,
                  absl::StrCat(slot.restarts()), Rate(slot.rates().training_flops_per_second()),
                  ShortestDouble(slot.rates().training_flops_per_second()),
                  Rate(slot.rates().answering_flops_per_second()),
                  ShortestDouble(slot.rates().answering_flops_per_second()),
                  ShortestDouble(slot.rates().intervening_flops_per_second()), slot.detail()});
  }
  return table;
}

std::string Text(const v1::ServerInfo& info, const std::string& address, absl::Time now, bool wide, int width) {
  std::string text = AlignedPairs({{"server", address},
                                   {"version", absl::StrCat(info.version(), " (", info.git_hash(), ")")},
                                   {"build", info.build()},
                                   {"libraries", absl::StrJoin(info.libraries(), ", ")},
                                   {"pid", absl::StrCat(info.pid())},
                                   {"up since", absl::StrCat(FormatTime(info.start_time()), " (",
                                                             FormatSpan(now - ToTime(info.start_time())), ")")},
                                   {"draining", info.draining() ? "yes: it is stopping" : ""},
                                   {"data", info.data_directory()},
                                   {"slots", info.slots_reason()},
                                   {"free disk", FormatBytes(info.free_disk_bytes())},
                                   {"schema", absl::StrCat(info.catalog_schema())},
                                   {"repairs", absl::StrJoin(info.repairs(), "; ")}});
  const Table slots = SlotTable(info);
  if (!slots.empty()) absl::StrAppend(&text, "\n", slots.Aligned(kInWide, true, width));
  if (wide) {
    Table limits({{"LIMIT"}, {"MAXIMUM", kEverywhere, true}});
    for (const v1::Limit& limit : info.limits()) limits.AddRow({limit.name(), absl::StrCat(limit.maximum())});
    absl::StrAppend(&text, "\n", limits.Aligned(kInWide, true, width));
  }
  if (wide && info.hook_names_size() > 0) {
    Table hooks({{"HOOK"}});
    for (const std::string& hook : info.hook_names()) hooks.AddRow({hook});
    absl::StrAppend(&text, "\n", hooks.Aligned(kInWide, true, width));
  }
  return text;
}

absl::StatusOr<ExitCode> Info(const std::string& model, Session& session) {
  v1::GetServerInfoRequest request;
  request.set_model_name(model);
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ServerInfo info, connection->Call(request));
  Document document = session.FromTable(SlotTable(info));
  document.json = ToJson(info);
  document.items = {document.json};
  document.ids = {connection->address()};
  document.table = Text(info, connection->address(), session.clock().Now(), !model.empty(), session.width());
  document.wide = Text(info, connection->address(), session.clock().Now(), /*wide=*/true, session.width());
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

}  // namespace

void AddServer(Registry* registry, Command root) {
  const Command family = registry->AddFamily(root, "server", "The server itself");
  const auto model = std::make_shared<std::string>();
  const Command info = registry->Add(family, "info", "Versions, slots, limits and data directory of the server");
  info.Add("--model", model.get(), "also list limits and the hook names of such a model").type_name("MODEL");
  registry->Run(info, [model](Session& session) { return Info(*model, session); });
}

}  // namespace sumscope::client
