// Who may include whom (CONTRIBUTING.md, "Layers"): read from the sources, so that a wrong include fails here and not
// in a review.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace sumscope {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SUMSCOPE_SOURCE_DIR;

// A folder may include itself and these.
const std::map<std::string, std::set<std::string>> kAllowed = {
    {"proto/contract", {"proto"}},
    {"client", {"proto", "proto/contract"}},
    {"storage", {"proto", "proto/contract"}},
    {"server/auth", {"proto", "proto/contract", "storage"}},
    {"server/devices", {"proto/contract"}},
    {"server/guard", {"proto", "proto/worker", "proto/contract", "server/devices", "server/workers"}},
    {"server/transport", {"proto/contract"}},
    {"server/workers", {"proto", "proto/worker", "proto/contract", "server/transport"}},
    {"server/jobs",
     {"proto", "proto/worker", "proto/contract", "storage", "server/workers", "server/jobs/scheduling/policy"}},
    {"server/jobs/scheduling/policy", {"proto", "proto/contract", "storage"}},
    {"server/host", {"proto", "proto/contract"}},
    {"server/report", {"proto", "proto/contract", "storage"}},
    {"server/rpc",
     {"proto", "proto/contract", "storage", "server/jobs", "server/auth", "server/devices", "server/report",
      "server/workers", "server/transport", "server/jobs/scheduling/policy"}},
    {"server/worker", {"proto", "proto/worker", "proto/contract", "server/engine"}},
    {"server/engine", {}},
    {"server",
     {"proto", "proto/contract", "storage", "server/rpc", "server/jobs", "server/workers", "server/auth",
      "server/devices", "server/guard", "server/report", "server/transport", "server/host",
      "server/jobs/scheduling/policy"}},
};

struct Include {
  std::string file, text;
};

const std::set<std::string> kCpp = {".h", ".cc"};

// Files under `folder` whose names end so.
std::vector<fs::path> Sources(const std::string& folder, const std::set<std::string>& extensions) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    if (extensions.count(entry.path().extension()) > 0) found.push_back(entry.path());
  }
  return found;
}

std::vector<Include> IncludesOf(const fs::path& path) {
  static const std::regex pattern(R"re(^\s*#include\s+[<"]([^>"]+)[>"])re");
  std::vector<Include> found;
  std::ifstream file(path);
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_search(line, match, pattern)) found.push_back({fs::relative(path, kRoot).string(), match[1]});
  }
  return found;
}

// The folder of kAllowed that a path lies in: the longest that fits; "" for anything else.
std::string LayerOf(const std::string& path) {
  if (path.rfind("sumscope/worker/", 0) == 0) return "proto/worker";
  if (path.rfind("sumscope/v1/", 0) == 0) return "proto";
  std::string best;
  for (const auto& [folder, allowed] : kAllowed) {
    if (path.rfind(folder + "/", 0) == 0 && folder.size() > best.size()) best = folder;
  }
  return best;
}

template <typename Check>
void ForEachInclude(Check check) {
  int files = 0;
  for (const char* folder : {"proto/contract", "client", "storage", "server"}) {
    for (const fs::path& path : Sources(folder, kCpp)) {
      ++files;
      for (const Include& include : IncludesOf(path)) check(include);
    }
  }
  ASSERT_GT(files, 50) << "the sources were not found";
}

TEST(Layering_Test, EveryIncludePointsTheAllowedWay) {
  ForEachInclude([](const Include& include) {
    const std::string from = LayerOf(include.file), to = LayerOf(include.text);
    if (to.empty() || from == to) return;
    EXPECT_TRUE(kAllowed.at(from).count(to)) << include.file << " includes " << include.text;
  });
}

TEST(Layering_Test, LibTorchStaysInEngineAndWorker) {
  ForEachInclude([](const Include& include) {
    static const std::regex torch(R"(^(torch|ATen|c10)/)");
    if (!std::regex_search(include.text, torch)) return;
    const std::string from = LayerOf(include.file);
    EXPECT_TRUE(from == "server/engine" || from == "server/worker") << include.file;
  });
}

TEST(Layering_Test, EngineNeedsLibTorchAndTheStandardLibraryOnly) {
  ForEachInclude([](const Include& include) {
    if (LayerOf(include.file) != "server/engine") return;
    static const std::regex foreign(R"(^(absl|google|grpc|grpcpp|nlohmann|boost|SQLiteCpp|openssl)/)");
    EXPECT_FALSE(std::regex_search(include.text, foreign)) << include.file << " includes " << include.text;
  });
}

TEST(Layering_Test, SqliteStaysInItsFolder) {
  ForEachInclude([](const Include& include) {
    if (include.text != "sqlite3.h" && include.text.rfind("SQLiteCpp/", 0) != 0) return;
    EXPECT_EQ(include.file.rfind("storage/sqlite/", 0), 0u) << include.file;
  });
}

// What decides is tested without a catalog: of storage it knows the values.
TEST(Layering_Test, PolicyTakesTheCatalogsValuesAlone) {
  ForEachInclude([](const Include& include) {
    if (LayerOf(include.file) != "server/jobs/scheduling/policy" || LayerOf(include.text) != "storage") return;
    const bool values = include.text == "storage/catalog/jobs.h" || include.text == "storage/catalog/usage.h";
    EXPECT_TRUE(values) << include.file << " includes " << include.text;
  });
}

// Folders that include each other are one folder: neither can be understood, or changed, alone.
TEST(Layering_Test, NoFoldersIncludeEachOtherInACircle) {
  std::map<std::string, std::map<std::string, std::string>> includes;  // folder -> folder -> a file that does
  ForEachInclude([&](const Include& include) {
    const std::string from = fs::path(include.file).parent_path(), to = fs::path(include.text).parent_path();
    if (from != to && fs::exists(kRoot / include.text)) includes[from].emplace(to, include.file);
  });
  // Folders without includes of others go, until none does.
  for (bool gone = true; gone;) {
    gone = false;
    for (auto at = includes.begin(); at != includes.end();) {
      for (auto to = at->second.begin(); to != at->second.end();) {
        to = includes.count(to->first) == 0 ? at->second.erase(to) : std::next(to);
      }
      gone |= at->second.empty();
      at = at->second.empty() ? includes.erase(at) : std::next(at);
    }
  }
  for (const auto& [from, all] : includes) {
    for (const auto& [to, file] : all) ADD_FAILURE() << from << " -> " << to << ", in or before a circle: " << file;
  }
}

// A folder is read at a glance, and a file in one sitting.
TEST(Structure_Test, FoldersAndFilesAreSmall) {
  constexpr int kMostFiles = 20, kMostLines = 400;
  const std::set<std::string> extensions = {".h", ".cc", ".proto", ".py"};
  std::map<std::string, int> files;
  std::set<std::string> seen;
  for (const char* folder : {"proto", "client", "storage", "server", "tests", "deploy"}) {
    for (const fs::path& path : Sources(folder, extensions)) {
      ++files[fs::relative(path.parent_path(), kRoot)];
      seen.insert(path.extension());
      std::ifstream file(path);
      const auto lines = std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n');
      EXPECT_LE(lines, kMostLines) << fs::relative(path, kRoot);
    }
  }
  for (const auto& [folder, count] : files) EXPECT_LE(count, kMostFiles) << folder;
  EXPECT_EQ(seen, extensions) << "the sources were not found";
}

TEST(Layering_Test, AbslMutexIsNotUsed) {
  ForEachInclude(
      [](const Include& include) { EXPECT_NE(include.text, "absl/synchronization/mutex.h") << include.file; });
}

}  // namespace
}  // namespace sumscope
