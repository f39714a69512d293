#include "client/question_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "client/readable_file.h"
#include "proto/contract/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Listed(const v1::QuestionSet& set) {
  return {set.list().questions().begin(), set.list().questions().end()};
}

class QuestionFile_Test : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << text;
    return "file:" + path;
  }
  const TempDirectory directory_;
};

TEST(QuestionSets_Test, GivenAGeneratedSetThenItsKindAndCountAreRead) {
  EXPECT_EQ(ParseQuestionSet("uniform:10000", v1::ADD)->uniform().count(), 10000u);
  EXPECT_EQ(ParseQuestionSet("stratified:100", v1::ADD)->stratified().count_per_class(), 100u);
  const auto of_class = ParseQuestionSet("class:M4+:150", v1::ADD);
  EXPECT_EQ(of_class->of_class().question_class(), "M4+");
  EXPECT_EQ(of_class->of_class().count(), 150u);
}

TEST(QuestionSets_Test, GivenTheSetsOfTheProbesThenTheirPartsAreRead) {
  EXPECT_EQ(ParseQuestionSet("enriched:64", v1::ADD)->enriched().count(), 64u);
  for (const char* text : {"tricase:D2:100", "tricase:2:100"}) {
    const auto tricase = ParseQuestionSet(text, v1::ADD);
    EXPECT_EQ(tricase->tricase().digit(), 2u);
    EXPECT_EQ(tricase->tricase().count_per_case(), 100u);
  }
  EXPECT_THAT(ParseQuestionSet("tasks:A2.SA,SC", v1::ADD)->pairs().tasks(), ElementsAre("A2.SA", "SC"));
  const auto pairs = ParseQuestionSet("pairs:22222+11111/55555+44444,1-2/3-4", v1::ADD);
  ASSERT_EQ(pairs->pairs().pairs_size(), 2);
  EXPECT_EQ(pairs->pairs().pairs(0).store(), "22222+11111");
  EXPECT_EQ(pairs->pairs().pairs(1).clean(), "3-4");
  const std::string hash(64, 'a');
  EXPECT_EQ(ParseQuestionSet("sha256:" + hash, v1::ADD)->uploaded().sha256(), hash);
}

TEST(QuestionSets_Test, GivenAnythingElseThenInvalid) {
  for (const char* bad : {"",           "uniform",
                          "uniform:",   "uniform:x",
                          "uniform:-1", "uniform:1e4",
                          "class:S3",   "class::5",
                          "class:S3:",  "file:",
                          "random:5",   "enriched:",
                          "tricase:D2", "tricase:X:5",
                          "tasks:",     "tasks:SA,,SC",
                          "pairs:1+2",  "pairs:1+2/3+4/5+6",
                          "sha256:abc", "uniform:99999999999999999999999"}) {
    EXPECT_EQ(ErrorReason(ParseQuestionSet(bad, v1::ADD).status()), "QUESTION_SET_INVALID") << bad;
  }
}

TEST_F(QuestionFile_Test, GivenLinesThenBlanksAndCommentsAreSkipped) {
  const auto set = ParseQuestionSet(Write("q.txt", "# mine\n12345+67890\r\n\n  1-2  \n"), v1::ADD);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Listed(*set), ElementsAre("12345+67890", "1-2"));
}

TEST_F(QuestionFile_Test, GivenATableThenOperandsAreJoinedAndSetsChosen) {
  const std::string file = Write("q.tsv", "set\ta\tb\tclass\nS3\t1\t2\tS1\nuniform\t3\t4\tS1\nS3\t5\t6\tS1\n");
  EXPECT_THAT(Listed(*ParseQuestionSet(file, v1::OPERATION_UNSPECIFIED)), ElementsAre("1+2", "3+4", "5+6"));
  EXPECT_THAT(Listed(*ParseQuestionSet(file + "?set=S3", v1::SUB)), ElementsAre("1-2", "5-6"));
  const std::string with_op = Write("o.tsv", "a\tb\top\n1\t2\t-\n");
  EXPECT_THAT(Listed(*ParseQuestionSet(with_op, v1::ADD)), ElementsAre("1-2"));
  const std::string question = Write("w.tsv", "question\tx\n7+8\ty\n");
  EXPECT_THAT(Listed(*ParseQuestionSet(question, v1::ADD)), ElementsAre("7+8"));
}

