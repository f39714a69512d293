// Nothing grows without bound, and nothing is removed that somebody may want.
#include <future>

#include "proto/contract/text/sha256.h"
#include "server/jobs/analyses/analyses.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/questions/question_sets.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kText[] = "00001+00002\n";

class Housekeeping_Test : public AnalysisFixture {
 protected:
  std::string Upload() {
    v1::UploadedQuestionSet set;
    set.set_sha256(Sha256Hex(kText));
    const auto added = manager_->question_sets().Add(Ada(), set, kText);
    EXPECT_TRUE(added.ok()) << added.status();
    return set.sha256();
  }
  bool HasRow(const std::string& sha256) {
    return storage_.catalog
        ->Read([&](auto& reader) { return reader.question_sets().Get(storage::Viewer::Server(), sha256).status(); })
        .ok();
  }
  bool HasText(const std::string& sha256) { return storage_.question_set_texts->Get(sha256).ok(); }
  v1::Analysis UploadedQuestion(const std::string& sha256) {
    v1::Analysis question = Question(UsefulNodes());
    question.mutable_question_set()->mutable_uploaded()->set_sha256(sha256);
    return question;
  }
  std::string Answered() {
    const std::string id = Ask(Question(UsefulNodes()));
    StartAnalysis();
    Answer(UsefulNodesResult());
    Finish(worker::v1::Finished::DONE);
    EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
    return id;
  }
  bool InFile(const std::string& id) { return File(run_)->GetAnalysis(id).ok(); }
  void PutCapture(const std::string& id) {
    auto writer = storage_.captures->Create(run_, id, {});
    EXPECT_TRUE((*writer)->Finish().ok());
  }
  std::vector<storage::Removal> Removals() {
    std::vector<storage::Removal> removals;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      removals = *reader.removals().List();
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return removals;
  }
  // Ready when the next file is sealed.
  std::future<void> NextSeal() {
    auto sealed = std::make_shared<std::promise<void>>();
    auto first = std::make_shared<std::atomic<bool>>(true);
    std::future<void> seals = sealed->get_future();
    files_.seal_gate.Set([sealed, first] {
      if (first->exchange(false)) sealed->set_value();
      return absl::OkStatus();
    });
    return seals;
  }
  // Lets the time pass while the server runs, until its housekeeping has begun to write; then ends the server, which
  // waits for it.
  void PassAndCrash(absl::Duration time) {
    auto begun = std::make_shared<std::promise<void>>();
    auto first = std::make_shared<std::atomic<bool>>(true);
    std::future<void> begins = begun->get_future();
    catalog_.gate.Set([begun, first] {
      if (first->exchange(false)) begun->set_value();
      return absl::OkStatus();
    });
    clock_.Pass(time);
    EXPECT_EQ(begins.wait_for(FakeWorkerPool::kPatience), std::future_status::ready);
    Crash();
    catalog_.gate.Open();
  }
};

TEST_F(Housekeeping_Test, QuestionSetThatNothingNamesGoesAfterItsGrace) {
  const std::string set = Upload();
  clock_.Jump(limits::kQuestionSetGrace - absl::Hours(1));
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_TRUE(HasRow(set) && HasText(set));
  clock_.Jump(absl::Hours(2));
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_FALSE(HasRow(set) || HasText(set));
  EXPECT_THAT(Removals(), IsEmpty());
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {}, run_, UploadedQuestion(set)).status()),
            "QUESTION_SET_NOT_FOUND");
  EXPECT_THAT(*File(run_)->ListAnalyses(), IsEmpty());
}

TEST_F(Housekeeping_Test, QuestionSetUploadedAgainHasItsGraceAnew) {
  const std::string set = Upload();
  clock_.Jump(limits::kQuestionSetGrace - absl::Hours(1));
  Upload();
  clock_.Jump(absl::Hours(2));
  Boot();
  EXPECT_TRUE(HasRow(set) && HasText(set));
}

TEST_F(Housekeeping_Test, NamedQuestionSetStaysUntilItsAnalysisIsDeleted) {
  const std::string set = Upload();
  const std::string id = Ask(UploadedQuestion(set));
  clock_.Jump(10 * limits::kQuestionSetGrace);
  Boot();
  EXPECT_TRUE(HasRow(set) && HasText(set)) << "of a waiting analysis";
  ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, id).ok());
  ASSERT_TRUE(manager_->runs().Delete(Ada(), run_).ok());
  Boot();
  EXPECT_TRUE(HasRow(set) && HasText(set)) << "of a deleted run, which may be undeleted";
  ASSERT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  Boot();
  EXPECT_FALSE(HasRow(set) || HasText(set));
}

