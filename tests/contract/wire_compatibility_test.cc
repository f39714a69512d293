// Holds every message, enum and service of sumscope.v1 and sumscope.worker.v1 against the checked-in descriptor set
// sumscope_v1.binpb: same names, numbers, types and labels. Additions are allowed. To take additions into the set, run
// from the repository root:
//   protoc -I proto --descriptor_set_out=tests/contract/sumscope_v1.binpb
//       sumscope/v1/{spec,runs,question_sets,evaluate,look_back,probes,analyses,activations,facts,system}.proto
//       sumscope/worker/v1/link.proto     (one line)
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "sumscope/v1/activations.pb.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/evaluate.pb.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/queue.pb.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/spec.pb.h"
#include "sumscope/v1/sweeps.pb.h"
#include "sumscope/v1/system.pb.h"
#include "sumscope/v1/users.pb.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::ServiceDescriptorProto;
using Differences = std::vector<std::string>;

template <typename Items, typename Key>
auto FindBy(const Items& items, Key key_of, decltype(key_of(*items.begin())) key) -> decltype(&*items.begin()) {
  for (const auto& item : items) {
    if (key_of(item) == key) return &item;
  }
  return nullptr;
}
const auto kName = [](const auto& item) { return item.name(); };
const auto kNumber = [](const auto& item) { return item.number(); };

// That of an `optional` field, which protoc makes, is none.
std::string OneofOf(const DescriptorProto& message, const FieldDescriptorProto& field) {
  return field.has_oneof_index() && !field.proto3_optional() ? message.oneof_decl(field.oneof_index()).name() : "";
}

void CompareEnum(const std::string& scope, const EnumDescriptorProto& was, const EnumDescriptorProto* is,
                 Differences* differences) {
  const std::string name = scope + was.name();
  if (is == nullptr) return differences->push_back(name + " is gone");
  for (const auto& value : was.value()) {
    const auto* now = FindBy(is->value(), kNumber, value.number());
    if (now == nullptr || now->name() != value.name()) differences->push_back(name + "." + value.name() + " changed");
  }
}

void CompareMessage(const std::string& scope, const DescriptorProto& was, const DescriptorProto* is,
                    Differences* differences) {
  const std::string name = scope + was.name();
  if (is == nullptr) return differences->push_back(name + " is gone");
  for (const auto& field : was.field()) {
    const std::string field_name = name + "." + field.name();
    const auto* now = FindBy(is->field(), kNumber, field.number());
    if (now == nullptr) {
      differences->push_back(field_name + " is gone");
    } else if (now->name() != field.name() || now->type() != field.type() || now->type_name() != field.type_name() ||
               now->label() != field.label() || (field.proto3_optional() && !now->proto3_optional()) ||
               OneofOf(*is, *now) != OneofOf(was, field)) {
      differences->push_back(field_name + " changed");
    }
  }
  for (const auto& nested : was.nested_type()) {
    CompareMessage(name + ".", nested, FindBy(is->nested_type(), kName, nested.name()), differences);
  }
  for (const auto& nested : was.enum_type()) {
    CompareEnum(name + ".", nested, FindBy(is->enum_type(), kName, nested.name()), differences);
  }
}

void CompareService(const std::string& scope, const ServiceDescriptorProto& was, const ServiceDescriptorProto* is,
                    Differences* differences) {
  const std::string name = scope + was.name();
  if (is == nullptr) return differences->push_back(name + " is gone");
  for (const auto& method : was.method()) {
    const auto* now = FindBy(is->method(), kName, method.name());
    if (now == nullptr || now->input_type() != method.input_type() || now->output_type() != method.output_type() ||
        now->client_streaming() != method.client_streaming() || now->server_streaming() != method.server_streaming()) {
      differences->push_back(name + "." + method.name() + " is gone or changed");
    }
  }
}

// All files of a package as one: names on the wire and in reflection are the package's, whichever file says them.
std::map<std::string, FileDescriptorProto> ByPackage(const FileDescriptorSet& set) {
  std::map<std::string, FileDescriptorProto> packages;
  for (const FileDescriptorProto& file : set.file()) packages[file.package()].MergeFrom(file);
  return packages;
}

// What a program built from `was` could no longer rely on.
Differences BrokenBetween(const FileDescriptorSet& was, const FileDescriptorSet& is) {
  Differences differences;
  const std::map<std::string, FileDescriptorProto> current = ByPackage(is);
  for (const auto& [package, before] : ByPackage(was)) {
    const auto found = current.find(package);
    if (found == current.end()) {
      differences.push_back(package + " is gone");
      continue;
    }
    const FileDescriptorProto& now = found->second;
    const std::string scope = package + ".";
    for (const auto& message : before.message_type()) {
      CompareMessage(scope, message, FindBy(now.message_type(), kName, message.name()), &differences);
    }
    for (const auto& type : before.enum_type()) {
      CompareEnum(scope, type, FindBy(now.enum_type(), kName, type.name()), &differences);
    }
    for (const auto& service : before.service()) {
      CompareService(scope, service, FindBy(now.service(), kName, service.name()), &differences);
    }
  }
  return differences;
}

