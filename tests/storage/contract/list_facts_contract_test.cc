#include <set>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

v1::NodeTag Tag(const std::string& node, const std::string& tag) {
  v1::NodeTag result;
  result.set_node(node);
  result.set_tag(tag);
  return result;
}

absl::Time At(int second) { return absl::FromUnixSeconds(second); }

class ListFacts_Test : public BackendTest {
 protected:
  ListFacts_Test() {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      for (int i = 1; i <= 2; ++i) {
        v1::Run run = MakeRun("r" + std::to_string(i));
        run.mutable_spec()->set_n_layers(static_cast<uint32_t>(i));
        run.set_owner(i == 1 ? "ada" : "bob");
        run.set_model_name(i == 1 ? "add_one" : "mix_two");
        (*run.mutable_labels())["purpose"] = i == 1 ? "test" : "paper";
        EXPECT_TRUE(transaction.runs().Insert(run).ok());
      }
      EXPECT_TRUE(transaction.facts()
                      .Put("r1", 10, "a1",
                           {Tag("P14L0MLP", "Fail%:3"), Tag("P14L0H1", "Algo:A2.SC"), Tag("P14L0H10", "Algo:A2.SA"),
                            Tag("P09L0H2", "Algo:A1.SA"), Tag("P14L0H1", "Algo:A2.SC")},
                           At(5))
                      .ok());
      EXPECT_TRUE(
          transaction.facts().Put("r1", 10, "a2", {Tag("P14L0H1", "Algo:A2.SC"), Tag("P14L0H1", "Plain")}, At(6)).ok());
      return transaction.facts().Put("r2", 20, "b1", {Tag("P10L1H0", "Algo:A2.SC")}, At(7));
    });
  }

  absl::StatusOr<FactPage> List(const FactQuery& query) {
    absl::StatusOr<FactPage> page = absl::UnknownError("");
    (void)catalog().Read([&](CatalogReader& reader) {
      page = reader.facts().List(Viewer::Server(), query);
      return absl::OkStatus();
    });
    return page;
  }

  // "run node tag analysis" of each fact, in order.
  std::vector<std::string> Facts(const std::string& filter) {
    const auto page = List({filter, 100, ""});
    EXPECT_TRUE(page.ok()) << filter << ": " << page.status();
    std::vector<std::string> facts;
    if (page.ok()) {
      for (const v1::NodeFact& fact : page->facts) {
        facts.push_back(fact.run().substr(5) + " " + fact.node() + " " + fact.tag() + " " +
                        fact.analysis().substr(fact.analysis().rfind('/') + 1));
      }
    }
    return facts;
  }
  size_t Count(const std::string& filter) { return Facts(filter).size(); }
};
SUMSCOPE_ON_EVERY_BACKEND(ListFacts_Test);

TEST_P(ListFacts_Test, OrderIsByRunPositionLayerHeadsFirstThenTag) {
  Reopen();
  EXPECT_EQ(Facts(""),
            (std::vector<std::string>{"r1 P9L0H2 Algo:A1.SA a1", "r1 P14L0H1 Algo:A2.SC a1", "r1 P14L0H1 Algo:A2.SC a2",
                                      "r1 P14L0H1 Plain a2", "r1 P14L0H10 Algo:A2.SA a1", "r1 P14L0MLP Fail%:3 a1",
                                      "r2 P10L1H0 Algo:A2.SC b1"}));
}

TEST_P(ListFacts_Test, FactComesBackWhole) {
  const auto page = List({"run.name = r2", 10, ""});
  ASSERT_EQ(page->facts.size(), 1u);
  const v1::NodeFact& fact = page->facts[0];
  EXPECT_EQ(fact.run(), "runs/r2");
  EXPECT_EQ(fact.model_name(), "mix_two");
  EXPECT_EQ(fact.checkpoint(), "runs/r2/checkpoints/20");
  EXPECT_EQ(fact.analysis(), "runs/r2/analyses/b1");
  EXPECT_EQ(fact.position(), 10u);
  EXPECT_EQ(fact.layer(), 1u);
  EXPECT_TRUE(fact.is_head());
  EXPECT_EQ(fact.num(), 0u);
  EXPECT_EQ(fact.kind(), "Algo");
  EXPECT_EQ(fact.value(), "A2.SC");
  EXPECT_EQ(fact.task(), "A2.SC");
  EXPECT_EQ(fact.create_time().seconds(), 7);
}

