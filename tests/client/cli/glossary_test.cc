// sumscope glossary, and who names it.
#include <gmock/gmock.h>

#include <set>

#include "client/cli/glossary/words.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/questions/question_classes.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Glossary_Test : public CommandFixture {};

std::string TermOf(absl::string_view word) {
  const GlossaryEntry* const entry = FindWord(word);
  return entry == nullptr ? "" : std::string(entry->term);
}

TEST_F(Glossary_Test, GivenAWordAsTablesWriteItThenItsEntry) {
  for (const auto& [word, term] : {std::pair("S3", "S2"),
                                   {"US9", "US9"},
                                   {"us9", "US9"},
                                   {"A2.SC", "SC"},
                                   {"Algo:A2.SC", "SC"},
                                   {"Fail%:8", "Fail%"},
                                   {"P14L0H1", "P14L0H1"},
                                   {"P9L1MLP", "P14L0MLP"},
                                   {"P7", "P14"},
                                   {"K12", "K0"},
                                   {"D'3", "D2"},
                                   {"M4+", "M2"},
                                   {"*", "*"},
                                   {"Nines", "nines"},
                                   {"row", "row"},
                                   {"uniform", "uniform"},
                                   {"uniform:10000", "uniform"},
                                   {"pair 2", "pair 2"},
                                   {"zebra", ""}}) {
    EXPECT_EQ(TermOf(word), term) << word;
  }
}

TEST_F(Glossary_Test, GivenATermAsItIsListedThenItsOwnEntry) {
  for (const GlossaryEntry& entry : GlossaryEntries()) EXPECT_EQ(TermOf(entry.term), entry.term);
}

// Every class, cell and task that a table may show is explained.
TEST_F(Glossary_Test, GivenTheContractsWordsThenEachHasAnEntry) {
  for (const QuestionClassInfo& one : QuestionClasses()) EXPECT_NE(TermOf(one.name), "") << one.name;
  for (const TaskName& task : AllTasks(v1::MIX, 5)) {
    EXPECT_NE(TermOf(task.kind), "") << task.kind;
    EXPECT_NE(TermOf(TaskText(task)), "") << TaskText(task);
  }
  for (const char* word : {"BA", "UC1", "US9", "MD", "UB1", "UM0", "SV", "MZ", "NZ", "NT", "OPR", "SGN", "kappa"}) {
    EXPECT_EQ(TermOf(word).empty(), false) << word;
  }
}

// Tables used words that the glossary did not have.
TEST_F(Glossary_Test, GivenWordsOfHeadersAndOutcomesThenEachHasAnEntry) {
  for (const char* word : {"K", "AGREES", "LABEL", "SIL.", "LABEL SIL.", "COMPONENT", "embed_pos", "segment", "SEGMENT",
                           "not_testable", "not_found", "IMPACT", "DIGITS"}) {
    EXPECT_NE(TermOf(word), "") << word;
  }
  // The sign is A{n+1} where digits are letters in a row: A65 at n = 5 is the sign and A5.
  for (const char* word : {"IMPACT", "A4"}) {
    EXPECT_THAT(std::string(FindWord(word)->meaning), HasSubstr("A{n+1}")) << word;
  }
}

// Rows that met the two conditions told of said "no".
TEST_F(Glossary_Test, GivenThePassOfAPcaThenAllItsConditionsAreTold) {
  for (const char* condition : {"30 %", "0.20", "CH 50", "AGREES more than 50 %"}) {
    EXPECT_THAT(std::string(FindWord("PASSES")->meaning), HasSubstr(condition));
  }
  for (const char* word : {"LEARNT AT", "QUEUED (PRIORITY)", "QUEUED (RESOURCES)"}) EXPECT_EQ(TermOf(word), word);
}

// One unknown word among several kept the others from being explained.
TEST_F(Glossary_Test, GivenAnUnknownWordAmongOthersThenTheseAreExplained) {
  EXPECT_EQ(Run({"glossary", "kappa", "bogus", "US9", "kapa", "-o", "id"}), 3);
  EXPECT_EQ(Out(), "kappa\nUS9\n");
  EXPECT_THAT(Err(), HasSubstr("\"bogus\""));
  EXPECT_THAT(Err(), HasSubstr("\"kapa\""));
  EXPECT_EQ(Run({"glossary", "bogus"}), 3);
  EXPECT_EQ(Out(), "");
}

TEST_F(Glossary_Test, GivenATextThenTheFirstWordOfEachKindAsAShellTakesIt) {
  EXPECT_EQ(GlossaryLine("a DIGIT D'3 and D2, A2.SC of add_d5_l1_h3*"), "words: sumscope glossary D2 A2.SC '*'\n");
  EXPECT_EQ(GlossaryLine("RUN MODEL add_d5_l1_h3 1.5 %"), "");
  EXPECT_EQ(GlossaryLine("17 starts in a row failed"), "");
}

TEST_F(Glossary_Test, GivenATermThenItsMeaningInEveryFormat) {
  EXPECT_EQ(Run({"glossary", "US9"}), 0);
  EXPECT_THAT(Out(), HasSubstr("US9   cell  A digit of an addition whose column gets a carry and sums to 9"));
  EXPECT_EQ(Run({"glossary", "US9", "K3", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "US9\nK0\n");
  EXPECT_EQ(Run({"glossary"}), 0);
  EXPECT_THAT(Out(), HasSubstr("nines"));
  EXPECT_EQ(Run({"glossary", "kapa"}), 3);
  EXPECT_THAT(Err(), HasSubstr("did you mean \"kappa\"?"));
}

// Tables used words that nothing explained.
TEST_F(Glossary_Test, WhenATableUsesItsWordsThenOneLineNamesThemOnATerminalAlone) {
  server_.analysis = EndedAnalysis();
  EXPECT_EQ(Run({"analyses", "show", "r7k2m9qa/a1b2c3d4"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("glossary")));
  terminal_.out_is_terminal = true;
  EXPECT_EQ(Run({"analyses", "show", "r7k2m9qa/a1b2c3d4"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\n\nwords: sumscope glossary nines A5 S3 US9\n"));
  EXPECT_EQ(Run({"analyses", "show", "r7k2m9qa/a1b2c3d4", "-o", "json"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("glossary")));
  EXPECT_EQ(Run({"glossary"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("words:")));
}

}  // namespace
}  // namespace sumscope::client
