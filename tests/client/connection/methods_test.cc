// The table of unary methods against the services' descriptors.
#include "client/connection/unary/methods.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <type_traits>

#include "tests/support/public_methods.h"

namespace sumscope::client {
namespace {

struct Row {
  Repeat repeat;
  std::string request, response;
};

std::map<std::string, Row> RowsByPath() {
  std::map<std::string, Row> rows;
  const auto add = [&rows](const auto& method) {
    using Types = std::decay_t<decltype(method)>;
    const bool added = rows.insert({method.path,
                                    {method.repeat, Types::Request::descriptor()->full_name(),
                                     Types::Response::descriptor()->full_name()}})
                           .second;
    EXPECT_TRUE(added) << method.path << " stands twice";
  };
  std::apply([&add](const auto&... methods) { (add(methods), ...); }, kUnaryMethods);
  return rows;
}

TEST(Methods_Test, EveryUnaryMethodHasARowWithItsMessagesAndNothingElseHas) {
  std::map<std::string, Row> rows = RowsByPath();
  for (const auto* method : PublicMethods()) {
    if (method->client_streaming() || method->server_streaming()) continue;
    const auto found = rows.find(PathOf(*method));
    if (found == rows.end()) {
      ADD_FAILURE() << PathOf(*method) << " has no row: may a call of it be repeated?";
      continue;
    }
    EXPECT_EQ(found->second.request, method->input_type()->full_name()) << PathOf(*method);
    EXPECT_EQ(found->second.response, method->output_type()->full_name()) << PathOf(*method);
    rows.erase(found);
  }
  for (const auto& [path, row] : rows) ADD_FAILURE() << path << " is no unary method";
}

TEST(Methods_Test, NoTwoRowsTakeTheSameRequest) {
  std::map<std::string, std::string> paths;  // by request
  for (const auto& [path, row] : RowsByPath()) {
    const auto [other, added] = paths.insert({row.request, path});
    EXPECT_TRUE(added) << path << " and " << other->second << ": by the request a call means the first row alone";
  }
}

TEST(Methods_Test, WhatIsRepeatedByItsRequestIdHasOneAndWhatHasOneIsRepeatedByIt) {
  const std::map<std::string, Row> rows = RowsByPath();
  for (const auto* method : PublicMethods()) {
    const auto found = rows.find(PathOf(*method));
    if (found == rows.end()) continue;
    const bool has_id = method->input_type()->FindFieldByName("request_id") != nullptr;
    EXPECT_EQ(found->second.repeat == Repeat::kRequestId, has_id) << PathOf(*method);
  }
}

TEST(Methods_Test, WhatIsCalledGetListOrExplainIsARead) {
  for (const auto& [path, row] : RowsByPath()) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool reads = name.rfind("Get", 0) == 0 || name.rfind("List", 0) == 0 || name.rfind("Explain", 0) == 0;
    EXPECT_EQ(row.repeat == Repeat::kRead, reads) << path;
  }
}

}  // namespace
}  // namespace sumscope::client