TEST_P(ListFacts_Test, EveryFieldFilters) {
  EXPECT_EQ(Count("task = \"A2.SC\""), 3u);
  EXPECT_EQ(Count("task = \"*.SA\""), 2u) << "wildcards";
  EXPECT_EQ(Count("tag = \"Fail%:3\""), 1u);
  EXPECT_EQ(Count("kind = Algo"), 5u);
  EXPECT_EQ(Count("kind = Plain AND value = \"\" AND task = \"\""), 1u);
  EXPECT_EQ(Count("value = \"3\""), 1u);
  EXPECT_EQ(Count("node = P14L0H1"), 3u);
  EXPECT_EQ(Count("position < 14"), 2u);
  EXPECT_EQ(Count("layer = 1"), 1u);
  EXPECT_EQ(Count("is_head = false"), 1u);
  EXPECT_EQ(Count("num >= 2"), 2u);
  EXPECT_EQ(Count("run.name = \"runs/r1\""), 6u);
  EXPECT_EQ(Count("run.model_name = \"mix*\""), 1u);
  EXPECT_EQ(Count("run.owner = ada"), 6u);
  EXPECT_EQ(Count("run.labels.purpose = paper"), 1u);
  EXPECT_EQ(Count("run.labels:purpose"), 7u);
  EXPECT_EQ(Count("run.n_layers = 1"), 6u);
  EXPECT_EQ(Count("task = \"A2.SC\" AND run.n_layers = 1"), 2u);
  EXPECT_EQ(Count("run.operation = ADD"), 7u);
}

// Texts were compared: 'value >= 50' held for 6 and 9, and not for 100.
TEST_P(ListFacts_Test, ValuesOrderAsNumbersAgainstANumber) {
  Write([](CatalogTransaction& transaction) {
    return transaction.facts().Put("r2", 20, "b2",
                                   {Tag("P1L0H0", "Fail%:6"), Tag("P2L0H0", "Fail%:50"), Tag("P3L0H0", "Fail%:100"),
                                    Tag("P4L0H0", "Fail%:0.5"), Tag("P5L0H0", "Impact:A60"), Tag("P6L0H0", "X:1.2.3")},
                                   At(8));
  });
  EXPECT_EQ(Facts("run.name = r2 AND value >= 50"),
            (std::vector<std::string>{"r2 P2L0H0 Fail%:50 b2", "r2 P3L0H0 Fail%:100 b2"}));
  EXPECT_EQ(Count("run.name = r2 AND value > 50"), 1u);
  EXPECT_EQ(Count("value < 6"), 2u) << "3 and 0.5";
  EXPECT_EQ(Count("run.name = r2 AND value <= \"6.0\""), 2u);
  EXPECT_EQ(Count("run.name = r2 AND value >= A6"), 1u) << "texts order as texts";
  EXPECT_EQ(Count("value = 50"), 1u);
  EXPECT_EQ(Count("value:\"2.3\""), 1u);
}

TEST_P(ListFacts_Test, AndOrNotMeanWhatTheySay) {
  EXPECT_EQ(Count("task = \"A2.SA\" OR task = \"A1.SA\""), 2u);
  EXPECT_EQ(Count("run.name = r1 AND NOT task = \"A2.SC\""), 4u);
  EXPECT_EQ(Count("layer = 1 OR is_head = false AND kind = Algo"), 1u) << "OR binds tighter";
  EXPECT_EQ(Count("-run.labels.purpose = test"), 1u);
}