TEST_F(QuestionFile_Test, GivenABadFileThenItIsRefused) {
  EXPECT_EQ(ErrorReason(ParseQuestionSet("file:/nonexistent", v1::ADD).status()), "FILE_NOT_READABLE");
  EXPECT_EQ(ErrorReason(ParseQuestionSet(Write("a.txt", "hello\n"), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(ParseQuestionSet(Write("b.txt", ""), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(Listed(*ParseQuestionSet(Write("bom.txt",
                                           "\xEF\xBB\xBF"
                                           "1+2\n"),
                                     v1::ADD)),
            std::vector<std::string>{"1+2"});
  EXPECT_EQ(ErrorReason(ParseQuestionSet(Write("c.tsv", "x\ty\n1\t2\n"), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(ParseQuestionSet(Write("d.tsv", "a\tb\n1\n"), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(ParseQuestionSet(Write("e.tsv", "a\tb\n1\t2\n") + "?set=x", v1::ADD).status()),
            "QUESTION_FILE_INVALID");
}

TEST_F(QuestionFile_Test, GivenAnUnknownSetThenThoseOfTheFileAreTold) {
  const std::string file = Write("s.tsv", "set\ta\tb\nS3\t1\t2\nS1\t1\t2\n");
  const absl::Status status = ParseQuestionSet(file + "?set=NOPE", v1::ADD).status();
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("no set \"NOPE\"; it has S1, S3"));
}

TEST_F(QuestionFile_Test, GivenADirectoryThenItIsSaid) {
  const absl::Status status = ParseQuestionSet("file:" + directory_.path(), v1::ADD).status();
  EXPECT_EQ(ErrorReason(status), "FILE_NOT_REGULAR");
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("directory"));
}

TEST_F(QuestionFile_Test, GivenADeviceThenItIsNoInputAndAPipeIs) {
  const absl::Status endless = CheckReadable("/dev/zero", Pipes::kAllowed);
  EXPECT_EQ(endless.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(endless), "FILE_NOT_REGULAR");
  const std::string pipe = directory_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(CheckReadable(pipe, Pipes::kAllowed).ok());
  EXPECT_EQ(ErrorReason(CheckReadable(pipe, Pipes::kRefused)), "FILE_NOT_REGULAR");
  EXPECT_EQ(CheckReadable(directory_.path() + "/none", Pipes::kAllowed).code(), absl::StatusCode::kNotFound);
}

TEST_F(QuestionFile_Test, GivenAnyColumnsThenTheyFilter) {
  const std::string file = Write("p.tsv", "op\tdigit\ttricase\ta\tb\n+\t0\t8\t1\t2\n-\t0\t8\t3\t4\n+\t1\t8\t5\t6\n");
  EXPECT_THAT(Listed(*ParseQuestionSet(file + "?digit=0&op=+", v1::ADD)), ElementsAre("1+2"));
  EXPECT_THAT(Listed(*ParseQuestionSet(file + "?tricase=8", v1::ADD)), ElementsAre("1+2", "3-4", "5+6"));
  EXPECT_EQ(ErrorReason(ParseQuestionSet(file + "?digit=7", v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(ParseQuestionSet(file + "?none=7", v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(ParseQuestionSet(file + "?digit=0&op", v1::ADD).status()), "QUESTION_SET_INVALID");
}

TEST_F(QuestionFile_Test, GivenProductsThenTheyAreQuestions) {
  EXPECT_THAT(Listed(*ParseQuestionSet(Write("m.txt", "12*34\n"), v1::MUL)), ElementsAre("12*34"));
  EXPECT_THAT(Listed(*ParseQuestionSet(Write("m.tsv", "a\tb\n1\t2\n"), v1::MUL)), ElementsAre("1*2"));
}

TEST_F(QuestionFile_Test, GivenALongListThenItNeedsAnUpload) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "1+2\n";
  EXPECT_FALSE(NeedsUpload(*ParseQuestionSet(Write("l.txt", text), v1::ADD)));
  EXPECT_TRUE(NeedsUpload(*ParseQuestionSet(Write("m.txt", text + "1+2\n"), v1::ADD)));
  const std::string wide(30, '9');
  std::string bytes;
  for (int i = 0; i < 80'000; ++i) bytes += wide + "+" + wide + "\n";
  EXPECT_TRUE(NeedsUpload(*ParseQuestionSet(Write("b.txt", bytes), v1::ADD)));
}

TEST_F(QuestionFile_Test, GivenTooManyQuestionsThenOutOfRange) {
  std::string text;
  for (int i = 0; i < 1'000'001; ++i) text += "1+2\n";
  EXPECT_EQ(ErrorReason(ParseQuestionSet(Write("m.txt", text), v1::ADD).status()), "QUESTIONS_OUT_OF_RANGE");
}

}  // namespace
}  // namespace sumscope::client
