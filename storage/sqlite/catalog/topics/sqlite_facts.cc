#include "storage/sqlite/catalog/topics/sqlite_facts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/results/node_tags.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"
#include "storage/filter.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "storage/sqlite/catalog/rows/seen_runs.h"
#include "storage/sqlite/filter/filter_sql.h"

namespace sumscope::storage {
namespace {

// Position, layer, heads before MLPs, number: one integer in that order.
int64_t PlaceOf(const NodeName& node) {
  const bool is_mlp = node.kind == NodeName::Kind::kMlp;
  return int64_t{*node.position} << 32 | int64_t{node.layer} << 17 | int64_t{is_mlp} << 16 | int64_t{node.head};
}

// A head or MLP with a position that has a place: P14L0H1, P14L0MLP.
std::optional<NodeName> ReadPlacedNode(absl::string_view text) {
  constexpr uint32_t kLargest = 9999;  // of position, layer and head
  const std::optional<NodeName> node = ReadNodeName(text);
  if (!node || !node->position || node->kind == NodeName::Kind::kResidual) return std::nullopt;
  return std::max({*node->position, node->layer, node->head}) <= kLargest ? node : std::nullopt;
}

absl::Status InvalidFact(const v1::NodeTag& tag) {
  return MakeError(absl::StatusCode::kInvalidArgument, "FACT_INVALID",
                   absl::StrCat(Quote(tag.node()), " with tag ", Quote(tag.tag()),
                                " is no fact: a node is written P14L0H1 or P14L0MLP, a tag has 1 to ",
                                limits::kMaxTagLength, " bytes without control characters"));
}

constexpr char kFactColumns[] =
    "run, place, tag, analysis, step, node, position, layer, is_head, num, kind, value, task, node_facts.create_time, "
    "model_name";

v1::NodeFact ReadFact(Query& query) {
  v1::NodeFact fact;
  // A damaged text shows itself, and the rest of the list.
  const auto text = [&](int column) { return ReplaceInvalidUtf8(query.Text(column)); };
  const std::string run = text(0);
  fact.set_run(RunName(run));
  fact.set_tag(text(2));
  fact.set_analysis(AnalysisName(run, text(3)));
  fact.set_checkpoint(CheckpointName(run, static_cast<uint64_t>(query.Int(4))));
  fact.set_node(text(5));
  fact.set_position(static_cast<uint32_t>(query.Int(6)));
  fact.set_layer(static_cast<uint32_t>(query.Int(7)));
  fact.set_is_head(query.Int(8) != 0);
  fact.set_num(static_cast<uint32_t>(query.Int(9)));
  fact.set_kind(text(10));
  fact.set_value(text(11));
  fact.set_task(text(12));
  *fact.mutable_create_time() = TimestampFromNanos(query.Int(13));
  fact.set_model_name(text(14));
  return fact;
}

// The order of the list as a page position: the run, and place, analysis and tag on a line each.
PagePosition PositionOf(Query& query) {
  return {absl::StrCat(query.Int(1), "\n", query.Text(3), "\n", query.Text(2)), query.Text(0)};
}

// Adds what the rows after `position` have in common.
absl::Status AppendPosition(const PagePosition& position, SqlCondition* condition) {
  const auto* key = std::get_if<std::string>(&position.key);
  const std::vector<std::string> parts = absl::StrSplit(key == nullptr ? "" : *key, absl::MaxSplits('\n', 2));
  int64_t place = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &place)) {
    return InvalidField("PAGE_TOKEN_INVALID", "page_token", "page_token is not one that this list gave");
  }
  absl::StrAppend(&condition->sql, " AND (run, place, tag, analysis) > (?, ?, ?, ?)");
  condition->parameters.insert(condition->parameters.end(), {position.id, place, parts[2], parts[1]});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FactPage> SqliteFacts::List(const Viewer& viewer, const FactQuery& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto filter, ParseFilter(request.filter));
  SqlCondition condition{"delete_time IS NULL", {}};
  if (filter.has_value()) {
    SUMSCOPE_ASSIGN_OR_RETURN(SqlCondition asked, FilterToSql(*filter, FactFilterFields()));
    absl::StrAppend(&condition.sql, " AND (", asked.sql, ")");
    condition.parameters = std::move(asked.parameters);
  }
  const std::string query_hash = absl::StrCat("facts\n", request.filter);
  if (!request.page_token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const PagePosition position, DecodePageToken(seal_, query_hash, request.page_token));
    SUMSCOPE_RETURN_IF_ERROR(AppendPosition(position, &condition));
  }
  return connection_.Guard([&]() -> absl::StatusOr<FactPage> {
    FactPage page;
    PagePosition last;
    size_t bytes = 0;
    Query query(connection_,
                absl::StrCat("SELECT ", kFactColumns, " FROM node_facts JOIN runs ON runs.id = node_facts.run WHERE ",
                             condition.sql, AndIsSeen(viewer), " ORDER BY run, place, tag, analysis LIMIT ?"));
    for (const SqlValue& parameter : condition.parameters) query.Bind(parameter);
    BindViewer(query, viewer);
    query.Bind(request.page_size + 1);
    while (query.Next()) {
      if (page.facts.size() == request.page_size || bytes > limits::kMaxPageBytes) {
        page.next_page_token = EncodePageToken(seal_, query_hash, last);
        break;
      }
      last = PositionOf(query);
      page.facts.push_back(ReadFact(query));
      bytes += page.facts.back().ByteSizeLong();
    }
    return page;
  });
}

absl::Status SqliteFacts::Put(const std::string& run, uint64_t step, const std::string& analysis,
                              const std::vector<v1::NodeTag>& tags, absl::Time now) {
  return connection_.Guard([&]() -> absl::Status {
    Delete(connection_, run, analysis);
    for (const v1::NodeTag& tag : tags) {
      const std::optional<NodeName> node = ReadPlacedNode(tag.node());
      if (!node.has_value() || !CheckNodeTag("", tag).ok()) return InvalidFact(tag);
      const std::pair<std::string, std::string> parts = absl::StrSplit(tag.tag(), absl::MaxSplits(':', 1));
      Query(connection_,
            "INSERT OR IGNORE INTO node_facts (run, place, tag, analysis, step, node, position, layer, is_head, num, "
            "kind, value, task, create_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .Bind(run, PlaceOf(*node), tag.tag(), analysis, Saturated(step), NodeNameText(*node), *node->position,
                node->layer, node->kind == NodeName::Kind::kHead, node->head, parts.first, parts.second,
                TaskOfNodeTag(tag.tag()), ToNanos(now))
          .Run();
    }
    return absl::OkStatus();
  });
}

void SqliteFacts::Delete(Connection& connection, const std::string& run, const std::string& analysis) {
  Query(connection, "DELETE FROM node_facts WHERE run = ? AND analysis = ?").Bind(run, analysis).Run();
}

}  // namespace sumscope::storage
