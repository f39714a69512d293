#ifndef SUMSCOPE_SERVER_WORKER_CONVERT_NODES_H_
#define SUMSCOPE_SERVER_WORKER_CONVERT_NODES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "server/engine/data/encoding.h"
#include "server/engine/data/sources.h"
#include "server/engine/model/node.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::worker {

// Node names, as the contract parses them, as the engine's nodes. Errors of ParseNodeSet.
absl::StatusOr<engine::NodeSet> ToNodeSet(const sumscope::v1::TrainSpec& spec, absl::string_view text);
absl::StatusOr<std::vector<engine::NodeSet>> ToNodeSets(const sumscope::v1::TrainSpec& spec,
                                                        const google::protobuf::RepeatedPtrField<std::string>& texts);

void CopyTags(const std::vector<engine::NodeTag>& tags, google::protobuf::RepeatedPtrField<sumscope::v1::NodeTag>* to);

// SGN, A5 .. A0.
void CopyAnswerTokens(const engine::Encoding& encoding, google::protobuf::RepeatedPtrField<std::string>* to);

// The additions and subtractions that a model of this run answers.
std::vector<engine::Operation> OperationsOf(const sumscope::v1::TrainSpec& spec);
// The operations of which `questions` hold at least one question.
std::vector<engine::Operation> OperationsOf(const engine::QuestionSource& questions);

// Counts as the messages hold them: those beyond 2^32-1 are that.
uint32_t Narrow(uint64_t count);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_CONVERT_NODES_H_
