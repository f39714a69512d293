#include "server/worker/convert/nodes.h"

#include <algorithm>
#include <limits>
#include <set>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/names/tasks.h"

namespace sumscope::worker {

absl::StatusOr<engine::NodeSet> ToNodeSet(const sumscope::v1::TrainSpec& spec, absl::string_view text) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<NodeName> names, ParseNodeSet(spec, "nodes", text));
  engine::NodeSet nodes;
  for (const NodeName& name : names) {
    engine::Node node;
    node.kind = name.kind == NodeName::Kind::kHead  ? engine::Node::Kind::kHead
                : name.kind == NodeName::Kind::kMlp ? engine::Node::Kind::kMlp
                                                    : engine::Node::Kind::kResidual;
    node.layer = name.layer;
    node.head = name.head;
    node.position = name.position.has_value() ? static_cast<int64_t>(*name.position) : -1;
    nodes.push_back(node);
  }
  return nodes;
}

absl::StatusOr<std::vector<engine::NodeSet>> ToNodeSets(const sumscope::v1::TrainSpec& spec,
                                                        const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::vector<engine::NodeSet> sets;
  for (const std::string& text : texts) {
    SUMSCOPE_ASSIGN_OR_RETURN(sets.emplace_back(), ToNodeSet(spec, text));
  }
  return sets;
}

void CopyTags(const std::vector<engine::NodeTag>& tags, google::protobuf::RepeatedPtrField<sumscope::v1::NodeTag>* to) {
  for (const engine::NodeTag& tag : tags) {
    sumscope::v1::NodeTag* converted = to->Add();
    converted->set_node(engine::NodeText(tag.node));
    converted->set_tag(tag.tag);
  }
}

void CopyAnswerTokens(const engine::Encoding& encoding, google::protobuf::RepeatedPtrField<std::string>* to) {
  for (const std::string& name : encoding.digit_names()) *to->Add() = name;
}

std::vector<engine::Operation> OperationsOf(const sumscope::v1::TrainSpec& spec) {
  std::vector<engine::Operation> operations;
  if (RunHasOperation(spec, sumscope::v1::ADD)) operations.push_back(engine::Operation::kAdd);
  if (RunHasOperation(spec, sumscope::v1::SUB)) operations.push_back(engine::Operation::kSub);
  return operations;
}

std::vector<engine::Operation> OperationsOf(const engine::QuestionSource& questions) {
  constexpr uint64_t kChunk = 4096;
  std::set<engine::Operation> present;
  engine::Questions chunk;
  for (uint64_t first = 0; first < questions.count() && present.size() < 2; first += kChunk) {
    questions.Fill(first, std::min(kChunk, questions.count() - first), &chunk);
    for (const engine::Question& question : chunk) {
      if (question.op != engine::Operation::kMul) present.insert(question.op);
    }
  }
  return {present.begin(), present.end()};
}

uint32_t Narrow(uint64_t count) {
  return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

}  // namespace sumscope::worker
