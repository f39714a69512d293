#include "storage/sqlite/catalog/rows/run_order.h"

#include <cstring>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/quote.h"

namespace sumscope::storage {
namespace {

absl::Status BadToken() {
  return InvalidField("PAGE_TOKEN_INVALID", "page_token",
                      "page_token is not one that this list, with this filter and order, gave; start without one");
}

// As long for each number: how long a token is tells nothing.
std::string FixedWidth(uint64_t bits) { return absl::StrCat(absl::Dec(bits, absl::kZeroPad20)); }

}  // namespace

absl::StatusOr<RunOrder> ParseRunOrder(absl::string_view order_by) {
  const std::vector<absl::string_view> words = absl::StrSplit(order_by, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  const absl::string_view field = words.empty() ? "create_time" : words[0];
  const absl::string_view direction = words.size() > 1 ? words[1] : words.empty() ? "desc" : "asc";
  RunOrder order;
  order.descending = direction == "desc";
  const bool up = !order.descending;
  // An absent value comes last both ways.
  const auto integer = [&](absl::string_view column) {
    order.expression = absl::StrCat("ifnull(", column, ", ", up ? "" : "-", "9223372036854775807)");
    order.type = RunOrder::Type::kInteger;
  };
  const auto real = [&](absl::string_view column) {
    order.expression = absl::StrCat("ifnull(", column, ", ", up ? "" : "-", "9e999)");
    order.type = RunOrder::Type::kReal;
  };
  if (field == "create_time") {
    order.expression = "sequence";  // when it was made, whatever the clock said
    order.type = RunOrder::Type::kInteger;
  } else if (field == "model_name" || field == "state") {
    order.expression = std::string(field);
  } else if (field == "heldout_loss" || field == "metrics.heldout_loss") {
    real("heldout_loss");
  } else if (field == "accuracy") {
    real(field);
  } else if (field == "end_time") {
    integer("end_sequence");  // the same
  } else if (field == "nines" || field == "reads_to" || field == "sure_to") {
    integer(field);
  }
  if (order.expression.empty() || words.size() > 2 || (direction != "asc" && direction != "desc")) {
    return InvalidField(
        "ORDER_INVALID", "order_by",
        absl::StrCat("cannot order by ", Quote(order_by),
                     "; there are create_time, end_time, model_name, state, metrics.heldout_loss, accuracy, "
                     "nines, reads_to and sure_to, each with asc or desc"));
  }
  return order;
}

std::string EncodePageToken(const TokenSeal& seal, absl::string_view query_hash, const PagePosition& position) {
  std::string body;
  if (const auto* number = std::get_if<int64_t>(&position.key)) {
    body = absl::StrCat("i", FixedWidth(static_cast<uint64_t>(*number)));
  } else if (const auto* real = std::get_if<double>(&position.key)) {
    uint64_t bits = 0;
    std::memcpy(&bits, real, sizeof(bits));
    body = absl::StrCat("r", FixedWidth(bits));
  } else {
    body = absl::StrCat("t", std::get<std::string>(position.key));
  }
  return seal.Seal(query_hash, absl::StrCat(position.id, "\n", body));
}

absl::StatusOr<PagePosition> DecodePageToken(const TokenSeal& seal, absl::string_view query_hash,
                                             absl::string_view token) {
  if (token.size() > limits::kMaxPageTokenLength) return BadToken();
  const std::optional<std::string> opened = seal.Open(query_hash, token);
  if (!opened.has_value()) return BadToken();
  const absl::string_view body = *opened;
  const size_t end_of_id = body.find('\n');
  if (end_of_id == absl::string_view::npos || end_of_id + 1 >= body.size()) return BadToken();
  PagePosition position;
  position.id = std::string(body.substr(0, end_of_id));
  const char type = body[end_of_id + 1];
  const absl::string_view key = body.substr(end_of_id + 2);
  uint64_t bits = 0;
  if (type == 't') {
    position.key = std::string(key);
  } else if (type == 'i' && absl::SimpleAtoi(key, &bits)) {
    position.key = static_cast<int64_t>(bits);
  } else if (type == 'r' && absl::SimpleAtoi(key, &bits)) {
    double real = 0;
    std::memcpy(&real, &bits, sizeof(real));
    position.key = real;
  } else {
    return BadToken();
  }
  return position;
}

}  // namespace sumscope::storage