TEST_F(Housekeeping_Test, UploadThatACrashCutOffLeavesNoText) {
  catalog_.gate.Set([this]() -> absl::Status {
    if (HasText(Sha256Hex(kText))) return absl::UnavailableError("the server dies here");
    return absl::OkStatus();
  });
  v1::UploadedQuestionSet set;
  set.set_sha256(Sha256Hex(kText));
  EXPECT_FALSE(manager_->question_sets().Add(Ada(), set, kText).ok());
  EXPECT_TRUE(HasText(set.sha256()));
  Crash();
  catalog_.gate.Open();
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("questionSets/" + set.sha256())));
  EXPECT_FALSE(HasText(set.sha256()));
}

TEST_F(Housekeeping_Test, OldHistoryGoesAtTheStart) {
  ASSERT_TRUE(manager_->runs().Create(Ada(), {"id", "digest"}, "second", Spec(), {}).ok());
  const auto again = [&] { return manager_->runs().Create(Ada(), {"id", "digest"}, "third", Spec(), {})->name(); };
  clock_.Jump(limits::kHistoryRetention - absl::Hours(1));
  Boot();
  EXPECT_EQ(again(), "runs/second");
  EXPECT_THAT(Events(run_), Not(IsEmpty()));
  clock_.Jump(absl::Hours(2));
  Boot();
  EXPECT_THAT(Events(run_), IsEmpty());
  EXPECT_EQ(again(), "runs/third");
}

TEST_F(Housekeeping_Test, AuditAndEndedTokensGoAfterAYear) {
  const absl::Status written = storage_.catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    v1::User user;
    user.set_name("users/ada");
    user.set_role(v1::MEMBER);
    EXPECT_TRUE(transaction.users().Insert(user).ok());
    storage::StoredToken token;
    token.id = "t1";
    token.user = "ada";
    token.expire_time = clock_.Now();
    EXPECT_TRUE(transaction.tokens().Insert(token).ok());
    storage::AuditRow row;
    row.time = clock_.Now();
    row.resource = "users/ada/tokens/t1";
    return transaction.audit().Append(&row);
  });
  ASSERT_TRUE(written.ok()) << written;
  const auto are_kept = [&] {
    size_t kept = 0;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      storage::AuditQuery query;
      query.resource = "users/ada";
      kept = reader.audit().List(query)->rows.size();
      EXPECT_EQ(reader.tokens().Find("t1")->has_value(), kept == 1);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return kept == 1;
  };
  clock_.Jump(limits::kAuditRetention - absl::Hours(1));
  Boot();
  EXPECT_TRUE(are_kept());
  clock_.Jump(absl::Hours(2));
  Boot();
  EXPECT_FALSE(are_kept());
}

TEST_F(Housekeeping_Test, DailyWorkIsDoneWhileTheServerRuns) {
  ASSERT_TRUE(manager_->runs().Create(Ada(), {"id", "digest"}, "second", Spec(), {}).ok());
  NextTask();  // from now on only the housekeeping writes
  const std::string set = Upload();
  PassAndCrash(limits::kHistoryRetention + absl::Hours(1));
  EXPECT_THAT(Events(run_), IsEmpty());
  EXPECT_FALSE(HasRow(set) || HasText(set));
  const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
    EXPECT_FALSE(reader.requests().Find("id")->has_value());
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(Housekeeping_Test, FailureIsTriedAgainAndStopsNoStart) {
  const std::string set = Upload();
  clock_.Jump(2 * limits::kQuestionSetGrace);
  catalog_.gate.Set([] { return absl::ResourceExhaustedError("no space left"); });
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_TRUE(HasRow(set));
  catalog_.gate.Open();
  PassAndCrash(limits::kHousekeepingInterval + absl::Minutes(1));
  EXPECT_FALSE(HasRow(set) || HasText(set));
}

// The bytes of a deleted analysis stayed for ever when its run's file could not be written.
TEST_F(Housekeeping_Test, BytesOfADeletedAnalysisGoAtTheNextStart) {
  const std::string id = Answered();
  PutCapture(id);
  files_.gate.Fail(1, absl::ResourceExhaustedError("no space left"));
  EXPECT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_FALSE(Knows(id));
  EXPECT_THAT(Facts(), IsEmpty());
  EXPECT_TRUE(InFile(id));
  EXPECT_THAT(Removals(), SizeIs(1));
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("runs/" + run_ + "/analyses/" + id)));
  EXPECT_FALSE(InFile(id));
  EXPECT_FALSE(storage_.captures->Exists(run_, id));
  EXPECT_THAT(Removals(), IsEmpty());
  EXPECT_THAT(Boot(), IsEmpty());
}

