#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/results/run_list_fields.h"
#include "storage/sqlite/filter/filter_fields.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

class ListRuns_Test : public BackendTest {
 protected:
  ListRuns_Test() {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      for (int i = 0; i < 10; ++i) {
        v1::Run run = MakeRun("r" + std::to_string(i), i / 2);
        run.mutable_spec()->set_n_digits(5 + i);
        run.set_state(i < 3 ? v1::RUNNING : v1::SUCCEEDED);
        if (i >= 5) run.set_heldout_loss(1.0 / i);
        if (i % 3 == 0) (*run.mutable_labels())["purpose"] = i == 0 ? "test" : "paper";
        if (i == 9) *run.mutable_delete_time() = run.create_time();
        EXPECT_TRUE(transaction.runs().Insert(run).ok());
      }
      return absl::OkStatus();
    });
  }

  absl::StatusOr<RunPage> List(const RunQuery& query) {
    absl::StatusOr<RunPage> page = absl::UnknownError("");
    (void)catalog().Read([&](CatalogReader& reader) {
      page = reader.runs().List(Viewer::Server(), query);
      return absl::OkStatus();
    });
    return page;
  }

  std::set<std::string> Ids(const std::string& filter) {
    RunQuery query;
    query.filter = filter;
    const auto page = List(query);
    EXPECT_TRUE(page.ok()) << filter << ": " << page.status();
    std::set<std::string> ids;
    if (page.ok()) {
      for (const v1::Run& run : page->runs) ids.insert(run.name().substr(5));
    }
    return ids;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(ListRuns_Test);

using Set = std::set<std::string>;

TEST_P(ListRuns_Test, FiltersMeanWhatTheySay) {
  EXPECT_EQ(Ids("state = RUNNING"), (Set{"r0", "r1", "r2"}));
  EXPECT_EQ(Ids("spec.n_digits >= 12 AND state = SUCCEEDED"), (Set{"r7", "r8"}));
  EXPECT_EQ(Ids("spec.n_digits = 5 OR spec.n_digits = 6"), (Set{"r0", "r1"}));
  // OR binds tighter than AND.
  EXPECT_EQ(Ids("state = RUNNING AND spec.n_digits = 5 OR spec.n_digits = 13"), (Set{"r0"}));
  EXPECT_EQ(Ids("labels.purpose = \"test\""), (Set{"r0"}));
  EXPECT_EQ(Ids("labels.purpose:*"), (Set{"r0", "r3", "r6"}));
  EXPECT_EQ(Ids("state = RUNNING AND NOT labels.purpose = \"test\""), (Set{"r1", "r2"}));
  EXPECT_EQ(Ids("metrics.heldout_loss < 0.15"), (Set{"r7", "r8"}));
  EXPECT_EQ(Ids("NOT metrics.heldout_loss < 0.15").size(), 7u) << "absent is not below";
  EXPECT_EQ(Ids("spec.format = signed AND spec.schedule = paper2").size(), 9u);
  EXPECT_EQ(Ids("spec.steps > 14999 AND spec.learning_rate < 1e-4").size(), 9u);
  EXPECT_EQ(Ids("model_name = \"add_d5*\"").size(), 9u) << "wildcards";
  EXPECT_EQ(Ids("create_time >= \"2023-11-14T22:13:24Z\""), (Set{"r8"}));
  EXPECT_EQ(Ids("id = r8"), (Set{"r8"}));
}

// 31 parentheses, one fewer than are allowed, were INTERNAL STORAGE_ERROR: more than the stack of SQLite's parser
// holds.
TEST_P(ListRuns_Test, GivenTheDeepestFilterThenItMeansWhatItSays) {
  constexpr size_t kParentheses = limits::kMaxFilterDepth - 1;
  std::string nested, negated;
  for (size_t i = 0; i < kParentheses; ++i) {
    absl::StrAppend(&nested, "state = RUNNING AND id = r9 OR (");
    absl::StrAppend(&negated, "NOT ");
  }
  EXPECT_EQ(Ids(absl::StrCat(nested, "labels.purpose = \"test\"", std::string(kParentheses, ')'))), (Set{"r0"}));
  EXPECT_EQ(Ids(absl::StrCat(negated, "id = r1")).size(), 8u) << "an odd number of NOTs, and one run is deleted";
}

// `create_time > 2026-11-22` was refused: a plain date is a day. The runs are of seconds 20 to 24 past 22:13.
TEST_P(ListRuns_Test, GivenADayThenItMeansTheWholeDay) {
  Write([](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("later", 86'400)); });
  const Set earlier = Ids("create_time < 2023-11-15");
  EXPECT_EQ(earlier.size(), 9u);
  EXPECT_EQ(Ids("create_time = 2023-11-14"), earlier);
  EXPECT_EQ(Ids("create_time <= 2023-11-14"), earlier);
  EXPECT_EQ(Ids("create_time != 2023-11-15"), earlier);
  EXPECT_EQ(Ids("create_time > 2023-11-14"), (Set{"later"}));
  EXPECT_EQ(Ids("create_time >= 2023-11-14").size(), 10u);
  EXPECT_EQ(Ids("create_time > \"2023-11-15\""), Set());
  for (const char* text : {"2023-11", "2023-13-01", "11-14", "yesterday", "9999999-01-01", "0000-01-01"}) {
    RunQuery query;
    query.filter = absl::StrCat("create_time > ", text);
    EXPECT_EQ(ErrorReason(List(query).status()), "FILTER_INVALID") << text;
  }
}

// `runs list --fields` promises what the server takes.
TEST_P(ListRuns_Test, GivenTheFieldsThatPeopleAreToldThenEachFiltersAndOrdersAsTheySay) {
  std::set<std::string> told;
  for (const RunListField& field : RunListFields()) {
    RunQuery query;
    query.filter = field.name + ":*";
    EXPECT_TRUE(List(query).ok()) << field.name;
    query = {};
    query.order_by = field.name;
    EXPECT_EQ(List(query).ok(), field.orders) << field.name;
    EXPECT_TRUE(told.insert(field.name).second) << field.name << " is told twice";
  }
  for (const FilterField& field : RunFilterFields({}).fields) EXPECT_EQ(told.count(field.name), 1u) << field.name;
}

TEST_P(ListRuns_Test, BadFiltersAndOrdersAreRefused) {
  for (const char* filter : {"colour = red", "state =", "state = (", "spec.n_digits = many", "state < RUNNING AND",
                             "state = WALKING", "((((state = RUNNING)"}) {
    RunQuery query;
    query.filter = filter;
    EXPECT_EQ(ErrorReason(List(query).status()), "FILTER_INVALID") << filter;
  }
  RunQuery query;
  query.order_by = "colour";
  EXPECT_EQ(ErrorReason(List(query).status()), "ORDER_INVALID");
}

TEST_P(ListRuns_Test, EveryOrderPagesThroughEverythingOnce) {
  for (const char* order :
       {"", "create_time asc", "model_name", "state desc", "metrics.heldout_loss", "metrics.heldout_loss desc",
        "end_time desc", "accuracy", "accuracy desc", "nines", "nines desc", "reads_to desc", "sure_to"}) {
    RunQuery query;
    query.order_by = order;
    query.page_size = 2;
    query.show_deleted = true;
    std::vector<std::string> seen;
    do {
      const auto page = List(query);
      ASSERT_TRUE(page.ok()) << order << page.status();
      for (const v1::Run& run : page->runs) seen.push_back(run.name());
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    EXPECT_EQ(seen.size(), 10u) << order;
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 10u) << order;
  }
}

// What the answers of a run said was nowhere to be listed by.
TEST_P(ListRuns_Test, WhenAnswersHaveHeadlinesThenRunsShowThoseOfTheNewestCheckpointAndAreFoundByThem) {
  const auto put = [](const std::string& run, uint64_t step, const std::string& analysis, const Headline& headline) {
    return [=](CatalogTransaction& transaction) { return transaction.headlines().Put(run, step, analysis, headline); };
  };
  const auto accuracy = [](double exact, uint32_t nines) { return Headline{{{exact, 10'000, nines}}, {}}; };
  Write(put("r1", 100, "a1", accuracy(0.9986, 2)));
  Write(put("r1", 100, "a2", accuracy(0.9987, 2)));
  Write(put("r1", 10, "a3", accuracy(0.5, 0)));  // of an older checkpoint
  Write(put("r1", 50, "a4", Headline{{}, {{3, 2, false}}}));
  Write(put("r2", 100, "a1", accuracy(1, 4)));
  Write(put("r2", 100, "a2", Headline{{}, {{5, 5, true}}}));
  Write([](CatalogTransaction& transaction) -> absl::Status {  // another change of the run leaves them alone
    auto run = transaction.runs().Get(Viewer::Server(), "r1");
    run->clear_accuracy();
    return transaction.runs().Update(*run);
  });
  Reopen();
  const auto page = List({"", "accuracy desc", false, 50, ""});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->runs[0].name(), "runs/r2");
  const v1::Run& run = page->runs[1];
  EXPECT_EQ(run.name(), "runs/r1");
  EXPECT_EQ(run.accuracy(), 0.9987);
  EXPECT_EQ(run.accuracy_questions(), 10'000u);
  EXPECT_EQ(run.nines(), 2u);
  EXPECT_EQ(run.reads_to(), 3u);
  EXPECT_EQ(run.sure_to(), 2u);
  EXPECT_TRUE(run.has_look_back_exact());
  EXPECT_FALSE(run.look_back_exact());
  EXPECT_FALSE(page->runs[2].has_accuracy());
  EXPECT_EQ(Ids("accuracy > 0.999"), (Set{"r2"}));
  EXPECT_EQ(Ids("nines >= 2 AND reads_to = 3"), (Set{"r1"}));
  EXPECT_EQ(Ids("look_back_exact = true OR sure_to < 3"), (Set{"r1", "r2"}));
  EXPECT_EQ(Ids("accuracy:*"), (Set{"r1", "r2"}));

  // `runs list --sort-by accuracy` ranked a trained run by what it could at step 500.
  Write([](CatalogTransaction& transaction) -> absl::Status {
    auto trained = transaction.runs().Get(Viewer::Server(), "r1");
    trained->set_state(v1::SUCCEEDED);
    trained->set_steps_done(100);
    return transaction.runs().Update(*trained);
  });
  EXPECT_EQ(Ids("reads_to:*"), (Set{"r2"})) << "that of r1 is of step 50";
  EXPECT_EQ(Ids("accuracy:*"), (Set{"r1", "r2"}));
  Write([](CatalogTransaction& transaction) { return transaction.analyses().Remove("r1", "a2"); });
  EXPECT_EQ(Ids("accuracy = 0.9986"), (Set{"r1"})) << "the one before";
  for (const char* id : {"a1", "a3"}) {
    Write([id](CatalogTransaction& transaction) { return transaction.analyses().Remove("r1", id); });
  }
  EXPECT_EQ(Ids("accuracy:*"), (Set{"r2"}));
  Write([](CatalogTransaction& transaction) { return transaction.runs().Remove("r2"); });
  EXPECT_EQ(Ids("accuracy:*"), (Set{}));
}

// A cancelled run showed what it could at step 0.
TEST_P(ListRuns_Test, WhenARunHasALaterCheckpointThenItShowsNoHeadlineOfAnEarlierOne) {
  const auto put = [&](uint64_t step, const std::string& analysis, double exact) {
    Write([&](CatalogTransaction& transaction) {
      return transaction.headlines().Put("r1", step, analysis, {Headline::Accuracy{exact, 10'000, 0}, {}});
    });
  };
  const auto checkpoint = [&](uint64_t step) {
    Write([&](CatalogTransaction& transaction) { return transaction.runs().PutLastCheckpoint("r1", step); });
  };
  checkpoint(0);
  put(0, "a1", 0.001);
  EXPECT_EQ(Ids("accuracy:*"), (Set{"r1"}));
  checkpoint(50);
  EXPECT_EQ(Ids("accuracy:*"), (Set{}));
  put(50, "a2", 0.5);
  EXPECT_EQ(Ids("accuracy = 0.5"), (Set{"r1"}));
}

// Five questions a digit, which say nothing, hid a verdict from a thousand.
TEST_P(ListRuns_Test, WhenACheckpointHasSeveralVerdictsThenTheRunShowsThatOfMostQuestions) {
  const auto put = [&](const std::string& analysis, bool exact, uint32_t questions) {
    Write([&](CatalogTransaction& transaction) {
      return transaction.headlines().Put("r1", 50, analysis, {{}, Headline::LookBack{5, 5, exact, questions}});
    });
  };
  put("a1", true, 1000);
  put("a2", false, 50);
  EXPECT_EQ(Ids("look_back_exact = true"), (Set{"r1"}));
  put("a3", false, 1000);
  EXPECT_EQ(Ids("look_back_exact = false"), (Set{"r1"})) << "of as many, the last that came";
}

// A single question, asked out of curiosity, made the accuracy of a run 100 %.
TEST_P(ListRuns_Test, WhenACheckpointHasSeveralEvaluationsThenTheRunShowsThatOfMostQuestions) {
  const auto put = [&](uint64_t step, const std::string& analysis, double exact, uint32_t questions) {
    Write([&](CatalogTransaction& transaction) {
      return transaction.headlines().Put("r1", step, analysis, {Headline::Accuracy{exact, questions, 0}, {}});
    });
  };
  put(50, "a1", 0.5, 1'000'000);
  put(100, "a2", 0.9, 10'000);
  put(100, "a3", 1, 1);
  EXPECT_EQ(Ids("accuracy = 0.9"), (Set{"r1"}));
  put(100, "a4", 0.8, 10'000);
  EXPECT_EQ(Ids("accuracy = 0.8"), (Set{"r1"})) << "of as many the one that came last";
  put(200, "a5", 0.95, 10);
  EXPECT_EQ(Ids("accuracy = 0.95"), (Set{"r1"})) << "of the newest checkpoint";
}

TEST_P(ListRuns_Test, InsertsBetweenPagesNeitherRepeatNorHideRuns) {
  RunQuery query;
  query.page_size = 4;
  auto page = List(query);
  ASSERT_EQ(page->runs.size(), 4u);
  EXPECT_EQ(page->runs[0].name(), "runs/r8");
  Write([](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("newer", 1000)); });
  query.page_token = page->next_page_token;
  page = List(query);
  EXPECT_EQ(page->runs[0].name(), "runs/r4");
}

TEST_P(ListRuns_Test, TokensBelongToTheirQuery) {
  RunQuery query;
  query.page_size = 2;
  const std::string token = List(query)->next_page_token;
  query.page_token = token;
  query.filter = "state = RUNNING";
  EXPECT_EQ(ErrorReason(List(query).status()), "PAGE_TOKEN_INVALID");
  query.filter.clear();
  query.order_by = "model_name";
  EXPECT_EQ(ErrorReason(List(query).status()), "PAGE_TOKEN_INVALID");
  query.order_by.clear();
  for (const std::string& bad : {std::string("x"), token + "A", std::string(5000, 'a')}) {
    query.page_token = bad;
    EXPECT_EQ(ErrorReason(List(query).status()), "PAGE_TOKEN_INVALID");
  }
}

TEST_P(ListRuns_Test, PrefixAndLatestSkipDeletedRuns) {
  (void)catalog().Read([](CatalogReader& reader) {
    EXPECT_EQ(reader.runs().Find(Viewer::Server(), "r", RunsFirst::kLiving, 100)->size(), 9u);
    EXPECT_EQ(*reader.runs().Find(Viewer::Server(), "r3", RunsFirst::kLiving, 100), std::vector<std::string>{"r3"});
    EXPECT_EQ(reader.runs().Find(Viewer::Server(), "r", RunsFirst::kLiving, 2)->size(), 2u);
    EXPECT_EQ(*reader.runs().Find(Viewer::Server(), "r9", RunsFirst::kLiving, 2), std::vector<std::string>{"r9"})
        << "there is no other";
    EXPECT_EQ(*reader.runs().Find(Viewer::Server(), "r", RunsFirst::kDeleted, 2), std::vector<std::string>{"r9"});
    EXPECT_EQ(*reader.runs().Find(Viewer::Server(), "r3", RunsFirst::kDeleted, 2), std::vector<std::string>{"r3"})
        << "there is no other";
    EXPECT_EQ(*reader.runs().Latest(Viewer::Server(), "ada"), "r8");
    EXPECT_EQ(*reader.runs().Latest(Viewer::Server(), "bob"), "");
    return absl::OkStatus();
  });
}

}  // namespace
}  // namespace sumscope::storage
