// sumscope glossary: what the words in tables mean.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/command.h"
#include "client/cli/glossary/words.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

absl::Status UnknownWords(const std::vector<std::string>& words) {
  std::vector<std::string> terms, unknown;
  for (const GlossaryEntry& entry : GlossaryEntries()) terms.emplace_back(entry.term);
  for (const std::string& word : words) {
    const std::string near = Nearest(word, terms);
    unknown.push_back(absl::StrCat(Quote(word), near.empty() ? "" : absl::StrCat(" (", DidYouMean(near), ")")));
  }
  return MakeError(
      absl::StatusCode::kNotFound, "WORD_UNKNOWN",
      absl::StrCat("the glossary has no ", absl::StrJoin(unknown, ", "), "; `sumscope glossary` lists its words"));
}

absl::StatusOr<ExitCode> Glossary(const std::vector<std::string>& words, Session& session) {
  std::vector<const GlossaryEntry*> shown;
  std::vector<std::string> unknown;
  for (const std::string& word : words) {
    const GlossaryEntry* const entry = FindWord(word);
    if (entry == nullptr) {
      unknown.push_back(word);
    } else {
      shown.push_back(entry);
    }
  }
  if (shown.empty() && !unknown.empty()) return UnknownWords(unknown);
  for (const GlossaryEntry& entry : GlossaryEntries()) {
    if (words.empty()) shown.push_back(&entry);
  }
  Table table({{"TERM"}, {"KIND"}, {"MEANING", kEverywhere, false, /*wrap=*/30}});
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const GlossaryEntry* const entry : shown) {
    const std::string term(entry->term), group(entry->group), meaning(entry->meaning);
    table.AddRow({term, group, meaning});
    all.push_back({{"term", term}, {"kind", group}, {"meaning", meaning}});
  }
  Document document = session.FromTable(table);
  document.items = {all.begin(), all.end()};
  document.json = {{"words", std::move(all)}};
  for (const GlossaryEntry* const entry : shown) document.ids.emplace_back(entry->term);
  document.explains_itself = true;
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!unknown.empty()) return UnknownWords(unknown);
  return ExitCode::kDone;
}

}  // namespace

void AddGlossary(Registry* registry, Command root) {
  const auto words = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(root, "glossary", "What the words in tables mean: S3, US9, A2.SC, kappa, ..");
  command.AddList("TERM", words.get(), "words as tables write them; default: all");
  registry->Run(command, [words](Session& session) { return Glossary(*words, session); });
}

}  // namespace sumscope::client
