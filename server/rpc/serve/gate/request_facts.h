#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_REQUEST_FACTS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_REQUEST_FACTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace sumscope::rpc {

// What the request is about, as it says it, checked by nobody: its `name`, `run.name`, `user.name` or `parent`.
std::string NameIn(const google::protobuf::Message& request);

// What the request names or would make, for the audit: runs/r7k2m9qa/analyses/a1. Empty where nothing in it has the
// form of a resource's name, which no secret has.
std::string NamedResource(const google::protobuf::Message& request);

// The request's `request_id` where it has one that is a UUID; else empty.
std::string RequestIdOf(const google::protobuf::Message& request);

// 8-4-4-4-12 hexadecimal digits.
bool IsUuid(absl::string_view text);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_REQUEST_FACTS_H_
