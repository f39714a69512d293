#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/canonical_json.h"
#include "tests/proto/contract/matchers.h"
#include "tests/proto/contract/specs.h"

namespace sumscope {
namespace {

// An analysis in text form, completed.
struct Asked {
  Asked(const v1::TrainSpec& spec, const std::string& request_text, const std::string& questions_text = "") {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text, &request)) << request_text;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(questions_text, &questions)) << questions_text;
    status = CompleteAnalysis(spec, &request, &questions);
    reason = ErrorReason(status);
  }
  v1::AnalysisRequest request;
  v1::QuestionSet questions;
  absl::Status status;
  std::string reason;
};

std::string Reason(const std::string& request, const std::string& questions = "", v1::Operation run = v1::ADD) {
  return Asked(TwoLayerSpec(run), request, questions).reason;
}

constexpr const char* kEvery[] = {"evaluate {}",
                                  "attention {}",
                                  "ablate { node_sets: 'P14,l0m0' }",
                                  "useful_nodes {}",
                                  "patch {}",
                                  "subtasks {}",
                                  "pca {}",
                                  "linear_probe { node: 'p14l0h1' feature: 'a2.sc' }",
                                  "attribution {}",
                                  "phases {}",
                                  "cascades {}",
                                  "algorithm {}",
                                  "capture { hooks: 'blocks.*.attn.hook_z' positions: '14' positions: 'P014' }",
                                  "import_tags { tags { node: 'P09L0M0' tag: 'Fail%:8' } }"};

TEST(CompleteProbes_Test, EveryKindThenCompletingTwiceChangesNothing) {
  for (const v1::Operation run : {v1::ADD, v1::MIX, v1::MAS}) {
    for (const char* text : kEvery) {
      Asked asked(TwoLayerSpec(run), text);
      ASSERT_THAT(asked.status, IsOk()) << text;
      const std::string request = CanonicalJson(asked.request), questions = CanonicalJson(asked.questions);
      ASSERT_THAT(CompleteAnalysis(TwoLayerSpec(run), &asked.request, &asked.questions), IsOk()) << text;
      EXPECT_EQ(CanonicalJson(asked.request), request);
      EXPECT_EQ(CanonicalJson(asked.questions), questions);
    }
  }
}