FileDescriptorSet Current() {
  FileDescriptorSet set;
  for (const auto* descriptor :
       {v1::TrainSpec::descriptor(), v1::Run::descriptor(), v1::Analysis::descriptor(), v1::QuestionSet::descriptor(),
        v1::EvaluateRequest::descriptor(), v1::CascadesRequest::descriptor(), v1::AblateRequest::descriptor(),
        v1::Capture::descriptor(), v1::NodeFact::descriptor(), v1::ServerInfo::descriptor(), v1::User::descriptor(),
        v1::Job::descriptor(), v1::Sweep::descriptor(), worker::v1::WorkerMessage::descriptor()}) {
    descriptor->file()->CopyTo(set.add_file());
  }
  return set;
}

FileDescriptorSet CheckedIn() {
  std::ifstream file(SUMSCOPE_SOURCE_DIR "/tests/contract/sumscope_v1.binpb", std::ios::binary);
  FileDescriptorSet set;
  EXPECT_TRUE(set.ParseFromIstream(&file));
  return set;
}

TEST(WireCompatibility_Test, CheckedInSetThenEveryFileIsInIt) {
  const FileDescriptorSet set = CheckedIn(), current = Current();
  EXPECT_EQ(set.file_size(), current.file_size());
  for (const auto& file : current.file()) EXPECT_NE(FindBy(set.file(), kName, file.name()), nullptr) << file.name();
}

TEST(WireCompatibility_Test, CurrentProtosThenNothingIsRemovedOrChanged) {
  EXPECT_THAT(BrokenBetween(CheckedIn(), Current()), testing::IsEmpty());
}

// The comparison itself: what it must call broken, and what not.
TEST(WireCompatibility_Test, AdditionThenAllowed) {
  FileDescriptorSet more = Current();
  auto* file = more.mutable_file(0);
  file->add_message_type()->set_name("New");
  auto* field = file->mutable_message_type(0)->add_field();
  field->set_name("new_field");
  field->set_number(1000);
  file->mutable_enum_type(0)->add_value()->set_number(1000);
  more.mutable_file(1)->mutable_service(0)->add_method()->set_name("New");
  for (auto& message : *more.mutable_file(1)->mutable_message_type()) {  // presence, too: absent still reads as 0
    if (message.name() == "Run") message.mutable_field(0)->set_proto3_optional(true);
  }
  EXPECT_THAT(BrokenBetween(Current(), more), testing::IsEmpty());
}

TEST(WireCompatibility_Test, ChangeThenBroken) {
  const auto field = [](FileDescriptorSet* set, int index) {  // of sumscope.v1.Run
    for (auto& message : *set->mutable_file(1)->mutable_message_type()) {
      if (message.name() == "Run") return message.mutable_field(index);
    }
    return static_cast<FieldDescriptorProto*>(nullptr);
  };
  const std::function<void(FileDescriptorSet*)> changes[] = {
      [&](auto* set) { field(set, 0)->set_number(999); },
      [&](auto* set) { field(set, 0)->set_name("renamed"); },
      [&](auto* set) { field(set, 0)->set_type(FieldDescriptorProto::TYPE_BYTES); },
      [&](auto* set) { field(set, 0)->set_label(FieldDescriptorProto::LABEL_REPEATED); },
      [&](auto* set) { field(set, 2)->set_type_name(".sumscope.v1.Run"); },
      [](auto* set) { set->mutable_file(0)->mutable_enum_type(0)->mutable_value(1)->set_name("PLUS"); },
      [](auto* set) { set->mutable_file(0)->mutable_enum_type(0)->mutable_value()->RemoveLast(); },
      [](auto* set) { set->mutable_file(0)->mutable_enum_type()->RemoveLast(); },
      [](auto* set) { set->mutable_file(0)->mutable_message_type()->RemoveLast(); },
      [](auto* set) { set->mutable_file(0)->mutable_message_type(0)->mutable_field()->RemoveLast(); },
      [](auto* set) { set->mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_proto3_optional(false); },
      [](auto* set) { set->mutable_file(1)->mutable_service(0)->mutable_method()->RemoveLast(); },
      [](auto* set) { set->mutable_file(1)->mutable_service(0)->mutable_method(0)->set_server_streaming(true); },
      [](auto* set) { set->mutable_file(1)->mutable_service()->RemoveLast(); },
      [](auto* set) { set->mutable_file(set->file_size() - 1)->set_package("sumscope.worker.v2"); },
      [](auto* set) { set->mutable_file()->RemoveLast(); },
  };
  int index = 0;
  for (const auto& change : changes) {
    FileDescriptorSet changed = Current();
    change(&changed);
    EXPECT_THAT(BrokenBetween(Current(), changed), testing::SizeIs(1)) << "change " << index;
    ++index;
  }
}

}  // namespace
}  // namespace sumscope
