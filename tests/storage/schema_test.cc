#include "storage/sqlite/base/schema.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/storage/any_transition.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {
namespace {

std::string OpenReason(const std::string& directory) {
  return ErrorReason(OpenSqliteStorage(directory, AnyTransition, Clock::Real()).status());
}

class Schema_Test : public testing::Test {
 protected:
  void Execute(const std::string& path, const std::string& sql) {
    const auto connection = Connection::Open({path, FileKind::kCatalog}, Connection::Mode::kCreate);
    ASSERT_TRUE(connection.ok()) << connection.status();
    ASSERT_TRUE((*connection)->Guard([&] { return (*connection)->Execute(sql), absl::OkStatus(); }).ok());
  }
  const TempDirectory folder_;
  const std::string catalog_ = folder_.path() + "/catalog.db";
};

TEST_F(Schema_Test, NewerSchemaIsRefusedAndLeftAlone) {
  ASSERT_EQ(OpenReason(folder_.path()), "");
  Execute(catalog_, "PRAGMA user_version=999");
  EXPECT_EQ(OpenReason(folder_.path()), "SCHEMA_NEWER");
  Execute(catalog_, "PRAGMA user_version=" + std::to_string(CatalogSchema().version()));
  EXPECT_EQ(OpenReason(folder_.path()), "");
}

TEST_F(Schema_Test, ForeignDatabaseAndForeignFileAreRefused) {
  Execute(catalog_, "CREATE TABLE mine (x)");
  EXPECT_EQ(OpenReason(folder_.path()), "CATALOG_CORRUPT");
  std::filesystem::remove(catalog_);
  std::ofstream(catalog_) << std::string(5000, 'x');
  EXPECT_EQ(OpenReason(folder_.path()), "CATALOG_CORRUPT");
}

TEST_F(Schema_Test, TokenOutlivesItsServerAndALostKeyEndsItAlone) {
  const auto opened = [&](const std::string& token) {
    const Storage storage = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
    std::optional<std::string> text;
    const absl::Status status = storage.catalog->Read([&](CatalogReader& reader) {
      text = reader.token_seal().Open("test", token);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return text;
  };
  std::string token;
  {
    const Storage storage = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
    ASSERT_TRUE(storage.catalog
                    ->Read([&](CatalogReader& reader) {
                      token = reader.token_seal().Seal("test", "place");
                      return absl::OkStatus();
                    })
                    .ok());
  }
  EXPECT_EQ(opened(token), "place");
  Execute(catalog_, "UPDATE token_key SET key = x'00'");
  EXPECT_EQ(opened(token), std::nullopt);
  Execute(catalog_, "DELETE FROM token_key");
  EXPECT_EQ(opened(token), std::nullopt);
}

TEST_F(Schema_Test, FolderThatCannotBeMadeIsNotWritable) {
  std::ofstream(folder_.path() + "/file") << "x";
  EXPECT_EQ(OpenReason(folder_.path() + "/file/data"), "DATA_DIRECTORY_NOT_WRITABLE");
}

TEST_F(Schema_Test, CatalogOfVersionOneKeepsItsRunsAndLearnsFacts) {
  Schema first = CatalogSchema();
  first.migrations.resize(1);
  {
    const auto connection = Connection::Open({catalog_, FileKind::kCatalog}, Connection::Mode::kCreate);
    ASSERT_TRUE(Migrate(**connection, first).ok());
  }
  Execute(catalog_,
          "INSERT INTO runs VALUES ('r1', 'add_d5', 'ada', 'SUCCEEDED', '', '', 0, 0, 1, 0, '', 10, NULL, NULL, 1, "
          "NULL, NULL, NULL, '{\"n_digits\":5}');"
          "INSERT INTO analyses VALUES ('r1', 'a1', 'evaluate', 'runs/r1/checkpoints/10', 'SUCCEEDED', '', '', 1, 2, "
          "NULL, 'ada', 'key', '', NULL, NULL)");
  Storage storage = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
  v1::NodeTag tag;
  tag.set_node("P14L0H1");
  tag.set_tag("Algo:A2.SC");
  ASSERT_TRUE(storage.catalog
                  ->Write([&](CatalogTransaction& transaction) {
                    return transaction.facts().Put("r1", 10, "a1", {tag}, absl::UnixEpoch());
                  })
                  .ok());
  ASSERT_TRUE(
      storage.catalog
          ->Read([](CatalogReader& reader) {
            EXPECT_EQ(reader.runs().Get(Viewer::Server(), "r1")->spec().n_digits(), 5u);
            EXPECT_EQ(reader.analyses().List(Viewer::Server(), {"", "evaluate", 10, ""})->analyses.size(), 1u);
            const auto page = reader.facts().List(Viewer::Server(), {"task = \"A2.SC\" AND run.n_digits = 5", 10, ""});
            EXPECT_TRUE(page.ok()) << page.status();
            EXPECT_EQ(page->facts.size(), 1u);
            return absl::OkStatus();
          })
          .ok());
}

TEST_F(Schema_Test, QuestionSetOfVersionTwoWasUploadedWhenItWasMade) {
  Schema second = CatalogSchema();
  second.migrations.resize(2);
  {
    const auto connection = Connection::Open({catalog_, FileKind::kCatalog}, Connection::Mode::kCreate);
    ASSERT_TRUE(Migrate(**connection, second).ok());
  }
  Execute(catalog_, "INSERT INTO question_sets VALUES ('abc', 5, 1, 1, 0, 0, 100000000000, 'ada')");
  Storage storage = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
  const auto reason_after = [&](int second_of_upload) {
    return ErrorReason(storage.catalog->Write([&](CatalogTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(transaction.question_sets().ForgetUnnamed(absl::FromUnixSeconds(second_of_upload)).ok());
      return transaction.question_sets().Get(Viewer::Server(), "abc").status();
    }));
  };
  EXPECT_EQ(reason_after(100), "");
  EXPECT_EQ(reason_after(101), "QUESTION_SET_NOT_FOUND");
}

TEST_F(Schema_Test, RowsOfVersionThreeGetTheirPlaceInTheOrder) {
  Schema third = CatalogSchema();
  third.migrations.resize(3);
  {
    const auto connection = Connection::Open({catalog_, FileKind::kCatalog}, Connection::Mode::kCreate);
    ASSERT_TRUE(Migrate(**connection, third).ok());
  }
  const auto run = [](const char* id, int create_time) {
    return absl::StrCat("INSERT INTO runs VALUES ('", id,
                        "', 'add_d5', 'ada', 'SUCCEEDED', '', '', 0, 0, 1, 0, '', 10, ", "NULL, NULL, ", create_time,
                        ", NULL, NULL, NULL, '{}');");
  };
  Execute(catalog_, run("r1", 900) + run("r2", 100) +
                        "INSERT INTO analyses VALUES ('r1', 'a1', 'evaluate', '', 'SUCCEEDED', '', '', 1, 2, NULL, '', "
                        "'k', '', '{\"uploaded\":{\"sha256\":\"abc\"}}', NULL);"
                        "INSERT INTO analyses VALUES ('r1', 'a2', 'evaluate', '', 'SUCCEEDED', '', '', 1, 1, NULL, '', "
                        "'k', '', 'no JSON', NULL);"
                        "INSERT INTO question_sets VALUES ('abc', 5, 1, 1, 0, 0, 1, 'ada', 1)");
  Storage storage = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
  const absl::Status status = storage.catalog->Write([](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_EQ(*transaction.runs().Latest(Viewer::Server(), "ada"), "r2") << "made last, says its rowid";
    EXPECT_TRUE(transaction.question_sets().ForgetUnnamed(absl::Now()).ok());
    EXPECT_TRUE(transaction.question_sets().Get(Viewer::Server(), "abc").ok()) << "an analysis names it";
    v1::Run newest;
    newest.set_name("runs/r0");
    newest.set_owner("ada");
    EXPECT_TRUE(transaction.runs().Insert(newest).ok());
    EXPECT_EQ(*transaction.runs().Latest(Viewer::Server(), "ada"), "r0");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

// Each change of its labels worked them out anew, and the decision said that they are shown until the next answer.
TEST_F(Schema_Test, FiguresStoredBeforeAreShownUntilTheRunMovesOn) {
  const Storage storage = *OpenSqliteStorage(folder_.path(), AnyTransition, Clock::Real());
  const auto update = [&](uint64_t steps, const std::string& label) {
    double accuracy = -1;
    const absl::Status status = storage.catalog->Write([&](CatalogTransaction& transaction) -> absl::Status {
      v1::Run run;
      run.set_name("runs/r1");
      run.set_state(v1::SUCCEEDED);
      run.set_steps_done(steps);
      (*run.mutable_labels())["key"] = label;
      EXPECT_TRUE((transaction.runs().Get(Viewer::Server(), "r1").ok() ? transaction.runs().Update(run)
                                                                       : transaction.runs().Insert(run))
                      .ok());
      accuracy = transaction.runs().Get(Viewer::Server(), "r1")->accuracy();
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return accuracy;
  };
  EXPECT_EQ(update(10, "a"), 0);
  Execute(catalog_, "UPDATE runs SET accuracy = 0.5, nines = 0");
  EXPECT_EQ(update(10, "b"), 0.5);
  EXPECT_EQ(update(20, "b"), 0) << "no answer is about that step";
}

TEST_F(Schema_Test, OlderSchemaIsReadAsItIsAndMigratedByTheFirstWrite) {
  const Schema older{0x54455354, {"CREATE TABLE t (x); INSERT INTO t VALUES (1);"}, true};
  Schema newer = older;
  newer.migrations.push_back("ALTER TABLE t ADD COLUMN y DEFAULT 5;");
  const std::string path = folder_.path() + "/t.db";
  {
    const auto connection = Connection::Open({path, FileKind::kCatalog}, Connection::Mode::kCreate);
    ASSERT_TRUE(Migrate(**connection, older).ok());
  }
  const auto connection = Connection::Open({path, FileKind::kCatalog}, Connection::Mode::kReadWrite);
  EXPECT_EQ(*CheckSchema(**connection, newer), 1);
  ASSERT_TRUE(Migrate(**connection, newer).ok());
  EXPECT_EQ(*CheckSchema(**connection, newer), 2);
  EXPECT_EQ(ErrorReason(CheckSchema(**connection, older).status()), "SCHEMA_NEWER");
}

}  // namespace
}  // namespace sumscope::storage
