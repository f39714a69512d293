// Tokens that a client hands back: of pages, of watches. What is taken is what was given out.
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/token_seal.h"
#include "server/rpc/runs/watch_token.h"
#include "storage/sqlite/catalog/rows/run_order.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

constexpr char kQuery[] = "runs\nstate = RUNNING";

const TokenSeal& Seal() {
  static const auto* const kSeal = new TokenSeal("a key that the corpus knows");
  return *kSeal;
}

std::string Described(const storage::PagePosition& position) {
  return absl::StrCat(position.key.index(), " ", storage::EncodePageToken(Seal(), "", position));
}

void CheckPageToken(absl::string_view token) {
  const auto position = storage::DecodePageToken(Seal(), kQuery, token);
  if (!position.ok()) return RequireToldWell(position.status());
  const std::string given = storage::EncodePageToken(Seal(), kQuery, *position);
  if (given.size() > limits::kMaxPageTokenLength) return;  // no list gives it: ids and keys are shorter
  const auto again = storage::DecodePageToken(Seal(), kQuery, given);
  Require(again.ok(), "a token that a list gives is taken");
  RequireEqual(Described(*again), Described(*position), "a token names the same place again");
  Require(!storage::DecodePageToken(Seal(), "another query", token).ok(), "a token is of one query");
}

void CheckWatchToken(const std::string& text) {
  const auto token = rpc::WatchToken::Parse(Seal(), text);
  if (!token.ok()) return RequireToldWell(token.status());
  if (!text.empty()) RequireEqual(token->ToString(Seal()), text, "a watch takes the tokens that a watch gives");
}

void CheckOrder(absl::string_view text) {
  const auto order = storage::ParseRunOrder(text);
  if (!order.ok()) return RequireToldWell(order.status());
  Require(!order->expression.empty(), "an order is by something");
}

}  // namespace

Corpus CorpusOfTarget() {
  Corpus corpus;
  const storage::SqlValue keys[] = {int64_t{-7}, 0.25, std::nan(""), std::string("add_d5\n_l1")};
  for (const storage::SqlValue& key : keys) {
    corpus.seeds.push_back(storage::EncodePageToken(Seal(), kQuery, {key, "r7k2m9qa"}));
  }
  for (const char* text : {"r7k2m9qa\ni42", "r7k2m9qa\nr4598175219545276416", "r7k2m9qa\ntadd_d5", "e12-l7", "e0-l0",
                           "e18446744073709551615-l1", "create_time desc", "metrics.heldout_loss asc", "nines"}) {
    corpus.seeds.emplace_back(text);
  }
  corpus.words = {"e", "-l", "\n", "i", "r", "t", "=", " ", "+", "-", "0", "00", "desc", "asc", "accuracy", "_"};
  return corpus;
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  const std::string text(fuzz::Input(data, size).Rest());
  fuzz::CheckPageToken(text);
  // As a list and a watch seal it: what somebody who has read the key could send.
  fuzz::CheckPageToken(fuzz::Seal().Seal(fuzz::kQuery, text));
  fuzz::CheckWatchToken(text);
  fuzz::CheckWatchToken(fuzz::Seal().Seal("watch", text));
  fuzz::CheckOrder(text);
  return 0;
}
