#include "storage/filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/base/quote.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::storage {
namespace {

// Recursive descent over the bytes of one filter:
//   expression = sequence { "AND" sequence }      sequence = factor { factor }
//   factor     = term { "OR" term }               term     = [ "NOT" | "-" ] ( "(" expression ")" | comparison )
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::optional<FilterNode>> Parse() {
    SkipBlanks();
    if (AtEnd()) return std::optional<FilterNode>();
    SUMSCOPE_ASSIGN_OR_RETURN(FilterNode node, Expression());
    if (!AtEnd()) return Error("unexpected \")\"");
    return std::optional<FilterNode>(std::move(node));
  }

 private:
  bool AtEnd() const { return position_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  void SkipBlanks() {
    while (!AtEnd() && absl::ascii_isspace(static_cast<unsigned char>(text_[position_]))) ++position_;
  }
  // Characters, not bytes: what an editor shows.
  size_t Column(size_t position) const {
    return 1 + std::count_if(text_.begin(), text_.begin() + position,
                             [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }
  absl::Status Error(absl::string_view message) const { return FilterError(Column(position_), message); }

  static bool EndsWord(char c) {
    return absl::ascii_isspace(static_cast<unsigned char>(c)) || c == '(' || c == ')' || c == '"' || c == '\'';
  }
  static bool EndsName(char c) { return EndsWord(c) || absl::StrContains("=!<>:.,", absl::string_view(&c, 1)); }

  bool AtKeyword(absl::string_view keyword) const {
    const absl::string_view rest = text_.substr(position_);
    return absl::StartsWith(rest, keyword) && (rest.size() == keyword.size() || EndsWord(rest[keyword.size()]));
  }
  bool TakeKeyword(absl::string_view keyword) {
    if (!AtKeyword(keyword)) return false;
    position_ += keyword.size();
    SkipBlanks();
    return true;
  }

  static FilterNode Join(FilterNode::Kind kind, std::vector<FilterNode> children) {
    if (children.size() == 1) return std::move(children.front());
    FilterNode node;
    node.kind = kind;
    node.column = children.front().column;
    node.children = std::move(children);
    return node;
  }

  absl::StatusOr<FilterNode> Expression() {
    std::vector<FilterNode> factors;
    do {
      SUMSCOPE_ASSIGN_OR_RETURN(FilterNode factor, Factor());
      factors.push_back(std::move(factor));
    } while (TakeKeyword("AND") || (!AtEnd() && Peek() != ')'));
    return Join(FilterNode::Kind::kAnd, std::move(factors));
  }

  absl::StatusOr<FilterNode> Factor() {
    std::vector<FilterNode> terms;
    do {
      SUMSCOPE_ASSIGN_OR_RETURN(FilterNode term, Term());
      terms.push_back(std::move(term));
    } while (TakeKeyword("OR"));
    return Join(FilterNode::Kind::kOr, std::move(terms));
  }

  absl::StatusOr<FilterNode> Term() {
    if (++depth_ > limits::kMaxFilterDepth) {
      return Error(absl::StrCat("more than ", limits::kMaxFilterDepth, " levels of parentheses and NOT"));
    }
    const size_t column = Column(position_);
    absl::StatusOr<FilterNode> term;
    if (TakeKeyword("NOT")) {
      term = Negation(column);
    } else if (Peek() == '-') {
      ++position_;
      term = Negation(column);
    } else if (Peek() == '(') {
      term = Composite();
    } else {
      term = Comparison();
    }
    --depth_;
    SkipBlanks();
    return term;
  }

  absl::StatusOr<FilterNode> Negation(size_t column) {
    SUMSCOPE_ASSIGN_OR_RETURN(FilterNode term, Term());
    FilterNode node;
    node.kind = FilterNode::Kind::kNot;
    node.column = column;
    node.children.push_back(std::move(term));
    return node;
  }

  absl::StatusOr<FilterNode> Composite() {
    ++position_;
    SkipBlanks();
    SUMSCOPE_ASSIGN_OR_RETURN(FilterNode node, Expression());
    if (Peek() != ')') return Error("\")\" expected");
    ++position_;
    return node;
  }

  absl::StatusOr<FilterNode> Comparison() {
    FilterNode node;
    node.column = Column(position_);
    if (AtEnd()) return Error("the filter ends where a comparison was expected");
    for (absl::string_view keyword : {"AND", "OR"}) {
      if (AtKeyword(keyword)) return Error(absl::StrCat("a comparison was expected before ", keyword));
    }
    do {
      SUMSCOPE_ASSIGN_OR_RETURN(std::string part, FieldPart());
      node.field.push_back(std::move(part));
    } while (Peek() == '.' && ++position_);
    SkipBlanks();
    SUMSCOPE_ASSIGN_OR_RETURN(node.op, Operator(node.field.front()));
    SkipBlanks();
    SUMSCOPE_ASSIGN_OR_RETURN(node.value, Value());
    return node;
  }

  absl::StatusOr<std::string> FieldPart() {
    if (Peek() == '"' || Peek() == '\'') {
      SUMSCOPE_ASSIGN_OR_RETURN(FilterValue value, Quoted());
      return value.text;
    }
    const size_t start = position_;
    while (!AtEnd() && !EndsName(Peek())) ++position_;
    if (position_ == start) return Error("a field name was expected");
    return std::string(text_.substr(start, position_ - start));
  }

  absl::StatusOr<FilterOperator> Operator(const std::string& field) {
    static constexpr std::pair<absl::string_view, FilterOperator> kOperators[] = {
        {"!=", FilterOperator::kNotEqual}, {"<=", FilterOperator::kLessEqual}, {">=", FilterOperator::kGreaterEqual},
        {"=", FilterOperator::kEqual},     {"<", FilterOperator::kLess},       {">", FilterOperator::kGreater},
        {":", FilterOperator::kHas}};
    for (const auto& [symbol, op] : kOperators) {
      if (absl::StartsWith(text_.substr(position_), symbol)) {
        position_ += symbol.size();
        return op;
      }
    }
    const std::string upper = absl::AsciiStrToUpper(field);
    if (upper == "AND" || upper == "OR" || upper == "NOT") {
      return Error(absl::StrCat("an operator was expected after ", Quote(field), ": write ", upper, " in capitals"));
    }
    return Error(absl::StrCat("one of = != < <= > >= : was expected after ", Quote(field)));
  }

  absl::StatusOr<FilterValue> Value() {
    if (Peek() == '"' || Peek() == '\'') return QuotedValue();
    FilterValue value;
    value.column = Column(position_);
    while (!AtEnd() && !EndsWord(Peek())) {
      if (Peek() == '*') value.wildcards.push_back(value.text.size());
      value.text.push_back(text_[position_++]);
    }
    if (value.text.empty()) return Error("a value was expected");
    return value;
  }

  // A string without an end takes the next one's start for it, where what a client added behind may begin: the error is
  // where it starts.
  absl::StatusOr<FilterValue> QuotedValue() {
    SUMSCOPE_ASSIGN_OR_RETURN(FilterValue value, Quoted());
    const bool within_word =
        !AtEnd() && !absl::ascii_isspace(static_cast<unsigned char>(Peek())) && Peek() != ')' && Peek() != '(';
    if (!within_word) return value;
    return FilterError(value.column, "the string that starts here has no end, or holds a quote without a \\ before it");
  }

  absl::StatusOr<FilterValue> Quoted() {
    FilterValue value;
    value.quoted = true;
    value.column = Column(position_);
    const char quote = text_[position_++];
    while (!AtEnd() && Peek() != quote) {
      if (Peek() == '\\' && position_ + 1 < text_.size()) {
        ++position_;
      } else if (Peek() == '*') {
        value.wildcards.push_back(value.text.size());
      }
      value.text.push_back(text_[position_++]);
    }
    if (AtEnd()) return FilterError(value.column, "the string that starts here has no end");
    ++position_;
    return value;
  }

  const absl::string_view text_;
  size_t position_ = 0;
  size_t depth_ = 0;
};

}  // namespace

absl::Status FilterError(size_t column, absl::string_view message) {
  return InvalidField("FILTER_INVALID", "filter", absl::StrCat("filter, column ", column, ": ", message));
}

absl::StatusOr<std::optional<FilterNode>> ParseFilter(absl::string_view filter) {
  if (filter.size() > limits::kMaxFilterLength) {
    return FilterError(limits::kMaxFilterLength + 1, absl::StrCat("the filter has ", filter.size(), " bytes; at most ",
                                                                  limits::kMaxFilterLength, " are allowed"));
  }
  return Parser(filter).Parse();
}

}  // namespace sumscope::storage
