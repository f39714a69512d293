#include "server/rpc/serve/gate/request_facts.h"

#include <gtest/gtest.h>

#include <string>

#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::rpc {
namespace {

std::string NamedByRun(const std::string& name) {
  v1::CancelRunRequest request;
  request.set_name(name);
  return NamedResource(request);
}

TEST(NamedResource_Test, NameIsWhereTheMethodHasIt) {
  EXPECT_EQ(NamedByRun("runs/r7k2m9qa"), "runs/r7k2m9qa");
  EXPECT_EQ(NamedByRun("runs/@last"), "runs/@last");
  v1::UpdateRunRequest update;
  update.mutable_run()->set_name("runs/r1");
  EXPECT_EQ(NamedResource(update), "runs/r1");
  v1::CreateAnalysisRequest analysis;
  analysis.set_parent("runs/r1/checkpoints/5");
  EXPECT_EQ(NamedResource(analysis), "runs/r1/checkpoints/5");
  v1::CreateRunRequest create;
  EXPECT_EQ(NamedResource(create), "");
  create.set_run_id("mine");
  EXPECT_EQ(NamedResource(create), "runs/mine");
  v1::CreateUserRequest user;
  user.set_user_id("ada.l");
  EXPECT_EQ(NamedResource(user), "users/ada.l");
}

TEST(NamedResource_Test, TextIsNoNameThenItIsLeftOut) {
  for (const std::string& text :
       {std::string("12345+67890"), std::string("users/ada/tokens/sst_t1234567_AbCdEf"), std::string("runs/"),
        std::string("runs"), std::string("runs/a\nb"), "runs/" + std::string(10'000, 'a'), std::string("runs//a")}) {
    EXPECT_EQ(NamedByRun(text), "") << text.substr(0, 40);
  }
}

TEST(RequestIdOf_Test, RequestHasNoIdOrNoUuidThenEmpty) {
  v1::CreateRunRequest request;
  EXPECT_EQ(RequestIdOf(request), "");
  request.set_request_id("my secret");
  EXPECT_EQ(RequestIdOf(request), "");
  request.set_request_id("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
  EXPECT_EQ(RequestIdOf(request), "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
  EXPECT_EQ(RequestIdOf(v1::GetRunRequest()), "");
}

}  // namespace
}  // namespace sumscope::rpc