TEST(CompleteProbes_Test, EveryKindThenItsDefaultQuestions) {
  const auto questions = [](const char* text, v1::Operation run) {
    Asked asked(TwoLayerSpec(run), text);
    asked.questions.clear_sha256();
    return asked.status.ok() ? CanonicalJson(asked.questions) : asked.status.ToString();
  };
  const auto uniform = [](const char* operation, const char* count) {
    return std::string(R"({"operation":")") + operation + R"(","seed":"0","uniform":{"count":")" + count + R"("}})";
  };
  for (const char* kind : {"evaluate {}", "cascades {}"}) EXPECT_EQ(questions(kind, v1::MIX), uniform("MIX", "10000"));
  for (const char* kind : {"attention {}", "ablate { node_sets: 'L0' }", "attribution {}"}) {
    EXPECT_EQ(questions(kind, v1::MIX), uniform("MIX", "2000")) << kind;
    EXPECT_EQ(questions(kind, v1::MUL), uniform("MUL", "2000")) << kind;
  }
  for (const char* kind : {"useful_nodes {}", "subtasks {}", "algorithm {}"}) {
    EXPECT_EQ(questions(kind, v1::MIX), uniform("MIX", "2000")) << kind;
    EXPECT_EQ(questions(kind, v1::MAS), uniform("MIX", "2000")) << kind;
    EXPECT_EQ(questions(kind, v1::SUB), uniform("SUB", "2000")) << kind;
  }
  EXPECT_EQ(questions("linear_probe { node: 'P14L0H1' feature: 'A2.MZ' }", v1::MIX), uniform("SUB", "5000"));
  EXPECT_EQ(questions("capture { hooks: '*' }", v1::ADD), uniform("ADD", "1000"));
  EXPECT_EQ(questions("attention { per_question: true }", v1::ADD), uniform("ADD", "100"));
  EXPECT_EQ(questions("pca {}", v1::SUB),
            R"({"operation":"SUB","seed":"0","tricase":{"count_per_case":"100","digit":2}})");
  EXPECT_EQ(questions("pca { digit: 4 }", v1::ADD),
            R"({"operation":"ADD","seed":"0","tricase":{"count_per_case":"100","digit":4}})");
  const Asked patch(TwoLayerSpec(v1::MIX), "patch {}");
  EXPECT_EQ(patch.questions.pairs().tasks_size(), 3 * 5 + 3 * 4 + 4 * 5 + 2 * 4);
}

TEST(CompleteProbes_Test, EveryOptionalThenFilled) {
  const auto filled = [](const char* text) { return CanonicalJson(Asked(TwoLayerSpec(), text).request); };
  EXPECT_EQ(filled("attention {}"), R"({"attention":{"all_rows":false,"per_question":false}})");
  EXPECT_EQ(filled("ablate { node_sets: 'P09L0M0, l1' }"),
            R"({"ablate":{"mode":"MEAN","node_sets":["P9L0MLP,L1H0,L1H1,L1H2,L1MLP"],"seed":"0"}})");
  EXPECT_EQ(filled("ablate { node_sets: 'P9L0M0' node_sets: 'p09l0mlp' node_sets: 'L0H1' }"),
            R"({"ablate":{"mode":"MEAN","node_sets":["P9L0MLP","L0H1"],"seed":"0"}})")
      << "each node set once";
  EXPECT_EQ(filled("useful_nodes { mode: ZERO seed: 7 }"), R"({"useful_nodes":{"mode":"ZERO","seed":"0"}})")
      << "nothing is drawn";
  EXPECT_EQ(filled("useful_nodes { mode: RESAMPLE seed: 7 }"), R"({"useful_nodes":{"mode":"RESAMPLE","seed":"7"}})");
  EXPECT_EQ(filled("patch {}"), R"({"patch":{"head_pairs":false}})");
  EXPECT_EQ(filled("subtasks { tasks: 'SS9' }"),
            R"({"subtasks":{"mode":"MEAN","seed":"0","tasks":["A1.SS9","A2.SS9","A3.SS9","A4.SS9"]}})");
  EXPECT_EQ(filled("pca {}"), R"({"pca":{"components":3,"digit":2,"seed":"0","with_scores":false}})");
  EXPECT_EQ(filled("linear_probe { hook: 'blocks.0.hook_resid_mid' position: '14' feature: 'A2.SC' }"),
            R"({"linear_probe":{"feature":"A2.SC","held_out":0.2,"hook":"blocks.0.hook_resid_mid","l2":0.001,)"
            R"("position":"P14","seed":"0"}})");
  EXPECT_EQ(filled("attribution {}"), R"({"attribution":{}})");
  EXPECT_EQ(filled("phases {}"), R"({"phases":{"learnt_below":0.1,"penalty":1,"window":50}})");
  EXPECT_EQ(filled("cascades {}"), R"({"cascades":{"per_cell":1000,"seed":"0"}})");
  EXPECT_EQ(filled("algorithm {}"), R"({"algorithm":{"mode":"MEAN","per_cell":1000,"seed":"0"}})");
  EXPECT_EQ(filled("capture { hooks: 'blocks.*.attn.hook_z' positions: '14' positions: 'p014' }"),
            R"({"capture":{"components":2,"hooks":["blocks.*.attn.hook_z"],"positions":["P14"],"reduction":"NONE"}})");
}

TEST(CompleteProbes_Test, ProductsThenOnlyWhatAppliesToThem) {
  for (const char* works : {"evaluate {}", "attention {}", "ablate { node_sets: 'L0' }", "attribution {}",
                            "useful_nodes {}", "capture { hooks: '*' }", "phases {}"}) {
    EXPECT_EQ(Reason(works, "", v1::MUL), "") << works;
  }
  EXPECT_EQ(Reason("ask {}", "list { questions: '1*2' }", v1::MUL), "");
  for (const char* fails :
       {"cascades {}", "patch {}", "subtasks {}", "pca {}", "algorithm {}",
        "linear_probe { node: 'P14L0H1' feature: 'A2.SC' }", "capture { hooks: '*' reduction: MEAN_PER_CLASS }"}) {
    EXPECT_EQ(Reason(fails, "", v1::MUL), "TASK_NOT_APPLICABLE") << fails;
    EXPECT_EQ(Reason(fails, "", v1::MAS), "") << fails;
  }
  EXPECT_EQ(Reason("cascades {}", "uniform { count: 1 } operation: MUL", v1::MAS), "TASK_NOT_APPLICABLE");
}

TEST(CompleteProbes_Test, CountsThenAMillionWhereActivationsAreKept) {
  for (const char* kind : {"attention {}", "ablate { node_sets: 'L0' }", "useful_nodes {}", "subtasks {}", "pca {}",
                           "attribution {}", "algorithm {}", "capture { hooks: '*' }"}) {
    EXPECT_EQ(Reason(kind, "uniform { count: 1000000 }"), "") << kind;
    EXPECT_EQ(Reason(kind, "uniform { count: 1000001 }"), "QUESTIONS_OUT_OF_RANGE") << kind;
    EXPECT_EQ(Reason(kind, "uniform { count: 0 }"), "EMPTY_QUESTION_SET") << kind;
  }
  EXPECT_EQ(Reason("cascades {}", "uniform { count: 1000000000 }"), "");
}

TEST(Attention_Test, TooMuchIsAskedThenRefused) {
  EXPECT_EQ(Reason("attention { per_question: true }", "uniform { count: 101 }"), "QUESTIONS_OUT_OF_RANGE");
  v1::TrainSpec big = TwoLayerSpec();
  big.set_n_layers(8);
  big.set_n_heads(16);
  EXPECT_EQ(Asked(big, "attention {}").reason, "");
  EXPECT_EQ(Asked(big, "attention { all_rows: true }").reason, "");  // 128 * 19 * 19
  EXPECT_EQ(Asked(big, "attention { per_question: true }").reason, "RESULT_TOO_LARGE");
  big.set_n_digits(10);  // 128 * 34 * 34
  EXPECT_EQ(Asked(big, "attention { all_rows: true }").reason, "RESULT_TOO_LARGE");
}

TEST(Ablate_Test, NodesAreWrongThenRefused) {
  EXPECT_EQ(Reason("ablate {}"), "NODES_MISSING");
  const Asked wrong(TwoLayerSpec(), "ablate { node_sets: 'L0' node_sets: 'P14L9' }");
  EXPECT_EQ(wrong.reason, "LAYER_OUT_OF_RANGE");
  EXPECT_EQ(ViolatedField(wrong.status), "request.ablate.node_sets[1]");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "node_sets: 'L0' ";
  EXPECT_EQ(Reason("ablate { " + many + " }"), "");
  EXPECT_EQ(Reason("ablate { node_sets: 'L1' " + many + " }"), "NODE_SETS_OUT_OF_RANGE");
  EXPECT_EQ(Reason("ablate { node_sets: 'L0' mode: 9 }"), "ABLATION_MODE_UNKNOWN");
}

TEST(Patch_Test, HeadPairsBesideNodesThenRefused) {
  EXPECT_EQ(Reason("patch { head_pairs: true }"), "");
  EXPECT_EQ(Reason("patch { head_pairs: true node_sets: 'L0' }"), "HEAD_PAIRS_NOT_TAKEN");
}

TEST(Subtasks_Test, TasksThenThoseOfTheQuestions) {
  EXPECT_EQ(Asked(TwoLayerSpec(v1::MIX), "subtasks {}", "operation: SUB").request.subtasks().tasks_size(),
            4 * 5 + 2 * 4);
  EXPECT_EQ(Asked(TwoLayerSpec(v1::MIX), "subtasks {}").request.subtasks().tasks_size(), 3 * 5 + 3 * 4 + 4 * 5 + 2 * 4);
  EXPECT_EQ(Reason("subtasks { tasks: 'SA' }", "operation: SUB", v1::MIX), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(Reason("subtasks { tasks: 'SA' }", "", v1::SUB), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(Reason("subtasks { tasks: 'A9.SA' }"), "TASK_DIGIT_OUT_OF_RANGE");
  EXPECT_EQ(Reason("subtasks { tasks: 'SAX' }"), "TASK_UNKNOWN");
}

TEST(Pca_Test, WrongThenItsReason) {
  EXPECT_EQ(Reason("pca { components: 0 }"), "COMPONENTS_OUT_OF_RANGE");
  EXPECT_EQ(Reason("pca { components: 11 }"), "COMPONENTS_OUT_OF_RANGE");
  EXPECT_EQ(Reason("pca { digit: 5 }"), "DIGIT_OUT_OF_RANGE");
  EXPECT_EQ(Reason("pca { digit: 1 }", "tricase { digit: 2 count_per_case: 9 }"), "DIGITS_DIFFER");
  for (const char* node : {"L0H1", "P14L0MLP", "P14L0", "P14L0H1,P14L0H2", "P14"}) {
    EXPECT_EQ(Reason(std::string("pca { nodes: '") + node + "' }"), "NODE_INVALID") << node;
  }
  EXPECT_EQ(Reason("pca { with_scores: true }"), "TOO_MANY_SCORED_NODES");
  EXPECT_EQ(Reason("pca { with_scores: true nodes: 'P14L0H1' }"), "");
  EXPECT_EQ(Reason("pca { with_scores: true nodes: 'P14L0H1' }", "uniform { count: 200000 }"), "RESULT_TOO_LARGE");
  EXPECT_EQ(Reason("pca {}", "uniform { count: 9 } operation: MIX", v1::MIX), "MIX_NOT_APPLICABLE");
  EXPECT_EQ(Asked(TwoLayerSpec(), "pca {}", "tricase { digit: 4 count_per_case: 9 }").request.pca().digit(), 4u);
}

TEST(LinearProbe_Test, WrongThenItsReason) {
  const auto reason = [](const std::string& fields) { return Reason("linear_probe { " + fields + " }"); };
  const std::string node = "node: 'P14L0H1' ", feature = "feature: 'A2.SC' ";
  EXPECT_EQ(reason(node), "FEATURE_UNKNOWN");
  EXPECT_EQ(reason(node + "feature: 'A7.SC'"), "TASK_DIGIT_OUT_OF_RANGE");
  EXPECT_EQ(reason(node + "feature: 'A2.MD'"), "TASK_NOT_APPLICABLE");
  for (const char* place :
       {"", "node: 'P14L0H1' hook: 'hook_embed' position: 'P1'", "hook: 'hook_embed'", "position: 'P1'", "node: 'L0H1'",
        "node: 'P14'", "node: 'P14L0H1' position: 'P14'", "hook: 'blocks.*.hook_mlp_out' position: 'P1'"}) {
    EXPECT_EQ(reason(place + (" " + feature)), "PROBE_PLACE_INVALID") << place;
  }
  EXPECT_EQ(reason("hook: 'hook_embedx' position: 'P1' " + feature), "HOOK_UNKNOWN");
  EXPECT_EQ(reason("hook: 'hook_embed' position: 'P19' " + feature), "POSITION_OUT_OF_RANGE");
  for (const char* held_out : {"0", "1", "nan", "-0.5"}) {
    EXPECT_EQ(reason(node + feature + "held_out: " + held_out), "HELD_OUT_OUT_OF_RANGE") << held_out;
  }
  for (const char* l2 : {"-1", "nan", "inf"}) EXPECT_EQ(reason(node + feature + "l2: " + l2), "L2_OUT_OF_RANGE") << l2;
  EXPECT_EQ(reason(node + feature + "l2: 0"), "");
  EXPECT_EQ(Reason("linear_probe { " + node + feature + " }", "operation: SUB", v1::MIX), "TASK_NOT_APPLICABLE");
}

TEST(Phases_Test, WrongThenItsReason) {
  for (const char* window : {"0", "10001"}) {
    EXPECT_EQ(Reason(std::string("phases { window: ") + window + " }"), "WINDOW_OUT_OF_RANGE");
  }
  for (const char* value : {"0", "-1", "nan", "inf"}) {
    EXPECT_EQ(Reason(std::string("phases { penalty: ") + value + " }"), "PENALTY_OUT_OF_RANGE");
    EXPECT_EQ(Reason(std::string("phases { learnt_below: ") + value + " }"), "LEARNT_BELOW_OUT_OF_RANGE");
  }
}

TEST(PerCell_Test, OutOfRangeThenRefused) {
  for (const std::string kind : {"cascades", "algorithm"}) {
    EXPECT_EQ(Reason(kind + " { per_cell: 0 }"), "PER_CELL_OUT_OF_RANGE");
    EXPECT_EQ(Reason(kind + " { per_cell: 100001 }"), "PER_CELL_OUT_OF_RANGE");
    EXPECT_EQ(Reason(kind + " { per_cell: 100000 }"), "");
  }
}

TEST(Ask_Test, WrongThenItsReason) {
  const auto reason = [](const std::string& fields) {
    return Reason("ask { " + fields + " }", "list { questions: '1+2' }", v1::MIX);
  };
  EXPECT_EQ(reason(""), "");
  EXPECT_EQ(Reason("ask {}"), "ONE_QUESTION_WANTED");
  EXPECT_EQ(Reason("ask {}", "list { questions: '1+2' questions: '1+2' }"), "ONE_QUESTION_WANTED");
  EXPECT_EQ(Reason("ask {}", "uniform { count: 1 }"), "ONE_QUESTION_WANTED");
  EXPECT_EQ(Reason("ask {}", "list { questions: '1+' }"), "QUESTION_INVALID");
  EXPECT_EQ(reason("patch_from: '1+2'"), "PATCH_INCOMPLETE");
  EXPECT_EQ(reason("patch_nodes: 'L0'"), "PATCH_INCOMPLETE");
  EXPECT_EQ(reason("patch_from: '1+' patch_nodes: 'L0'"), "QUESTION_INVALID");
  EXPECT_EQ(reason("patch_from: '1*2' patch_nodes: 'L0'"), "OPERATION_NOT_OF_RUN");
  EXPECT_EQ(reason("patch_from: '1-2' patch_nodes: 'P14L0H1' ablate: 'P14L0H2'"), "");
  EXPECT_EQ(reason("patch_from: '1-2' patch_nodes: 'P14L0H1' ablate: 'L0H1'"), "NODE_ABLATED_AND_PATCHED");
  EXPECT_EQ(reason("patch_from: '1-2' patch_nodes: 'L1' ablate: 'P3L1MLP'"), "NODE_ABLATED_AND_PATCHED");
  const Asked asked(TwoLayerSpec(), "ask { patch_from: '1+2' patch_nodes: 'p09l0m0' }", "list { questions: '3+4' }");
  EXPECT_EQ(CanonicalJson(asked.request), R"({"ask":{"generate":false,"mode":"MEAN","patch_from":"00001+00002",)"
                                          R"("patch_nodes":["P9L0MLP"]}})");
}

TEST(Capture_Test, WrongThenItsReason) {
  EXPECT_EQ(Reason("capture {}"), "HOOKS_MISSING");
  EXPECT_EQ(Reason("capture { hooks: 'blocks.0.hook_zz' }"), "HOOK_UNKNOWN");
  EXPECT_EQ(Reason("capture { hooks: '*' positions: 'P19' }"), "POSITION_OUT_OF_RANGE");
  EXPECT_EQ(Reason("capture { hooks: '*' positions: 'A5' }"), "NODE_INVALID");
  EXPECT_EQ(Reason("capture { hooks: '*' reduction: 9 }"), "CAPTURE_REDUCTION_UNKNOWN");
  EXPECT_EQ(Reason("capture { hooks: '*' components: 0 }"), "COMPONENTS_OUT_OF_RANGE");
  EXPECT_EQ(Reason("capture { hooks: '*' components: 51 }"), "COMPONENTS_OUT_OF_RANGE");
  EXPECT_EQ(Reason("capture { hooks: '*' components: 50 reduction: COMPONENTS }"), "");
}

TEST(ImportTags_Test, WrongThenItsReason) {
  EXPECT_EQ(Reason("import_tags {}"), "TAGS_MISSING");
  EXPECT_EQ(Reason("import_tags { tags { node: 'L0H1' tag: 'Fail%:1' } }"), "NODE_INVALID");
  EXPECT_EQ(Reason("import_tags { tags { node: 'P14L0H7' tag: 'Fail%:1' } }"), "HEAD_OUT_OF_RANGE");
  EXPECT_EQ(Reason("import_tags { tags { node: 'P14L0H1' tag: 'A' } }"), "") << "foreign, and kept";
  EXPECT_EQ(Reason("import_tags { tags { node: 'P14L0H1' tag: '' } }"), "TAG_INVALID");
  const Asked broken(TwoLayerSpec(), "import_tags { tags { node: 'p14l0h1' tag: 'Two:\\nlines' } }");
  EXPECT_EQ(broken.reason, "TAG_INVALID");
  EXPECT_EQ(ViolatedField(broken.status), "request.import_tags.tags[0].tag");
  EXPECT_THAT(std::string(broken.status.message()), testing::HasSubstr("\"Two:\\nlines\" of \"P14L0H1\""));
  v1::AnalysisRequest request;
  for (int i = 0; i <= limits::kMaxImportedTags; ++i) {
    auto* tag = request.mutable_import_tags()->add_tags();
    tag->set_node("P14L0H1");
    tag->set_tag("Fail%:1");
  }
  v1::QuestionSet questions;
  EXPECT_THAT(CompleteAnalysis(TwoLayerSpec(), &request, &questions), IsInvalid("TAGS_OUT_OF_RANGE"));
  request.mutable_import_tags()->mutable_tags()->RemoveLast();
  EXPECT_THAT(CompleteAnalysis(TwoLayerSpec(), &request, &questions), IsOk());
}

TEST(CheckResultSize_Test, ResultsShareTheirMessageWithTheQuestions) {
  v1::AnalysisRequest request;
  request.mutable_ablate();
  v1::QuestionSet questions;
  constexpr uint64_t kBytes = limits::kMaxMessageBytes - (100 << 10);
  EXPECT_TRUE(CheckResultSize(request, questions, kBytes).ok());
  EXPECT_EQ(ErrorReason(CheckResultSize(request, questions, limits::kMaxMessageBytes)), "RESULT_TOO_LARGE");
  for (int i = 0; i < 10'000; ++i) questions.mutable_list()->add_questions("12345+67890");
  const absl::Status status = CheckResultSize(request, questions, kBytes);
  EXPECT_EQ(ErrorReason(status), "RESULT_TOO_LARGE");
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("upload the questions"));
}

}  // namespace
}  // namespace sumscope
