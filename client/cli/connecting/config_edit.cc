#include "client/cli/connecting/config_edit.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/cli/app/config.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "toml++/toml.h"

namespace sumscope::client {
namespace {

constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

// Where a change can be made: a key of a context, or of the top level.
const std::map<absl::string_view, std::string Settings::*>& EditedKeys() {
  static const auto* const kKeys =
      new std::map<absl::string_view, std::string Settings::*>{{"server", &Settings::server},
                                                               {"ca", &Settings::ca},
                                                               {"token_file", &Settings::token_file},
                                                               {"certificate", &Settings::certificate},
                                                               {"key", &Settings::key}};
  return *kKeys;
}

// `text`, UTF-8, as a basic string of TOML.
std::string InQuotes(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\u", absl::Hex(byte, absl::kZeroPad4));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string HeaderOf(const std::string& name) {
  const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
  return absl::StrCat("[contexts.", bare ? name : InQuotes(name), "]");
}

// What one line says by itself; an empty table for a comment, a blank line and part of something longer.
toml::table TableOfLine(absl::string_view line) {
  try {
    return toml::parse(std::string_view(line.data(), line.size()));
  } catch (const toml::parse_error&) {
    return toml::table();
  }
}

bool IsHeader(absl::string_view line) { return absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "["); }

bool IsHeaderOf(absl::string_view line, const std::string& name) {
  if (!IsHeader(line)) return false;
  const toml::table said = TableOfLine(line);
  const auto context = said["contexts"][std::string_view(name)];
  return said.size() == 1 && context.is_table() && context.as_table()->empty();
}

// The key that a line of the form `key = value` sets; "" for any other.
std::string KeyOfLine(absl::string_view line) {
  if (IsHeader(line)) return "";
  const toml::table said = TableOfLine(line);
  return said.size() == 1 ? std::string(said.begin()->first.str()) : "";
}

// Bytes of the first `characters` of UTF-8 text.
size_t BytesOf(absl::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size() && characters > 0; --characters) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return at;
}

// The line with another value; its spaces and its comment stay.
std::string WithValue(absl::string_view line, const std::string& value) {
  const toml::table said = TableOfLine(line);
  const toml::source_region& where = said.begin()->second.source();
  const size_t from = BytesOf(line, where.begin.column - 1), to = BytesOf(line, where.end.column - 1);
  return absl::StrCat(line.substr(0, from), InQuotes(value), line.substr(to));
}

// The text by its lines, each with its end.
class Lines {
 public:
  explicit Lines(absl::string_view text) : end_(absl::StrContains(text, "\r\n") ? "\r\n" : "\n") {
    if (absl::ConsumePrefix(&text, kByteOrderMark)) mark_ = std::string(kByteOrderMark);
    while (!text.empty()) {
      const size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
      lines_.emplace_back(text.substr(0, size));
      text.remove_prefix(size);
    }
  }
  std::string Text() const { return absl::StrCat(mark_, absl::StrJoin(lines_, "")); }

  size_t size() const { return lines_.size(); }
  const std::string& at(size_t i) const { return lines_[i]; }
  bool IsBlank(size_t i) const { return absl::StripAsciiWhitespace(lines_[i]).empty(); }

  // [begin, end) of the lines before the first header, and of those behind the header of `name`.
  std::pair<size_t, size_t> Top() const { return {0, NextHeader(0)}; }
  std::optional<std::pair<size_t, size_t>> Context(const std::string& name) const {
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (IsHeaderOf(lines_[i], name)) return std::make_pair(i + 1, NextHeader(i + 1));
    }
    return std::nullopt;
  }

  // Sets `key` among these lines, behind the last key that is there; takes it away where `value` is "".
  void SetKey(const std::pair<size_t, size_t>& within, const std::string& key, const std::string& value) {
    for (size_t i = within.first; i < within.second; ++i) {
      if (KeyOfLine(lines_[i]) != key) continue;
      if (value.empty()) {
        lines_.erase(lines_.begin() + static_cast<ptrdiff_t>(i));
      } else {
        lines_[i] = WithValue(lines_[i], value);
      }
      return;
    }
    if (!value.empty()) Insert(BehindLastKey(within), absl::StrCat(key, " = ", InQuotes(value)));
  }

  // The line behind the last key of these; the first one where none has a key.
  size_t BehindLastKey(const std::pair<size_t, size_t>& within) const {
    size_t behind = within.first;
    for (size_t i = within.first; i < within.second; ++i) {
      if (!KeyOfLine(lines_[i]).empty()) behind = i + 1;
    }
    return behind;
  }

  void Insert(size_t at, absl::string_view line) {
    if (at > 0 && !absl::EndsWith(lines_[at - 1], "\n")) lines_[at - 1] += end_;
    lines_.insert(lines_.begin() + static_cast<ptrdiff_t>(at), absl::StrCat(line, end_));
  }
  void Erase(size_t from, size_t to) {
    lines_.erase(lines_.begin() + static_cast<ptrdiff_t>(from), lines_.begin() + static_cast<ptrdiff_t>(to));
  }

 private:
  size_t NextHeader(size_t from) const {
    while (from < lines_.size() && !IsHeader(lines_[from])) ++from;
    return from;
  }

  const std::string end_;
  std::string mark_;
  std::vector<std::string> lines_;
};

