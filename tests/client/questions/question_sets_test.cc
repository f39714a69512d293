#include "client/questions/question_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "client/files/readable_file.h"
#include "client/questions/question_text.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Listed(const v1::QuestionSet& set) {
  return {set.list().questions().begin(), set.list().questions().end()};
}

// Ctrl-C is never pressed, and waiting takes no time.
absl::StatusOr<v1::QuestionSet> Parse(absl::string_view text, v1::Operation operation) {
  FakeSleeper sleeper;
  Cancellation cancellation;
  return ParseQuestionSet(text, operation, {&sleeper, &cancellation});
}

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(text.size() + 1000, '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
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
  EXPECT_EQ(Parse("uniform:10000", v1::ADD)->uniform().count(), 10000u);
  EXPECT_EQ(Parse("stratified:100", v1::ADD)->stratified().count_per_class(), 100u);
  const auto of_class = Parse("class:M4+:150", v1::ADD);
  EXPECT_EQ(of_class->of_class().question_class(), "M4+");
  EXPECT_EQ(of_class->of_class().count(), 150u);
}

TEST(QuestionSets_Test, GivenTheSetsOfTheProbesThenTheirPartsAreRead) {
  EXPECT_EQ(Parse("enriched:64", v1::ADD)->enriched().count(), 64u);
  for (const char* text : {"tricase:D2:100", "tricase:2:100"}) {
    const auto tricase = Parse(text, v1::ADD);
    EXPECT_EQ(tricase->tricase().digit(), 2u);
    EXPECT_EQ(tricase->tricase().count_per_case(), 100u);
  }
  EXPECT_THAT(Parse("tasks:A2.SA,SC", v1::ADD)->pairs().tasks(), ElementsAre("A2.SA", "SC"));
  const auto pairs = Parse("pairs:22222+11111/55555+44444,1-2/3-4", v1::ADD);
  ASSERT_EQ(pairs->pairs().pairs_size(), 2);
  EXPECT_EQ(pairs->pairs().pairs(0).store(), "22222+11111");
  EXPECT_EQ(pairs->pairs().pairs(1).clean(), "3-4");
  const std::string hash(64, 'a');
  EXPECT_EQ(Parse("sha256:" + hash, v1::ADD)->uploaded().sha256(), hash);
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
    EXPECT_EQ(ErrorReason(Parse(bad, v1::ADD).status()), "QUESTION_SET_INVALID") << bad;
  }
}

TEST_F(QuestionFile_Test, GivenLinesThenBlanksAndCommentsAreSkipped) {
  const auto set = Parse(Write("q.txt", "# mine\n12345+67890\r\n\n  1-2  \n"), v1::ADD);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Listed(*set), ElementsAre("12345+67890", "1-2"));
}

TEST_F(QuestionFile_Test, GivenATableThenOperandsAreJoinedAndSetsChosen) {
  const std::string file = Write("q.tsv", "set\ta\tb\tclass\nS3\t1\t2\tS1\nuniform\t3\t4\tS1\nS3\t5\t6\tS1\n");
  EXPECT_THAT(Listed(*Parse(file, v1::OPERATION_UNSPECIFIED)), ElementsAre("1+2", "3+4", "5+6"));
  EXPECT_THAT(Listed(*Parse(file + "?set=S3", v1::SUB)), ElementsAre("1-2", "5-6"));
  const std::string with_op = Write("o.tsv", "a\tb\top\n1\t2\t-\n");
  EXPECT_THAT(Listed(*Parse(with_op, v1::ADD)), ElementsAre("1-2"));
  const std::string question = Write("w.tsv", "question\tx\n7+8\ty\n");
  EXPECT_THAT(Listed(*Parse(question, v1::ADD)), ElementsAre("7+8"));
}

