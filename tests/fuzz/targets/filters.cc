// Filters of lists. What is parsed prints to what is parsed as the same; a list takes it or says what is wrong with it,
// and each row is either of a filter or of its negation.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/names/resource_names.h"
#include "storage/filter.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

using storage::FilterNode;
using storage::FilterOperator;
using storage::FilterValue;

constexpr size_t kRuns = 6;

v1::Run MakeRun(size_t number) {
  v1::Run run;
  run.set_name(RunName(absl::StrCat("r", number)));
  v1::TrainSpec spec;
  spec.set_n_digits(static_cast<uint32_t>(2 + number));
  *run.mutable_spec() = CompleteSpec(spec);
  run.set_model_name(ModelName(run.spec()));
  run.set_owner(number % 2 == 0 ? "ada" : "bob");
  run.set_state(number < 2 ? v1::QUEUED : number < 4 ? v1::RUNNING : v1::FAILED);
  if (number > 2) run.set_heldout_loss(1.0 / static_cast<double>(number));
  if (number % 3 == 0) (*run.mutable_labels())["purpose"] = number == 0 ? "a*b" : "paper";
  run.mutable_create_time()->set_seconds(1'700'000'000 + 86'400 * static_cast<int64_t>(number));
  return run;
}

// A catalog of a few runs with facts, in memory.
storage::Catalog& FewRuns() {
  static storage::Storage* const stored = [] {
    auto opened = storage::OpenInMemoryStorage([](v1::State, v1::State) { return true; }, Clock::Real());
    Require(opened.ok(), "a catalog in memory opens");
    const absl::Status filled = opened->catalog->Write([](storage::CatalogTransaction& transaction) {
      for (size_t i = 0; i < kRuns; ++i) Require(transaction.runs().Insert(MakeRun(i)).ok(), "a run is stored");
      std::vector<v1::NodeTag> tags;
      for (const char* tag : {"Algo:A2.SC", "Fail%:7.5", "Impact:A43", "Plain"}) {
        tags.emplace_back().set_node(absl::StrCat("P", tags.size(), "L0H1"));
        tags.back().set_tag(tag);
      }
      return transaction.facts().Put("r1", 10, "a1", tags, absl::UnixEpoch());
    });
    Require(filled.ok(), "facts are stored");
    return new storage::Storage(*std::move(opened));
  }();
  return *stored->catalog;
}

// How many rows a list has, or why it has none.
template <typename Query, typename List>
absl::StatusOr<size_t> CountRows(const std::string& filter, const List& list) {
  Query query;
  query.filter = filter;
  query.page_size = limits::kMaxPageSize;
  absl::StatusOr<size_t> rows = size_t{0};
  const absl::Status read = FewRuns().Read([&](storage::CatalogReader& reader) {
    rows = list(reader, query);
    return absl::OkStatus();
  });
  Require(read.ok(), "a catalog is read");
  return rows;
}

absl::StatusOr<size_t> CountRuns(const std::string& filter) {
  return CountRows<storage::RunQuery>(filter, [](auto& reader, const auto& query) -> absl::StatusOr<size_t> {
    const auto page = reader.runs().List(storage::Viewer::Server(), query);
    if (!page.ok()) return page.status();
    return page->runs.size();
  });
}

absl::StatusOr<size_t> CountFacts(const std::string& filter) {
  return CountRows<storage::FactQuery>(filter, [](auto& reader, const auto& query) -> absl::StatusOr<size_t> {
    const auto page = reader.facts().List(storage::Viewer::Server(), query);
    if (!page.ok()) return page.status();
    return page->facts.size();
  });
}

bool IsTooLong(const absl::Status& status) {
  return absl::StrContains(status.message(), "levels of parentheses") || absl::StrContains(status.message(), "bytes;");
}

void CheckList(const std::string& filter, absl::StatusOr<size_t> (*count)(const std::string&)) {
  const auto rows = count(filter);
  if (!rows.ok()) {
    RequireToldWell(rows.status());
    return RequireEqual(ErrorReason(rows.status()), "FILTER_INVALID", "a list takes a filter or says why not");
  }
  const auto others = count(absl::StrCat("NOT (", filter, ")"));
  if (!others.ok() && IsTooLong(others.status())) return;
  Require(others.ok(), "a filter's negation is taken");
  Require(*rows + *others == *count(""), "a row is of a filter or of its negation");
}

const char* Symbol(FilterOperator op) {
  switch (op) {
    case FilterOperator::kEqual:
      return "=";
    case FilterOperator::kNotEqual:
      return "!=";
    case FilterOperator::kLess:
      return "<";
    case FilterOperator::kLessEqual:
      return "<=";
    case FilterOperator::kGreater:
      return ">";
    case FilterOperator::kGreaterEqual:
      return ">=";
    case FilterOperator::kHas:
      return ":";
  }
  std::abort();
}

