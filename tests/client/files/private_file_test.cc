#include "client/files/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "proto/contract/errors/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {
namespace {

class PrivateFile_Test : public ::testing::Test {
 protected:
  PrivateFile_Test() : path_(directory_.path() + "/token") {}

  void Write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }
  std::string Reason() { return ErrorReason(ReadToken(path_).status()); }

  const TempDirectory directory_;
  const std::string path_;
};

TEST_F(PrivateFile_Test, WhenItIsItsOwnersAloneThenItIsRead) {
  for (const mode_t mode : {0600, 0400, 0700}) {
    Write("sst_1_secret\n", mode);
    EXPECT_EQ(ReadToken(path_).value(), "sst_1_secret");
  }
  std::filesystem::create_symlink(path_, directory_.path() + "/link");
  EXPECT_EQ(ReadToken(directory_.path() + "/link").value(), "sst_1_secret");
}

TEST_F(PrivateFile_Test, WhenOthersMayReadOrWriteItThenItIsRefused) {
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0644, 0666, 0610}) {
    Write("sst_1_secret\n", mode);
    EXPECT_EQ(Reason(), "TOKEN_FILE_OPEN_TO_OTHERS") << mode;
  }
  Write("sst_1_secret\n");
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(Reason(), "TOKEN_FILE_OPEN_TO_OTHERS") << "another user's";
}

TEST_F(PrivateFile_Test, WhenItIsNoFileWithATokenThenItIsRefused) {
  EXPECT_EQ(Reason(), "TOKEN_FILE_INVALID") << "missing";
  for (const std::string& bad :
       {std::string(), std::string("\n"), std::string(1025, 'a'), std::string("a\nb"), std::string("a b"),
        std::string("a\x1b[31m"), std::string("a\0b", 3), std::string("\xc3\xa4")}) {
    Write(bad);
    EXPECT_EQ(Reason(), "TOKEN_FILE_INVALID") << bad;
  }
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(Reason(), "TOKEN_FILE_INVALID") << "a directory";
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(Reason(), "TOKEN_FILE_INVALID") << "a pipe, whose writer is not waited for";
}

TEST_F(PrivateFile_Test, WhenItIsRefusedThenNothingOfItIsTold) {
  Write("sst_1_secret and more");
  EXPECT_EQ(ReadToken(path_).status().ToString().find("secret"), std::string::npos);
  Write("sst_1_secret", 0644);
  EXPECT_EQ(ReadToken(path_).status().ToString().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace sumscope::client
