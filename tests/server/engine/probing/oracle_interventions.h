#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ORACLE_INTERVENTIONS_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ORACLE_INTERVENTIONS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "server/engine/model/node.h"

namespace sumscope::engine {

// One record per (pair, nodes), in either layout of the files.
struct Intervention {
  std::string predicted, impact;
  double l2, loss, margin;
  std::vector<int> strong_for;
};
using InterventionKey = std::pair<std::string, std::vector<int64_t>>;  // pair id; layer, position, heads

inline std::vector<int64_t> InterventionNodes(const NodeSet& set) {
  std::vector<int64_t> nodes = {set.front().layer, set.front().position};
  for (const Node& node : set) nodes.push_back(node.head);
  return nodes;
}

inline std::map<InterventionKey, Intervention> ReadInterventions(const nlohmann::json& file) {
  std::map<InterventionKey, Intervention> records;
  if (file.contains("results")) {
    for (const nlohmann::json& record : file.at("results")) {
      std::vector<int64_t> nodes = {record.at("layer"), record.at("position")};
      for (const nlohmann::json& head : record.at("heads")) nodes.push_back(head);
      records[{record.at("pair"), nodes}] = {record.at("predicted"), record.at("impact"), record.at("l2"),
                                             record.at("loss"),      record.at("margin"), record.at("strong_for")};
    }
    return records;
  }
  for (const nlohmann::json& pair : file.at("pairs")) {
    for (size_t i = 0; i < file.at("nodes").size(); ++i) {
      const nlohmann::json& node = file.at("nodes")[i];
      std::vector<int64_t> nodes = {node[0], node[1]};
      for (const nlohmann::json& head : node[2]) nodes.push_back(head);
      std::string predicted = pair.at("predicted")[i];
      if (predicted.empty()) predicted = pair.at("clean_predicted");
      Intervention record{predicted,          pair.at("impact")[i], pair.at("l2")[i],
                          pair.at("loss")[i], pair.at("margin")[i], {}};
      for (const nlohmann::json& strong : pair.at("strong")) {
        if (strong[0] == i) record.strong_for.push_back(strong[1]);
      }
      records[{pair.at("id"), nodes}] = record;
    }
  }
  return records;
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ORACLE_INTERVENTIONS_H_
