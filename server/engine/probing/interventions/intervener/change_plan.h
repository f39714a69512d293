#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_CHANGE_PLAN_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_CHANGE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/node.h"

namespace sumscope::engine {

// What is replaced in one row of a one-layer model. The residual stream hides the MLP, which hides nothing else.
struct Change {
  uint32_t heads = 0;  // bit h: head h
  bool mlp = false, residual = false;

  bool any() const { return heads != 0 || mlp || residual; }
  bool operator==(const Change& other) const {
    return heads == other.heads && mlp == other.mlp && residual == other.residual;
  }
};

// Node sets of a one-layer model, row by row: no row of it reads another one's output, so that a set is its changes in
// answer rows, and sets share them. What it does elsewhere changes no answer.
class ChangePlan {
 public:
  static constexpr int64_t kMaxHeads = 32;

  ChangePlan(const ModelConfig& config, const Encoding& encoding, const std::vector<NodeSet>& node_sets);

  struct Place {
    int64_t position = 0;
    bool answers = false;         // an answer row
    std::vector<Change> changes;  // the distinct ones of an answer row
    Change moved;                 // all that any set replaces here
  };
  // Answer rows, then the other rows that sets touch; each in order.
  const std::vector<Place>& places() const { return places_; }

  struct Set {
    std::vector<std::pair<size_t, Change>> moved;     // place, what is replaced there; each place once
    std::vector<std::pair<size_t, size_t>> answered;  // place of an answer row, which of its changes
  };
  const std::vector<Set>& sets() const { return sets_; }

 private:
  std::vector<Place> places_;
  std::vector<Set> sets_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_CHANGE_PLAN_H_
