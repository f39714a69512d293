#ifndef SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_VIEW_PARTS_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_VIEW_PARTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/table.h"
#include "client/cli/probe/views/view.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// What several views have in common.

// A column of numbers, shown everywhere.
Column NumberColumn(absl::string_view name, unsigned shown = kEverywhere);
// The same, left out of tables that are broader than the terminal, the highest `drop` first.
Column RoomyColumn(absl::string_view name, int drop);
// "\ntitle\n" and the table; nothing for an empty one.
void AppendTable(std::string* text, absl::string_view title, const Table& table, const View& view);
// The one form of a row: "P14 A4->A3", the position, what its token is and what is predicted there (the token at the
// next position); "P3 OPR" where that is no answer token. The bare position where the spec does not say.
std::string RowText(const View& view, uint32_t position);
std::string RowText(uint32_t position, absl::string_view meaning, absl::string_view predicts);
// "96 %", "<1 %", ">99 %".
std::string WholePercent(double percent);
// A `fail_percent`, which the contract rounds down: "0" only where nothing fails, else "<1" and on.
std::string FailPercentText(uint32_t fail_percent, bool fails);
// 412 of 500 as "412 of 500 (82.40 %)".
std::string ShareText(uint64_t part, uint64_t whole);
// "99.18 .. 99.51 %", the ends of a rate's interval.
std::string IntervalText(const v1::Rate& rate);
// What a model does without any ablation, in one line.
std::string BaselineText(const v1::AblationBaseline& baseline);
// "warning: .." lines, after an empty one.
void AppendWarnings(std::string* text, const google::protobuf::RepeatedPtrField<std::string>& warnings);
std::string AblationModeText(v1::AblationMode mode);  // mean
std::string SeedText(uint64_t seed);                  // ", seed 3"
// "mean", "resample, seed 3", of any request that has both.
template <typename Request>
std::string SeededModeText(const Request& request) {
  return AblationModeText(request.mode()) + (request.mode() == v1::RESAMPLE ? SeedText(request.seed()) : "");
}
// ", by tables; 3 answer rows rechecked by the forward pass" of a result with interventions; nothing where the forward
// pass answered all.
template <typename Result>
std::string ByTablesText(const Result& result) {
  if (!result.by_tables()) return "";
  return ", by tables; " + Counted(result.rechecked(), "answer row") + " rechecked by the forward pass";
}
// "1,000 questions per digit and length", of the look-back verdict.
std::string PerCellText(uint32_t per_cell);
std::string OperationText(v1::Operation operation);  // additions
// node, tag.
Table TagRows(const google::protobuf::RepeatedPtrField<v1::NodeTag>& tags);
// "A5=3, A4=1": the answer tokens whose count is not 0.
std::string CountsText(const google::protobuf::RepeatedPtrField<std::string>& tokens,
                       const google::protobuf::RepeatedField<uint32_t>& counts);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_VIEW_PARTS_H_
