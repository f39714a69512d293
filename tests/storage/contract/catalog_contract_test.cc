#include <google/protobuf/util/message_differencer.h>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using google::protobuf::util::MessageDifferencer;

class Catalog_Test : public BackendTest {
 protected:
  v1::Run GetRun(const std::string& id) {
    v1::Run run;
    EXPECT_TRUE(catalog()
                    .Read([&](CatalogReader& reader) {
                      auto found = reader.runs().Get(Viewer::Server(), id);
                      if (found.ok()) run = *found;
                      return found.status();
                    })
                    .ok());
    return run;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Catalog_Test);

TEST_P(Catalog_Test, RunComesBackWhole) {
  v1::Run run = MakeRun("r1");
  (*run.mutable_labels())["purpose"] = "test \"quoted\"";
  run.set_loss(0.25);
  run.set_heldout_loss(1e-9);
  run.set_state_detail("detail\nof two lines");
  *run.mutable_end_time() = run.create_time();
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Insert(run); });
  Reopen();
  EXPECT_TRUE(MessageDifferencer::Equals(GetRun("r1"), run)) << GetRun("r1").DebugString();
}

TEST_P(Catalog_Test, UpdateReplacesAndRemovalForgets) {
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("r1")); });
  v1::Run run = MakeRun("r1");
  run.set_state(v1::RUNNING);
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Update(run); });
  EXPECT_EQ(GetRun("r1").state(), v1::RUNNING);
  EXPECT_EQ(ErrorReason(catalog().Write([&](auto& transaction) { return transaction.runs().Insert(run); })),
            "RUN_EXISTS");
  EXPECT_EQ(ErrorReason(catalog().Write([&](auto& transaction) { return transaction.runs().Update(MakeRun("r2")); })),
            "RUN_NOT_FOUND");
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Remove("r1"); });
  EXPECT_EQ(
      ErrorReason(catalog().Read([&](auto& reader) { return reader.runs().Get(Viewer::Server(), "r1").status(); })),
      "RUN_NOT_FOUND");
}

TEST_P(Catalog_Test, FailedTransactionLeavesNothing) {
  const absl::Status status = catalog().Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.runs().Get(Viewer::Server(), "r1").ok()) << "a transaction reads what it wrote";
    return absl::AbortedError("no");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(
      ErrorReason(catalog().Read([&](auto& reader) { return reader.runs().Get(Viewer::Server(), "r1").status(); })),
      "RUN_NOT_FOUND");
}

