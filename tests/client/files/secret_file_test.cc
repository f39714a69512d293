#include "client/files/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/contract/errors/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {
namespace {

class SecretFile_Test : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  int Files() const {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) files += entry.exists() ? 1 : 0;
    return files;
  }
  static absl::Status Write(const std::string& path, const std::string& content) {
    absl::StatusOr<std::unique_ptr<SecretFile>> file = SecretFile::Create(path);
    return file.ok() ? (*file)->Commit(content) : file.status();
  }

  const TempDirectory directory_;
};

TEST_F(SecretFile_Test, WhenItIsWrittenThenItsOwnerAloneReadsItWhateverTheUmask) {
  const mode_t before = umask(0);
  const absl::Status written = Write(Path("token"), "secret\n");
  umask(before);
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_EQ(ModeOf(Path("token")), 0600u);
  EXPECT_EQ(Read(Path("token")), "secret\n");
  EXPECT_EQ(Files(), 1);
}

TEST_F(SecretFile_Test, WhenOthersCouldReadTheOneBeforeThenTheyCannotReadThisOne) {
  std::ofstream(Path("token")) << "old";
  std::filesystem::permissions(Path("token"), std::filesystem::perms(0644));
  ASSERT_TRUE(Write(Path("token"), "new").ok());
  EXPECT_EQ(ModeOf(Path("token")), 0600u);
  EXPECT_EQ(Read(Path("token")), "new");
}

TEST_F(SecretFile_Test, WhenALinkLeadsToItThenTheLinkStays) {
  std::ofstream(Path("token")) << "old";
  ASSERT_EQ(symlink(Path("token").c_str(), Path("link").c_str()), 0);
  ASSERT_TRUE(Write(Path("link"), "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Read(Path("token")), "new");
  EXPECT_EQ(ModeOf(Path("token")), 0600u);
}

TEST_F(SecretFile_Test, WhenItIsGivenUpThenNothingIsLeftAndWhatWasThereStays) {
  std::ofstream(Path("token")) << "old";
  EXPECT_TRUE(SecretFile::Create(Path("token")).ok());
  EXPECT_EQ(Read(Path("token")), "old");
  EXPECT_EQ(Files(), 1);
}

TEST_F(SecretFile_Test, WhenItCannotBeAFileThenItIsRefusedBeforeThereIsASecret) {
  for (const std::string& path :
       {directory_.path(), std::string("/dev/null"), std::string("/dev/stdout"), Path("no-folder/token")}) {
    EXPECT_EQ(ErrorReason(SecretFile::Create(path).status()), "OUTPUT_FAILED") << path;
  }
  EXPECT_EQ(Files(), 0);
}

}  // namespace
}  // namespace sumscope::client