TEST_F(QuestionFile_Test, GivenABadFileThenItIsRefused) {
  EXPECT_EQ(ErrorReason(Parse("file:/nonexistent", v1::ADD).status()), "FILE_NOT_READABLE");
  EXPECT_EQ(ErrorReason(Parse(Write("a.txt", "hello\n"), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(Parse(Write("b.txt", ""), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(Listed(*Parse(Write("bom.txt",
                                "\xEF\xBB\xBF"
                                "1+2\n"),
                          v1::ADD)),
            std::vector<std::string>{"1+2"});
  EXPECT_EQ(ErrorReason(Parse(Write("c.tsv", "x\ty\n1\t2\n"), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(Parse(Write("d.tsv", "a\tb\n1\n"), v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(Parse(Write("e.tsv", "a\tb\n1\t2\n") + "?set=x", v1::ADD).status()), "QUESTION_FILE_INVALID");
}

TEST_F(QuestionFile_Test, GivenAnUnknownSetThenThoseOfTheFileAreTold) {
  const std::string file = Write("s.tsv", "set\ta\tb\nS3\t1\t2\nS1\t1\t2\n");
  const absl::Status status = Parse(file + "?set=NOPE", v1::ADD).status();
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("no set \"NOPE\"; it has S1, S3"));
}

TEST_F(QuestionFile_Test, GivenADirectoryThenItIsSaid) {
  const absl::Status status = Parse("file:" + directory_.path(), v1::ADD).status();
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
  EXPECT_THAT(Listed(*Parse(file + "?digit=0&op=+", v1::ADD)), ElementsAre("1+2"));
  EXPECT_THAT(Listed(*Parse(file + "?tricase=8", v1::ADD)), ElementsAre("1+2", "3-4", "5+6"));
  EXPECT_EQ(ErrorReason(Parse(file + "?digit=7", v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(Parse(file + "?none=7", v1::ADD).status()), "QUESTION_FILE_INVALID");
  EXPECT_EQ(ErrorReason(Parse(file + "?digit=0&op", v1::ADD).status()), "QUESTION_SET_INVALID");
  // The second of one column was dropped without a word.
  EXPECT_EQ(ErrorReason(Parse(file + "?digit=0&digit=1", v1::ADD).status()), "QUESTION_SET_INVALID");
}

TEST_F(QuestionFile_Test, GivenProductsThenTheyAreQuestions) {
  EXPECT_THAT(Listed(*Parse(Write("m.txt", "12*34\n"), v1::MUL)), ElementsAre("12*34"));
  EXPECT_THAT(Listed(*Parse(Write("m.tsv", "a\tb\n1\t2\n"), v1::MUL)), ElementsAre("1*2"));
}

TEST_F(QuestionFile_Test, GivenALongListThenItNeedsAnUpload) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "1+2\n";
  EXPECT_FALSE(NeedsUpload(*Parse(Write("l.txt", text), v1::ADD)));
  EXPECT_TRUE(NeedsUpload(*Parse(Write("m.txt", text + "1+2\n"), v1::ADD)));
  const std::string wide(30, '9');
  std::string bytes;
  for (int i = 0; i < 80'000; ++i) bytes += wide + "+" + wide + "\n";
  EXPECT_TRUE(NeedsUpload(*Parse(Write("b.txt", bytes), v1::ADD)));
}

TEST_F(QuestionFile_Test, GivenTooManyQuestionsThenOutOfRange) {
  std::string text;
  for (int i = 0; i < 1'000'001; ++i) text += "1+2\n";
  EXPECT_EQ(ErrorReason(Parse(Write("m.txt", text), v1::ADD).status()), "QUESTIONS_OUT_OF_RANGE");
}

// "question" was "no question like 12345+67890".
TEST_F(QuestionFile_Test, GivenACsvWithAHeaderThenItsColumnsAreRead) {
  EXPECT_THAT(Listed(*Parse(Write("q.csv", "question\n1+2\n3+4\n"), v1::ADD)), ElementsAre("1+2", "3+4"));
  const std::string file = Write("w.csv", "set, question,correct\nS0,\"1+2\",yes\n\"S,1\",3+4,no\n");
  EXPECT_THAT(Listed(*Parse(file, v1::ADD)), ElementsAre("1+2", "3+4"));
  EXPECT_THAT(Listed(*Parse(file + "?set=S,1", v1::ADD)), ElementsAre("3+4"));
  EXPECT_THAT(Listed(*Parse(Write("ab.csv", "# made by hand\na,b,op\n1,2,-\n"), v1::ADD)), ElementsAre("1-2"));
  EXPECT_THAT(Listed(*Parse(Write("p.txt", "question\tloss\n1+2\t0.5\n"), v1::ADD)), ElementsAre("1+2"));
  EXPECT_EQ(ErrorReason(Parse(Write("n.csv", "1+2\n") + "?set=S3", v1::ADD).status()), "QUESTION_FILE_INVALID");
}

// Answers and spaces, as people write questions down, were refused.
TEST_F(QuestionFile_Test, GivenAnswersAndSpacesThenTheQuestionsAreRead) {
  const std::string text = "123+456=+0579\n 1 + 2 \n5-7=-0002\n3*4 = 12\n1+2=\n";
  EXPECT_THAT(Listed(*Parse(Write("a.txt", text), v1::ADD)), ElementsAre("123+456", "1+2", "5-7", "3*4", "1+2"));
  EXPECT_THAT(Listed(*Parse(Write("t.tsv", "a\tb\n 1\t2 \n"), v1::SUB)), ElementsAre("1-2"));
  for (const char* bad : {"1 2+3\n", "1+2=x\n", "1+2==3\n", "1+2 3\n", "+\n", "1+-2\n"}) {
    EXPECT_EQ(ErrorReason(Parse(Write("b.txt", bad), v1::ADD).status()), "QUESTION_FILE_INVALID") << bad;
  }
}

TEST_F(QuestionFile_Test, GivenGzipThenItIsUnpackedAndDamageIsTold) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "+" + std::to_string(7 * i) + "\n";
  const std::string packed = Gzip(text);
  EXPECT_EQ(Listed(*Parse(Write("q.txt.gz", packed), v1::ADD)), Listed(*Parse(Write("q.txt", text), v1::ADD)));
  EXPECT_EQ(Listed(*Parse(Write("two.gz", packed + packed), v1::ADD)).size(), 100'000u);
  EXPECT_THAT(Listed(*Parse(Write("t.tsv.gz", Gzip("a\tb\n1\t2\n")), v1::ADD)), ElementsAre("1+2"));
  EXPECT_EQ(ErrorReason(Parse(Write("cut.gz", packed.substr(0, packed.size() / 2)), v1::ADD).status()), "FILE_DAMAGED");
  std::string wrong = packed;
  wrong[wrong.size() - 6] ^= 1;  // its checksum
  EXPECT_EQ(ErrorReason(Parse(Write("wrong.gz", wrong), v1::ADD).status()), "FILE_DAMAGED");
}

TEST_F(QuestionFile_Test, GivenALineWithoutEndThenItIsRefused) {
  EXPECT_EQ(ErrorReason(Parse(Write("l.txt", std::string(1 << 20, '1')), v1::ADD).status()), "LINE_TOO_LONG");
  EXPECT_EQ(ErrorReason(Parse(Write("l.gz", Gzip(std::string(1 << 20, '1'))), v1::ADD).status()), "LINE_TOO_LONG");
}

// 123+456=+0580 was asked as if nothing had been said.
TEST_F(QuestionFile_Test, GivenAnAnswerThatIsWrongThenItsLineIsNamed) {
  for (const char* right : {"123+456=579", "123+456=+0579", "5-7=-2", "5-7=-0002", "7-7=0", "7-7=-0", "0-0=",
                            "12*34=408", "99999999999999999999+1=100000000000000000000", "99*99=+09801", "100-1=099"}) {
    EXPECT_TRUE(Parse(Write("right.txt", right), v1::OPERATION_UNSPECIFIED).ok()) << right;
  }
  for (const char* wrong : {"123+456=+0580", "5-7=2", "5-7=-3", "12*34=407", "99*99=9800", "1+1=22"}) {
    const absl::Status status =
        Parse(Write("wrong.txt", absl::StrCat("1+2\n", wrong)), v1::OPERATION_UNSPECIFIED).status();
    EXPECT_EQ(ErrorReason(status), "QUESTION_FILE_INVALID") << wrong;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("line 2")) << wrong;
  }
  EXPECT_EQ(WrongAnswerOf("123+456=+0580"), "123+456 is 579, not +0580");
}

// Of a column with answers none was read.
TEST_F(QuestionFile_Test, GivenAColumnOfAnswersThenAWrongOneIsNamed) {
  const auto parse = [this](const std::string& text) { return Parse(Write("answers.csv", text), v1::ADD); };
  EXPECT_THAT(Listed(*parse("question,answer\n1+2,3\n12-34,-0022\n3+4,\n")), ElementsAre("1+2", "12-34", "3+4"));
  EXPECT_THAT(Listed(*parse("a,b,answer\n1,2,+03\n")), ElementsAre("1+2"));
  for (const char* wrong : {"question,answer\n1+2,3\n12+35,99\n", "a,b,answer\n1,2,3\n1,2,4\n",
                            "question,answer\n1+2,3\n1+2=3,4\n", "question,answer\n1+2,3\n1+2,yes\n"}) {
    const absl::Status status = parse(wrong).status();
    EXPECT_EQ(ErrorReason(status), "QUESTION_FILE_INVALID") << wrong;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("line 3")) << wrong;
  }
}

// "12+35=n/a" was no question like 12345+67890.
TEST_F(QuestionFile_Test, GivenAnAnswerThatIsNoNumberThenItIsTheAnswerThatIsNamed) {
  for (const char* text : {"question,answer\n12+35,n/a\n", "a,b,answer\n12,35,n/a\n", "1+2\n12+35=n/a\n"}) {
    const absl::Status status = Parse(Write("answers.csv", text), v1::ADD).status();
    EXPECT_EQ(ErrorReason(status), "QUESTION_FILE_INVALID") << text;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("answer \"n/a\" of 12+35")) << text;
  }
}

// A pipe that nobody wrote into held the command for ever, deaf to Ctrl-C.
TEST_F(QuestionFile_Test, GivenAPipeWithoutAWriterThenItIsGivenUp) {
  const std::string pipe = directory_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  FakeSleeper sleeper;
  Cancellation cancellation;
  const InputPatience patience = {&sleeper, &cancellation};
  EXPECT_EQ(ErrorReason(ParseQuestionSet("file:" + pipe, v1::ADD, patience).status()), "FILE_NOT_READABLE");
  EXPECT_GE(sleeper.slept, absl::Seconds(30));
  sleeper.on_sleep = [&cancellation] { cancellation.Cancel(); };
  EXPECT_TRUE(absl::IsCancelled(ParseQuestionSet("file:" + pipe, v1::ADD, patience).status()));
}

TEST_F(QuestionFile_Test, GivenAPipeOrTheStandardInputThenItIsReadToItsEnd) {
  const std::string pipe = directory_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  FakeSleeper sleeper;
  Cancellation cancellation;
  // The reader is there when it waits, so that opening does not block.
  sleeper.on_sleep = [&pipe] { std::ofstream(pipe) << "1+2\n3+4"; };
  const auto read = ParseQuestionSet("file:" + pipe, v1::ADD, {&sleeper, &cancellation});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(Listed(*read), ElementsAre("1+2", "3+4"));
  EXPECT_EQ(sleeper.sleeps, 1);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int before = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  ASSERT_EQ(write(ends[1], "5+6\n", 4), 4);
  close(ends[1]);
  EXPECT_THAT(Listed(*Parse("file:-", v1::ADD)), ElementsAre("5+6"));
  dup2(before, STDIN_FILENO);
  close(before);
  close(ends[0]);
}

}  // namespace
}  // namespace sumscope::client