TEST_P(Catalog_Test, JobsKeepTheirQueueOrderAndTheTransitionTable) {
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    for (const char* id : {"jb", "ja", "jc"}) {
      Job job = MakeJob(id, "r1");
      EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
      EXPECT_GT(job.queue_position, 0u);
    }
    return absl::OkStatus();
  });
  Job job = MakeJob("ja", "r1");
  job.state = v1::SUCCEEDED;
  job.slot = "cpu0";
  Write([&](CatalogTransaction& transaction) { return transaction.jobs().Update(job); });
  job.state = v1::RUNNING;
  EXPECT_EQ(ErrorReason(catalog().Write([&](auto& transaction) { return transaction.jobs().Update(job); })),
            "ILLEGAL_TRANSITION");
  Reopen();
  EXPECT_TRUE(catalog()
                  .Read([](CatalogReader& reader) {
                    const auto jobs = reader.jobs().ListUnfinished(Viewer::Server());
                    EXPECT_EQ(jobs->size(), 2u);
                    EXPECT_EQ(jobs->front().id, "jb");
                    EXPECT_EQ(reader.jobs().Get(Viewer::Server(), "ja")->state, v1::SUCCEEDED);
                    EXPECT_EQ(reader.jobs().Get(Viewer::Server(), "ja")->slot, "cpu0");
                    EXPECT_EQ(reader.jobs().GetTraining(Viewer::Server(), "r1")->id, "jc") << "the latest";
                    EXPECT_EQ(ErrorReason(reader.jobs().Get(Viewer::Server(), "jz").status()), "JOB_NOT_FOUND");
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_P(Catalog_Test, EventsAreInOrderAndExpireByPruning) {
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    for (int i = 0; i < 6; ++i) {
      Event event;
      event.run = i % 2 == 0 ? "r1" : "r2";
      event.time = absl::FromUnixSeconds(100 + i);
      event.change.set_state(v1::RUNNING);
      EXPECT_TRUE(transaction.events().Append(&event).ok());
      EXPECT_EQ(event.sequence, static_cast<uint64_t>(i + 1));
    }
    return absl::OkStatus();
  });
  const auto count = [&](const std::string& run, uint64_t after) -> absl::StatusOr<size_t> {
    absl::StatusOr<size_t> size = absl::UnknownError("");
    (void)catalog().Read([&](CatalogReader& reader) {
      const auto events = reader.events().List(Viewer::Server(), run, after, 100);
      if (events.ok()) {
        size = events->size();
      } else {
        size = events.status();
      }
      return absl::OkStatus();
    });
    return size;
  };
  EXPECT_EQ(*count("", 0), 6u);
  EXPECT_EQ(*count("r1", 1), 2u);
  Write([](CatalogTransaction& transaction) { return transaction.events().Prune(absl::FromUnixSeconds(103)); });
  EXPECT_EQ(*count("", 3), 3u);
  EXPECT_EQ(ErrorReason(count("", 2).status()), "RESUME_TOKEN_EXPIRED");
  EXPECT_EQ(*count("", 0), 3u) << "the start of what there is never expires";
}

TEST_P(Catalog_Test, OldRequestsAreForgotten) {
  Write([](CatalogTransaction& transaction) {
    return transaction.requests().Insert({"id", "digest", "runs/r1", "ada"});
  });
  const auto is_known = [&] {
    bool known = false;
    EXPECT_TRUE(
        catalog()
            .Read([&](auto& reader) { return known = reader.requests().Find("id")->has_value(), absl::OkStatus(); })
            .ok());
    return known;
  };
  Write([](CatalogTransaction& transaction) { return transaction.requests().Prune(absl::Now() - absl::Hours(1)); });
  EXPECT_TRUE(is_known());
  Write([](CatalogTransaction& transaction) { return transaction.requests().Prune(absl::Now() + absl::Hours(1)); });
  EXPECT_FALSE(is_known());
}

TEST_P(Catalog_Test, RequestsAndAnalysesAreFoundAgain) {
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.requests().Insert({"id", "digest", "runs/r1", "ada"}).ok());
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a1", "key1")).ok());
    v1::Analysis failed = MakeAnalysis("r1", "a2", "key2", 1);
    failed.set_state(v1::FAILED);
    v1::Analysis stopping = MakeAnalysis("r1", "a0", "key1", 1);
    stopping.set_state(v1::CANCELLING);
    EXPECT_TRUE(transaction.analyses().Put(stopping).ok());
    return transaction.analyses().Put(failed);
  });
  Reopen();
  EXPECT_TRUE(catalog()
                  .Read([](CatalogReader& reader) {
                    EXPECT_EQ((*reader.requests().Find("id"))->resource, "runs/r1");
                    EXPECT_EQ((*reader.requests().Find("id"))->user, "ada");
                    EXPECT_FALSE(reader.requests().Find("other")->has_value());
                    EXPECT_EQ((*reader.analyses().Find(Viewer::Server(), "r1", "key1"))->name(), "runs/r1/analyses/a1");
                    EXPECT_FALSE(reader.analyses().Find(Viewer::Server(), "r1", "key2")->has_value())
                        << "a failed one is no answer";
                    EXPECT_EQ(reader.analyses().Get(Viewer::Server(), "r1", "a2")->state(), v1::FAILED);
                    EXPECT_EQ(ErrorReason(reader.analyses().Get(Viewer::Server(), "r1", "a3").status()),
                              "ANALYSIS_NOT_FOUND");
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_P(Catalog_Test, AnalysesArePagedNewestFirst) {
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r2")).ok());
    for (int i = 0; i < 7; ++i) {
      EXPECT_TRUE(
          transaction.analyses()
              .Put(MakeAnalysis(i % 2 == 0 ? "r1" : "r2", "a" + std::to_string(i), "k" + std::to_string(i), i / 3))
              .ok());
    }
    return absl::OkStatus();
  });
  for (const std::string run : {"", "r1"}) {
    std::string token;
    size_t seen = 0;
    int64_t last = INT64_MAX;
    do {
      EXPECT_TRUE(catalog()
                      .Read([&](CatalogReader& reader) {
                        const auto page = reader.analyses().List(Viewer::Server(), {run, "", 2, token});
                        EXPECT_TRUE(page.ok()) << page.status();
                        for (const v1::Analysis& analysis : page->analyses) {
                          EXPECT_LE(analysis.create_time().seconds(), last);
                          last = analysis.create_time().seconds();
                          ++seen;
                        }
                        token = page->next_page_token;
                        return absl::OkStatus();
                      })
                      .ok());
    } while (!token.empty());
    EXPECT_EQ(seen, run.empty() ? 7u : 4u);
  }
}

TEST_P(Catalog_Test, AnalysesAreListedWithTheQuestionsOfShortLists) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    for (const int count : {1, 20, 21}) {
      v1::Analysis analysis = MakeAnalysis("r1", "a" + std::to_string(count), std::to_string(count), count);
      for (int i = 0; i < count; ++i) analysis.mutable_question_set()->mutable_list()->add_questions("12345+67890");
      analysis.mutable_question_set()->set_sha256("abc");
      EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    }
    return absl::OkStatus();
  });
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    const auto page = reader.analyses().List(Viewer::Server(), {"r1", "", 10, ""});
    EXPECT_EQ(page->analyses[0].question_set().list().questions_size(), 0) << "21, the newest";
    EXPECT_EQ(page->analyses[0].question_set().sha256(), "abc");
    EXPECT_EQ(page->analyses[1].question_set().list().questions_size(), 20);
    EXPECT_EQ(page->analyses[2].question_set().list().questions_size(), 1);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(Catalog_Test, AnalysesAreListedByKind) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r2")).ok());
    for (int i = 0; i < 6; ++i) {
      v1::Analysis analysis = MakeAnalysis(i < 3 ? "r1" : "r2", "a" + std::to_string(i), std::to_string(i), i % 2);
      analysis.set_analysis(i % 3 == 0 ? "evaluate" : "attention");
      EXPECT_TRUE(transaction.analyses().Put(analysis).ok());
    }
    return absl::OkStatus();
  });
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    EXPECT_EQ(reader.analyses().List(Viewer::Server(), {"", "evaluate", 10, ""})->analyses.size(), 2u);
    EXPECT_EQ(reader.analyses().List(Viewer::Server(), {"r1", "attention", 10, ""})->analyses.size(), 2u);
    EXPECT_TRUE(reader.analyses().List(Viewer::Server(), {"r1", "pca", 10, ""})->analyses.empty());
    const auto first = reader.analyses().List(Viewer::Server(), {"", "attention", 3, ""});
    EXPECT_EQ(reader.analyses().List(Viewer::Server(), {"", "attention", 3, first->next_page_token})->analyses.size(),
              1u);
    EXPECT_EQ(
        ErrorReason(reader.analyses().List(Viewer::Server(), {"", "evaluate", 3, first->next_page_token}).status()),
        "PAGE_TOKEN_INVALID");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(Catalog_Test, RemovedAnalysisTakesItsFactsAndItsJobAlong) {
  v1::NodeTag tag;
  tag.set_node("P9L0H1");
  tag.set_tag("Fail%:7");
  Write([&](CatalogTransaction& transaction) -> absl::Status {
    EXPECT_TRUE(transaction.runs().Insert(MakeRun("r1")).ok());
    EXPECT_TRUE(transaction.analyses().Put(MakeAnalysis("r1", "a1", "k1")).ok());
    Job training = MakeJob("j1", "r1");
    EXPECT_TRUE(transaction.jobs().Insert(&training).ok());
    Job job = MakeJob("j2", "r1");
    job.analysis = "a1";
    EXPECT_TRUE(transaction.jobs().Insert(&job).ok());
    return transaction.facts().Put("r1", 10, "a1", {tag}, absl::UnixEpoch());
  });
  Write([](CatalogTransaction& transaction) { return transaction.analyses().Remove("r1", "a1"); });
  Write([](CatalogTransaction& transaction) { return transaction.analyses().Remove("r1", ""); });
  const absl::Status status = catalog().Read([](CatalogReader& reader) {
    EXPECT_EQ(ErrorReason(reader.analyses().Get(Viewer::Server(), "r1", "a1").status()), "ANALYSIS_NOT_FOUND");
    EXPECT_FALSE(reader.analyses().Find(Viewer::Server(), "r1", "k1")->has_value());
    EXPECT_EQ(ErrorReason(reader.jobs().Get(Viewer::Server(), "j2").status()), "JOB_NOT_FOUND");
    EXPECT_TRUE(reader.jobs().Get(Viewer::Server(), "j1").ok()) << "the training's";
    EXPECT_TRUE(reader.facts().List(Viewer::Server(), {})->facts.empty());
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace sumscope::storage
