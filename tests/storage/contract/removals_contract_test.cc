// What the catalog forgets, it remembers to remove from the files.
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

class Removals_Test : public BackendTest {
 protected:
  static v1::UploadedQuestionSet MakeSet(const std::string& sha256, int second) {
    v1::UploadedQuestionSet set;
    set.set_sha256(sha256);
    set.mutable_create_time()->set_seconds(second);
    return set;
  }
  // "run/analysis/question set" of each, in order.
  std::vector<std::string> Removals() {
    std::vector<std::string> names;
    const absl::Status status = catalog().Read([&](CatalogReader& reader) {
      const auto removals = reader.removals().List();
      if (!removals.ok()) return removals.status();
      for (const Removal& removal : *removals) {
        names.push_back(removal.run + "/" + removal.analysis + "/" + removal.question_set);
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return names;
  }
  std::string ReasonOfSet(const std::string& sha256) {
    return ErrorReason(
        catalog().Read([&](auto& reader) { return reader.question_sets().Get(Viewer::Server(), sha256).status(); }));
  }
  using Names = std::vector<std::string>;
};
SUMSCOPE_ON_EVERY_BACKEND(Removals_Test);

TEST_P(Removals_Test, ForgottenAnalysisIsARemovalUntilItEnds) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a1", "k1")).ok());
    EXPECT_TRUE(transaction.analyses().Remove("r1", "a1").ok());
    return transaction.analyses().Remove("r1", "nothing");
  });
  Reopen();
  EXPECT_EQ(Removals(), Names({"r1/a1/"}));
  Write([](CatalogTransaction& transaction) { return transaction.removals().End({"r1", "a1", ""}); });
  Write([](CatalogTransaction& transaction) { return transaction.removals().End({"r1", "a1", ""}); });
  EXPECT_EQ(Removals(), Names());
}

TEST_P(Removals_Test, ForgottenRunLeavesNothingButTheRemovalOfItsFiles) {
  v1::NodeTag tag;
  tag.set_node("P9L0H1");
  tag.set_tag("Fail%:7");
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    for (const std::string id : {"a1", "a2"}) {
      EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", id, "key of " + id)).ok());
      EXPECT_TRUE(transaction.facts().Put("r1", 10, id, {tag}, absl::UnixEpoch()).ok());
    }
    Job job = MakeJob("j1", "r1");
    EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    Event event;
    event.run = "r1";
    EXPECT_TRUE(transaction.events().Append(&event).ok());
    EXPECT_TRUE(transaction.analyses().Remove("r1", "a2").ok());
    return transaction.runs().Remove("r1");
  });
  EXPECT_EQ(Removals(), Names({"r1//"}));
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    EXPECT_EQ(ErrorReason(reader.jobs().Get(Viewer::Server(), "j1").status()), "JOB_NOT_FOUND");
    EXPECT_FALSE(reader.analyses().Find(Viewer::Server(), "r1", "key of a1")->has_value());
    EXPECT_TRUE(reader.analyses().List(Viewer::Server(), {})->analyses.empty());
    EXPECT_TRUE(reader.facts().List(Viewer::Server(), {})->facts.empty());
    EXPECT_TRUE(reader.events().List(Viewer::Server(), "r1", 0, 10)->empty());
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  Write([](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("r1")); });
  EXPECT_EQ(Removals(), Names()) << "the files of the new run must stay";
}

TEST_P(Removals_Test, OnlyOldQuestionSetsThatNothingNamesAreForgotten) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const char* sha256 : {"named", "of a deleted run", "unnamed", "uploaded again"}) {
      EXPECT_TRUE(transaction.question_sets().Insert(MakeSet(sha256, 100)).ok());
    }
    EXPECT_TRUE(transaction.question_sets().Insert(MakeSet("young", 200)).ok());
    EXPECT_TRUE(transaction.question_sets().Insert(MakeSet("uploaded again", 200)).ok());
    v1::Run deleted = MakeRun("r2");
    deleted.mutable_delete_time()->set_seconds(1);
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.runs().Insert(deleted).ok());
    v1::Analysis analysis = MakeAnalysis("r1", "a1", "k1");
    analysis.mutable_question_set()->mutable_uploaded()->set_sha256("named");
    EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    analysis = MakeAnalysis("r2", "a2", "k2");
    analysis.mutable_question_set()->mutable_uploaded()->set_sha256("of a deleted run");
    EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a3", "k3")).ok());
    analysis = MakeAnalysis("r1", "a4", "k4");
    analysis.clear_question_set();
    EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    return transaction.question_sets().ForgetUnnamed(absl::FromUnixSeconds(150));
  });
  EXPECT_EQ(Removals(), Names({"//unnamed"}));
  EXPECT_EQ(ReasonOfSet("unnamed"), "QUESTION_SET_NOT_FOUND");
  for (const char* kept : {"named", "of a deleted run", "young", "uploaded again"}) EXPECT_EQ(ReasonOfSet(kept), "");

  Write([](CatalogTransaction& transaction) { return transaction.analyses().Remove("r1", "a1"); });
  Write([](CatalogTransaction& transaction) {
    return transaction.question_sets().ForgetUnnamed(absl::FromUnixSeconds(150));
  });
  EXPECT_EQ(ReasonOfSet("named"), "QUESTION_SET_NOT_FOUND");
  EXPECT_EQ(Removals(), Names({"//named", "//unnamed", "r1/a1/"}));
  Write([](CatalogTransaction& transaction) { return transaction.question_sets().Insert(MakeSet("named", 300)); });
  EXPECT_EQ(Removals(), Names({"//unnamed", "r1/a1/"})) << "it is wanted again";
}

TEST_P(Removals_Test, TextOfAQuestionSetGoes) {
  const std::string hash = Sha256Hex("1+1\n"), other = Sha256Hex("1+2\n");
  ASSERT_TRUE(question_set_texts().Put(hash, "1+1\n").ok());
  ASSERT_TRUE(question_set_texts().Put(other, "1+2\n").ok());
  for (const std::string& name : {hash, hash, std::string("../catalog.db")}) {
    EXPECT_TRUE(question_set_texts().Remove(name).ok());
  }
  Reopen();
  EXPECT_EQ(ErrorReason(question_set_texts().Get(hash).status()), "QUESTION_SET_NOT_FOUND");
  EXPECT_TRUE(question_set_texts().Get(other).ok());
}

}  // namespace
}  // namespace sumscope::storage
