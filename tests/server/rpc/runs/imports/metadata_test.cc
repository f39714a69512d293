// What a file of weights says of itself, and what is made of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "proto/contract/errors/errors.h"
#include "tests/server/rpc/runs/imports/weight_files.h"

namespace sumscope::rpc {
namespace {

// What `runs export` writes of a run with this spec.
std::map<std::string, std::string> ExportedMetadata(const v1::TrainSpec& spec) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(spec, &json, options).ok());
  return {{"run", "runs/r7"}, {"step", "15000"}, {"spec", json}};
}

Imported ImportSaying(const std::string& bytes, v1::Operation operation, const std::string& like = "") {
  return Import(bytes, like, 1 << 20, operation);
}

// A file of our own export said MIX, and became a model of additions.
TEST(ImportedMetadata_Test, WhenOurOwnExportComesBackThenTheSpecIsTheOneItSays) {
  v1::TrainSpec exported = Odd();
  exported.set_operation(v1::MIX);
  exported.set_seed(7);
  exported.set_learning_rate(0.001);
  exported.set_schedule(v1::SCHEDULE_PAPER1);
  exported.set_batch_size(32);
  exported.set_insert_mode(v1::INSERT_INIT);
  exported.set_init_from("runs/elsewhere");
  const std::string file = FileOf(Weights(Odd()), ExportedMetadata(exported));
  for (const Imported& imported : {ImportSaying(file, v1::OPERATION_UNSPECIFIED), ImportSaying(file, v1::MIX),
                                   ImportSaying(file, v1::OPERATION_UNSPECIFIED, "mix_d2_l2_h2")}) {
    ASSERT_TRUE(imported.file.ok()) << imported.file.status();
    v1::TrainSpec expected = exported;
    expected.set_steps(0);  // the weights of no step of a training here
    expected.set_insert_mode(v1::INSERT_NONE);
    expected.set_init_from("");
    EXPECT_EQ(imported.file->spec.DebugString(), expected.DebugString());
    EXPECT_TRUE(imported.file->weights.notes.empty());
  }
}

// "operation of the file is add, but sub was expected" of a file that says nothing, or that says sub.
TEST(ImportedMetadata_Test, WhenWhatIsSaidContradictsTheFileThenItIsRefusedWithBothNamed) {
  v1::TrainSpec exported = Odd();
  exported.set_operation(v1::SUB);
  const std::string file = FileOf(Weights(Odd()), ExportedMetadata(exported));
  const absl::Status given = ImportSaying(file, v1::ADD).file.status();
  EXPECT_EQ(ErrorReason(given), "OPERATION_MISMATCH");
  EXPECT_THAT(std::string(given.message()), testing::AllOf(testing::HasSubstr("sub"), testing::HasSubstr("add")));
  const absl::Status like = ImportSaying(file, v1::OPERATION_UNSPECIFIED, "add_d2_l2_h2").file.status();
  EXPECT_EQ(ErrorReason(like), "LIKE_MISMATCH");
  EXPECT_THAT(std::string(like.message()), testing::AllOf(testing::HasSubstr("sub"), testing::HasSubstr("add")));
  // Of a file that says nothing the two contradict each other.
  const absl::Status both = ImportSaying(FileOf(Weights(Odd())), v1::MIX, "add_d2_l2_h2").file.status();
  EXPECT_EQ(ErrorReason(both), "LIKE_MISMATCH");
  EXPECT_THAT(std::string(both.message()), testing::Not(testing::HasSubstr("of the file")));
}

TEST(ImportedMetadata_Test, WhenTheFileSaysNoOperationThenItIsTheOneAskedForOrAddIsNoted) {
  const std::string file = FileOf(Weights(Odd()));
  const Imported liked = ImportSaying(file, v1::OPERATION_UNSPECIFIED, "sub_d2_l2_h2");
  ASSERT_TRUE(liked.file.ok()) << liked.file.status();
  EXPECT_EQ(liked.file->spec.operation(), v1::SUB);
  EXPECT_TRUE(liked.file->weights.notes.empty());
  const Imported given = ImportSaying(file, v1::MAS);
  ASSERT_TRUE(given.file.ok()) << given.file.status();
  EXPECT_EQ(given.file->spec.operation(), v1::MAS);
  const Imported neither = ImportSaying(file, v1::OPERATION_UNSPECIFIED);
  ASSERT_TRUE(neither.file.ok()) << neither.file.status();
  EXPECT_EQ(neither.file->spec.operation(), v1::ADD);
  EXPECT_THAT(neither.file->weights.notes, testing::ElementsAre(testing::HasSubstr("taken as add")));
}

// Anybody's metadata may have a "spec", and ours may have been changed.
TEST(ImportedMetadata_Test, WhenTheMetadatasSpecIsNoneOfTheseWeightsThenItIsNotUsedAndThatIsSaid) {
  v1::TrainSpec other = Odd();
  other.set_operation(v1::SUB);
  other.set_n_layers(3);
  v1::TrainSpec invalid = Odd();
  invalid.set_operation(v1::SUB);
  invalid.set_batch_size(4'000'000'000);
  v1::TrainSpec shapes_only = Odd();
  shapes_only.clear_operation();
  std::vector<std::map<std::string, std::string>> files = {ExportedMetadata(other),
                                                           ExportedMetadata(invalid),
                                                           ExportedMetadata(shapes_only),
                                                           {{"spec", "{"}},
                                                           {{"spec", "{\"operation\":\"DIVIDE\"}"}},
                                                           {{"spec", std::string(10'000, '[')}}};
  for (const auto& metadata : files) {
    const Imported imported = ImportSaying(FileOf(Weights(Odd()), metadata), v1::OPERATION_UNSPECIFIED);
    ASSERT_TRUE(imported.file.ok()) << imported.file.status();
    EXPECT_EQ(imported.file->spec.operation(), v1::ADD);
    EXPECT_EQ(imported.file->spec.batch_size(), Odd().batch_size());
    EXPECT_THAT(imported.file->weights.notes,
                testing::ElementsAre(testing::HasSubstr("__metadata__"), testing::HasSubstr("taken as add")));
  }
}

}  // namespace
}  // namespace sumscope::rpc
