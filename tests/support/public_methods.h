#ifndef SUMSCOPE_TESTS_SUPPORT_PUBLIC_METHODS_H_
#define SUMSCOPE_TESTS_SUPPORT_PUBLIC_METHODS_H_

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "sumscope/v1/activations.pb.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/queue.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/sweeps.pb.h"
#include "sumscope/v1/system.pb.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope {

// Every method of sumscope.v1, read from its protos, so that none is forgotten. Fails the test where a proto file is
// not linked in.
inline std::vector<const google::protobuf::MethodDescriptor*> PublicMethods() {
  namespace fs = std::filesystem;
  for (const auto* linked_in : {v1::Run::descriptor(), v1::Analysis::descriptor(), v1::Capture::descriptor(),
                                v1::NodeFact::descriptor(), v1::QuestionSet::descriptor(), v1::Slot::descriptor(),
                                v1::User::descriptor(), v1::Job::descriptor(), v1::Sweep::descriptor()}) {
    EXPECT_NE(linked_in, nullptr);
  }
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  const fs::path root = fs::path(SUMSCOPE_SOURCE_DIR) / "proto";
  for (const auto& entry : fs::directory_iterator(root / "sumscope/v1")) {
    if (entry.path().extension() != ".proto") continue;
    const auto* file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(fs::relative(entry.path(), root).string());
    EXPECT_NE(file, nullptr) << entry.path();
    if (file == nullptr) continue;
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) methods.push_back(file->service(s)->method(m));
    }
  }
  EXPECT_GT(methods.size(), 40u);
  return methods;
}

// "/sumscope.v1.RunService/GetRun"
inline std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SUPPORT_PUBLIC_METHODS_H_