// In quotes; each '*' that is not in `wildcards` escaped.
std::string Quoted(const std::string& text, const std::vector<size_t>& wildcards) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const bool wildcard = std::binary_search(wildcards.begin(), wildcards.end(), i);
    if (text[i] == '"' || text[i] == '\\' || (text[i] == '*' && !wildcard)) quoted += '\\';
    quoted += text[i];
  }
  return quoted + '"';
}

// `within` is the kind of the node around it.
std::string Print(const FilterNode& node, FilterNode::Kind within) {
  using Kind = FilterNode::Kind;
  std::string text;
  if (node.kind == Kind::kComparison) {
    for (const std::string& part : node.field) absl::StrAppend(&text, text.empty() ? "" : ".", Quoted(part, {}));
    const FilterValue& value = node.value;
    return absl::StrCat(text, Symbol(node.op), " ", value.quoted ? Quoted(value.text, value.wildcards) : value.text);
  }
  if (node.kind == Kind::kNot) return absl::StrCat("NOT ", Print(node.children[0], Kind::kNot));
  for (const FilterNode& child : node.children) {
    absl::StrAppend(&text, text.empty() ? "" : node.kind == Kind::kAnd ? " AND " : " OR ", Print(child, node.kind));
  }
  const bool binds_tighter = node.kind == Kind::kOr && within == Kind::kAnd;
  return binds_tighter ? text : absl::StrCat("(", text, ")");
}

bool IsSame(const FilterNode& a, const FilterNode& b) {
  return a.kind == b.kind && a.field == b.field && a.op == b.op && a.value.text == b.value.text &&
         a.value.quoted == b.value.quoted && a.value.wildcards == b.value.wildcards &&
         std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(), IsSame);
}

void CheckPrinting(const FilterNode& node) {
  const std::string printed = Print(node, FilterNode::Kind::kAnd);
  if (printed.size() > limits::kMaxFilterLength) return;
  const auto again = storage::ParseFilter(printed);
  if (!again.ok() && IsTooLong(again.status())) return;
  Require(again.ok() && again->has_value(), absl::StrCat("a printed filter is taken: ", printed));
  Require(IsSame(**again, node), absl::StrCat("a printed filter means the same: ", printed));
}

}  // namespace

Corpus CorpusOfTarget() {
  std::string nested, negated, many;
  for (int i = 0; i < 31; ++i) nested += "state=FAILED owner=ada OR (";
  for (int i = 0; i < 31; ++i) negated += "NOT ";
  while (many.size() < limits::kMaxFilterLength - 8) many += "id=r1 ";
  return {{"state = RUNNING AND spec.n_digits >= 10 AND (NOT labels.purpose = \"test\" OR metrics.heldout_loss < 1e-6)",
           "owner = ada OR owner = 'bob' state != QUEUED", "-labels.purpose:* model_name = \"add_d5*\"",
           "create_time > 2023-11-15 AND create_time <= \"2023-11-18T10:00:00Z\"", "labels:purpose",
           "spec.learning_rate < 1e-4 spec.seed=372001 spec.format = signed imported = false", "name = runs/r1 OR id:r",
           "labels.purpose = \"a\\*b\" OR labels.\"purpose\" = a*", "task = \"A2.SC\" AND run.n_layers = 1",
           "value > 3 OR value <= 7.5 tag = \"Algo:*\"", "node = P0L0H1 is_head = true num = 1 run.labels.purpose:*",
           "kind:Fail NOT run.owner = ada", nested + "id=r1" + std::string(31, ')'), negated + "id=r1", many,
           std::string(31, '(') + "id=r1" + std::string(31, ')')},
          {" AND ",
           " OR ",
           "NOT ",
           "-",
           "(",
           ")",
           "\"",
           "'",
           "\\",
           "*",
           "=",
           "!=",
           "<",
           "<=",
           ">",
           ">=",
           ":",
           ".",
           "labels.",
           "labels",
           "state",
           "RUNNING",
           "owner",
           "spec.steps",
           "spec.operation",
           "metrics.loss",
           "create_time",
           "end_time",
           "2023-11-15",
           "infinite-future",
           "nan",
           "inf",
           "0x1p3",
           "nines",
           "accuracy",
           "true",
           "run.",
           "run.labels",
           "value",
           "tag",
           "position",
           "\xc3\xa9",
           "reads_to",
           "look_back_exact",
           "(id=r1 OR (state=FAILED "}};
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  const std::string text(fuzz::Input(data, size).Rest());
  const auto filter = storage::ParseFilter(text);
  if (!filter.ok()) {
    fuzz::RequireToldWell(filter.status());
    return 0;
  }
  if (!filter->has_value()) return 0;
  fuzz::CheckPrinting(**filter);
  fuzz::CheckList(text, fuzz::CountRuns);
  fuzz::CheckList(text, fuzz::CountFacts);
  return 0;
}