TEST_F(Housekeeping_Test, BytesOfADeletedAnalysisGoWithinADay) {
  const std::string id = Answered();
  files_.gate.Fail(1, absl::ResourceExhaustedError("no space left"));
  EXPECT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_TRUE(InFile(id));
  PassAndCrash(limits::kHousekeepingInterval + absl::Minutes(1));
  EXPECT_FALSE(InFile(id));
  EXPECT_THAT(Removals(), IsEmpty());
}

TEST_F(Housekeeping_Test, UnreadableFileKeepsItsRemovalAndStopsNoStart) {
  const std::string id = Answered();
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "a bit flipped"); });
  EXPECT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("a bit flipped")));
  files_.open_gate.Open();
  Boot();
  EXPECT_FALSE(InFile(id));
}

TEST_F(Housekeeping_Test, FilesOfARemovedRunGoAtTheStart) {
  const std::string id = Answered();
  PutCapture(id);
  ASSERT_TRUE(
      storage_.catalog->Write([&](storage::CatalogTransaction& transaction) { return transaction.runs().Remove(run_); })
          .ok());
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("runs/" + run_)));
  EXPECT_FALSE(storage_.run_files->Exists(run_));
  EXPECT_FALSE(storage_.captures->Exists(run_, id));
  EXPECT_THAT(Boot(), IsEmpty());
}

TEST_F(Housekeeping_Test, WhatTheCatalogKnowsIsNeverRemoved) {
  const std::string id = Answered();
  const std::string set = Upload();
  ASSERT_TRUE(storage_.catalog
                  ->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
                    EXPECT_TRUE(transaction.removals().Put({run_, "", ""}).ok());
                    EXPECT_TRUE(transaction.removals().Put({run_, id, ""}).ok());
                    return transaction.removals().Put({"", "", set});
                  })
                  .ok());
  Boot();
  EXPECT_TRUE(InFile(id));
  EXPECT_TRUE(HasText(set));
  EXPECT_THAT(Removals(), IsEmpty());
}

// The file of a run that ended while another program read it stayed with its WAL beside it for ever, and a copy of it
// was empty.
TEST_F(Housekeeping_Test, FileThatWasReadAtItsRunsEndIsSealedLater) {
  const std::string id = Answered();
  files_.seal_gate.Set([] { return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY", "in use"); });
  ASSERT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_EQ(NextSeal().wait_for(FakeWorkerPool::kPatience), std::future_status::ready);
}

// What a server that was killed left so is nobody's to remember.
TEST_F(Housekeeping_Test, UnsealedFileThatNobodyRemembersIsSealedWithinADay) {
  files_.SetUnsealed({run_});
  const std::future<void> seals = NextSeal();
  clock_.Pass(limits::kHousekeepingInterval + absl::Minutes(1));
  EXPECT_EQ(seals.wait_for(FakeWorkerPool::kPatience), std::future_status::ready);
}

TEST_F(Housekeeping_Test, UnsealedFileOfAnEndedRunIsSealedAtTheStart) {
  const std::string waiting = Id(Create().name());
  files_.SetUnsealed({run_, waiting, "unknown"});
  const std::vector<std::string> repairs = Boot();
  EXPECT_THAT(repairs, Contains(HasSubstr("runs/" + run_ + ": its file is sealed")));
  EXPECT_THAT(repairs, Not(Contains(HasSubstr(waiting + ": its file is sealed"))));
}

// Deleting a run hides it with all that it has; undelete brings everything back, also after housekeeping.
TEST_F(Housekeeping_Test, DeletedRunComesBackWhole) {
  const std::string id = Answered();
  PutCapture(id);
  const auto facts = Facts();
  ASSERT_TRUE(manager_->runs().Delete(Ada(), run_).ok());
  EXPECT_THAT(Facts(), IsEmpty());
  clock_.Jump(10 * limits::kHistoryRetention);
  Boot();
  ASSERT_TRUE(manager_->runs().Undelete(Ada(), run_).ok());
  EXPECT_EQ(Facts(), facts);
  EXPECT_TRUE(InFile(id));
  EXPECT_TRUE(storage_.captures->Exists(run_, id));
}

}  // namespace
}  // namespace sumscope::jobs