bool Equal(const Settings& a, const Settings& b) {
  for (std::string Settings::*field : {&Settings::server, &Settings::timeout, &Settings::context, &Settings::output,
                                       &Settings::ca, &Settings::token_file, &Settings::certificate, &Settings::key}) {
    if (a.*field != b.*field) return false;
  }
  return true;
}

bool Equal(const ConfigFile& a, const ConfigFile& b) {
  return Equal(a.settings, b.settings) && a.contexts.size() == b.contexts.size() &&
         std::equal(a.contexts.begin(), a.contexts.end(), b.contexts.begin(),
                    [](const auto& x, const auto& y) { return x.first == y.first && Equal(x.second, y.second); });
}

// `text`, where it says what it is to.
absl::StatusOr<std::string> Checked(std::string text, const std::string& path, const ConfigFile& wanted) {
  const absl::StatusOr<ConfigFile> parsed = ParseConfig(text, path);
  if (parsed.ok() && Equal(*parsed, wanted)) return text;
  return MakeError(absl::StatusCode::kFailedPrecondition, "CONFIG_NOT_EDITABLE",
                   absl::StrCat(path,
                                " is written in a way that no program changes for you; write its contexts as "
                                "[contexts.NAME] with a key a line, or change it by hand"));
}

}  // namespace

absl::StatusOr<std::string> WithContext(absl::string_view text, const std::string& path, const std::string& name,
                                        const ContextKeys& keys) {
  SUMSCOPE_ASSIGN_OR_RETURN(ConfigFile wanted, ParseConfig(text, path));
  Lines lines(text);
  if (!lines.Context(name)) {
    if (lines.size() > 0 && !lines.IsBlank(lines.size() - 1)) lines.Insert(lines.size(), "");
    lines.Insert(lines.size(), HeaderOf(name));
  }
  for (const auto& [key, value] : keys) {
    wanted.contexts[name].*EditedKeys().at(key) = value;
    lines.SetKey(*lines.Context(name), key, value);
  }
  return Checked(lines.Text(), path, wanted);
}

absl::StatusOr<std::string> WithoutContext(absl::string_view text, const std::string& path, const std::string& name) {
  SUMSCOPE_ASSIGN_OR_RETURN(ConfigFile wanted, ParseConfig(text, path));
  Lines lines(text);
  wanted.contexts.erase(name);
  if (const auto context = lines.Context(name)) {
    const size_t header = context->first - 1, behind = lines.BehindLastKey(*context);
    // The blank line that parted it from what came before, where nothing comes behind it.
    const bool last = behind == lines.size() && header > 0 && lines.IsBlank(header - 1);
    lines.Erase(header - (last ? 1 : 0), behind);
  }
  if (wanted.settings.context == name) {
    wanted.settings.context.clear();
    lines.SetKey(lines.Top(), "context", "");
  }
  return Checked(lines.Text(), path, wanted);
}

absl::StatusOr<std::string> WithChosenContext(absl::string_view text, const std::string& path,
                                              const std::string& name) {
  SUMSCOPE_ASSIGN_OR_RETURN(ConfigFile wanted, ParseConfig(text, path));
  wanted.settings.context = name;
  Lines lines(text);
  lines.SetKey(lines.Top(), "context", name);
  return Checked(lines.Text(), path, wanted);
}

}  // namespace sumscope::client