TEST_P(ListFacts_Test, UnknownFieldIsRefusedAndTheNearestNamed) {
  const auto n_layers = List({"n_layers = 1", 10, ""}).status();
  EXPECT_EQ(ErrorReason(n_layers), "FILTER_INVALID");
  EXPECT_NE(n_layers.message().find("run.n_layers"), absl::string_view::npos) << n_layers;
  EXPECT_NE(List({"tsk = x", 10, ""}).status().message().find("\"task\""), absl::string_view::npos);
  EXPECT_NE(List({"run.labels = x", 10, ""}).status().message().find("run.labels.KEY"), absl::string_view::npos);
  for (const char* filter :
       {"spec.n_layers = 1", "labels.purpose = test", "state = RUNNING", "position = high", "task ="})
    EXPECT_EQ(ErrorReason(List({filter, 10, ""}).status()), "FILTER_INVALID") << filter;
}

TEST_P(ListFacts_Test, PagesGoThroughEverythingOnceAndTokensBelongToTheirFilter) {
  for (const char* filter : {"", "kind = Algo"}) {
    FactQuery query{filter, 2, ""};
    std::vector<std::string> seen;
    do {
      const auto page = List(query);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->facts.size(), 2u);
      for (const v1::NodeFact& fact : page->facts) seen.push_back(fact.analysis() + fact.node() + fact.tag());
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    EXPECT_EQ(seen.size(), Count(filter));
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
  }
  const std::string token = List({"", 2, ""})->next_page_token;
  EXPECT_EQ(ErrorReason(List({"kind = Algo", 2, token}).status()), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(ErrorReason(List({"", 2, token + "A"}).status()), "PAGE_TOKEN_INVALID");
}

TEST_P(ListFacts_Test, DeletedRunIsHiddenAndARemovedOneForgotten) {
  v1::Run run = MakeRun("r2");
  *run.mutable_delete_time() = run.create_time();
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Update(run); });
  EXPECT_EQ(Count(""), 6u);
  run.clear_delete_time();
  Write([&](CatalogTransaction& transaction) { return transaction.runs().Update(run); });
  EXPECT_EQ(Count(""), 7u) << "undeleted";
  Write([](CatalogTransaction& transaction) { return transaction.runs().Remove("r2"); });
  Write([](CatalogTransaction& transaction) { return transaction.runs().Insert(MakeRun("r2")); });
  EXPECT_EQ(Count(""), 6u);
}

TEST_P(ListFacts_Test, FactsOfAnAnalysisAreReplaced) {
  Write([](CatalogTransaction& transaction) {
    return transaction.facts().Put("r1", 10, "a1", {Tag("P3L0MLP", "Fail%:1")}, At(9));
  });
  EXPECT_EQ(Facts("run.name = r1"),
            (std::vector<std::string>{"r1 P3L0MLP Fail%:1 a1", "r1 P14L0H1 Algo:A2.SC a2", "r1 P14L0H1 Plain a2"}));
}

TEST_P(ListFacts_Test, BadFactsAreRefusedAndNothingOfTheirWriteStays) {
  for (const v1::NodeTag& bad :
       {Tag("L0H1", "x"), Tag("P1L0", "x"), Tag("P1L0H", "x"), Tag("P1L0H1x", "x"), Tag("P99999L0H1", "x"),
        Tag("P1L0H1", ""), Tag("P1L0H1", "a\nb"), Tag("P1L0H1", "a\033[2Jb"), Tag("P1L0H1", std::string(257, 'x'))}) {
    const absl::Status status = catalog().Write([&](CatalogTransaction& transaction) {
      return transaction.facts().Put("r1", 10, "a1", {Tag("P1L0H1", "good"), bad}, At(0));
    });
    EXPECT_EQ(ErrorReason(status), "FACT_INVALID") << bad.node();
  }
  EXPECT_EQ(Count(""), 7u);
  EXPECT_EQ(ErrorReason(catalog().Write([](CatalogTransaction& transaction) {
              return transaction.facts().Put("r9", 10, "a1", {Tag("P1L0H1", "x")}, At(0));
            })),
            "RUN_NOT_FOUND");
}

}  // namespace
}  // namespace sumscope::storage
