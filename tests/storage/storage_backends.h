#ifndef SUMSCOPE_TESTS_STORAGE_STORAGE_BACKENDS_H_
#define SUMSCOPE_TESTS_STORAGE_STORAGE_BACKENDS_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/sqlite/sqlite_storage.h"
#include "tests/support/temp_directory.h"

namespace sumscope::storage {

// The suites run against every kind of storage: what holds on disk must hold for the test double.
enum class Backend { kDisk, kMemory };

class BackendTest : public testing::TestWithParam<Backend> {
 protected:
  BackendTest();
  // Closes and opens what is on disk; nothing in memory.
  void Reopen();
  Catalog& catalog() { return *storage_.catalog; }
  RunFiles& files() { return *storage_.run_files; }
  CaptureFiles& captures() { return *storage_.captures; }
  QuestionSetTexts& question_set_texts() { return *storage_.question_set_texts; }
  const std::string& directory() const { return folder_.path(); }

  // A write that must succeed.
  void Write(const std::function<absl::Status(CatalogTransaction&)>& body);

 private:
  const TempDirectory folder_;
  Storage storage_;
};

std::string BackendName(const testing::TestParamInfo<Backend>& info);
#define SUMSCOPE_ON_EVERY_BACKEND(suite) \
  INSTANTIATE_TEST_SUITE_P(Storage, suite, testing::Values(Backend::kDisk, Backend::kMemory), BackendName)

// The value of an answer that must be OK, to be looped over.
template <typename Value>
Value ValueOf(absl::StatusOr<Value> answer) {
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *std::move(answer) : Value();
}

// Everything is legal but SUCCEEDED -> RUNNING.
bool TestTransition(v1::State from, v1::State to);

// A run as the server makes one, created `second` seconds after some origin.
v1::Run MakeRun(const std::string& id, int second = 0);
Job MakeJob(const std::string& id, const std::string& run);
v1::Analysis MakeAnalysis(const std::string& run, const std::string& id, const std::string& key, int second = 0);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_TESTS_STORAGE_STORAGE_BACKENDS_H_
