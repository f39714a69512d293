#include <google/protobuf/util/message_differencer.h>

#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::UploadedQuestionSet MakeSet(const std::string& text, int second) {
  v1::UploadedQuestionSet set;
  set.set_sha256(Sha256Hex(text));
  set.set_name("questionSets/" + set.sha256());
  set.set_n_digits(5);
  set.set_count(6);
  set.set_additions(3);
  set.set_subtractions(2);
  set.set_products(1);
  set.mutable_create_time()->set_seconds(second);
  set.set_owner("ada");
  return set;
}

class QuestionSets_Test : public BackendTest {};
SUMSCOPE_ON_EVERY_BACKEND(QuestionSets_Test);

TEST_P(QuestionSets_Test, SetComesBackWholeAndTwiceIsOnce) {
  const v1::UploadedQuestionSet set = MakeSet("1+1\n", 7);
  v1::UploadedQuestionSet again = set;
  again.set_owner("bob");
  Write([&](CatalogTransaction& transaction) { return transaction.question_sets().Insert(set); });
  Write([&](CatalogTransaction& transaction) { return transaction.question_sets().Insert(again); });
  Reopen();
  const absl::Status status = catalog().Read([&](CatalogReader& reader) {
    EXPECT_TRUE(MessageDifferencer::Equals(*reader.question_sets().Get(Viewer::Server(), set.sha256()), set));
    EXPECT_EQ(ErrorReason(reader.question_sets().Get(Viewer::Server(), "0").status()), "QUESTION_SET_NOT_FOUND");
    EXPECT_EQ(reader.question_sets().List(Viewer::Server(), 10, "")->question_sets.size(), 1u);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(QuestionSets_Test, ListIsPagedNewestFirst) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (int i = 0; i < 7; ++i) {
      EXPECT_TRUE(transaction.question_sets().Insert(MakeSet(std::to_string(i), i / 2)).ok());
    }
    return absl::OkStatus();
  });
  std::string token;
  size_t seen = 0;
  int64_t last = INT64_MAX;
  do {
    const absl::Status status = catalog().Read([&](CatalogReader& reader) {
      const auto page = reader.question_sets().List(Viewer::Server(), 3, token);
      if (!page.ok()) return page.status();
      for (const v1::UploadedQuestionSet& set : page->question_sets) {
        EXPECT_LE(set.create_time().seconds(), last);
        last = set.create_time().seconds();
        ++seen;
      }
      token = page->next_page_token;
      return absl::OkStatus();
    });
    ASSERT_TRUE(status.ok()) << status;
  } while (!token.empty());
  EXPECT_EQ(seen, 7u);
}

TEST_P(QuestionSets_Test, TextIsKeptUnderItsHash) {
  const std::string text(200'000, '7');
  const std::string hash = Sha256Hex(text);
  EXPECT_EQ(ErrorReason(question_set_texts().Get(hash).status()), "QUESTION_SET_NOT_FOUND");
  ASSERT_TRUE(question_set_texts().Put(hash, text).ok());
  ASSERT_TRUE(question_set_texts().Put(hash, text).ok());
  Reopen();
  EXPECT_EQ(*question_set_texts().Get(hash), text);
  EXPECT_EQ(ErrorReason(question_set_texts().Put(hash, "other")), "QUESTION_SET_CORRUPT");
  EXPECT_EQ(ErrorReason(question_set_texts().Get("../catalog.db").status()), "QUESTION_SET_NOT_FOUND");
}

TEST_P(QuestionSets_Test, DamagedTextIsFoundAndReplacedByAnUpload) {
  if (GetParam() == Backend::kMemory) return;
  const std::string hash = Sha256Hex("1+1\n");
  ASSERT_TRUE(question_set_texts().Put(hash, "1+1\n").ok());
  const std::string path = directory() + "/question_sets/" + hash;
  std::ofstream(path, std::ios::trunc) << "1+2\n";
  EXPECT_EQ(ErrorReason(question_set_texts().Get(hash).status()), "QUESTION_SET_CORRUPT");
  ASSERT_TRUE(question_set_texts().Put(hash, "1+1\n").ok());
  EXPECT_EQ(*question_set_texts().Get(hash), "1+1\n");
  std::ofstream(path + ".tmp") << "1";
  Reopen();
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

}  // namespace
}  // namespace sumscope::storage
