// sumscope completion: scripts for shells, made from the commands themselves.
#include <memory>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/arguments/command.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"

namespace sumscope::client {
namespace {

// One command: the words that lead to it, what may follow.
struct Node {
  std::string path;  // "runs list"; "" is the program
  std::vector<const CLI::App*> commands;
  std::vector<const CLI::Option*> options;
};

std::vector<const CLI::App*> CommandsOf(const CLI::App* app) {
  return app->get_subcommands([](const CLI::App*) { return true; });
}

void Collect(const CLI::App* app, const std::string& path, std::vector<Node>* nodes) {
  Node node{path, CommandsOf(app), {}};
  for (const CLI::App* level = app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      if (!option->get_lnames().empty()) node.options.push_back(option);
    }
  }
  nodes->push_back(node);
  for (const CLI::App* command : node.commands) {
    Collect(command, absl::StrCat(path, path.empty() ? "" : " ", command->get_name()), nodes);
  }
}

std::string CommandNames(const Node& node) {
  return absl::StrJoin(node.commands, " ",
                       [](std::string* out, const CLI::App* command) { absl::StrAppend(out, command->get_name()); });
}

std::string OptionNames(const Node& node) {
  return absl::StrJoin(node.options, " ", [](std::string* out, const CLI::Option* option) {
    absl::StrAppend(out, "--", option->get_lnames().front());
  });
}

// A shell function's case over the path of commands typed so far.
std::string Cases(const std::vector<Node>& nodes) {
  std::string cases;
  for (const Node& node : nodes) {
    absl::StrAppend(&cases, "    \"", node.path, "\") commands=\"", CommandNames(node), "\"; options=\"",
                    OptionNames(node), "\" ;;\n");
  }
  return cases;
}

// Follows the typed words as far as they are commands.
std::string WalkCases(const std::vector<Node>& nodes) {
  std::string cases;
  for (const Node& node : nodes) {
    if (!node.path.empty()) absl::StrAppend(&cases, cases.empty() ? "" : "|", "\"", node.path, "\"");
  }
  return cases;
}

std::string Bash(const std::vector<Node>& nodes) {
  return absl::StrReplaceAll(
      R"sh(# bash completion of sumscope; use: source <(sumscope completion bash)
_sumscope() {
  local current=${COMP_WORDS[COMP_CWORD]} path= next word commands= options=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next=${path:+$path }$word
    case "$next" in
      @WALK@) path=$next ;;
    esac
  done
  case "$path" in
@CASES@  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _sumscope sumscope
)sh",
      {{"@WALK@", WalkCases(nodes)}, {"@CASES@", Cases(nodes)}});
}

std::string Zsh(const std::vector<Node>& nodes) {
  return absl::StrReplaceAll(
      R"sh(#compdef sumscope
# zsh completion of sumscope; use: source <(sumscope completion zsh)
_sumscope() {
  local path_typed= next word commands= options=
  for word in "${(@)words[2,CURRENT-1]}"; do
    next=${path_typed:+$path_typed }$word
    case "$next" in
      @WALK@) path_typed=$next ;;
    esac
  done
  case "$path_typed" in
@CASES@  esac
  if [[ ${words[CURRENT]} == -* ]]; then
    compadd -- ${=options}
  elif [[ -n $commands ]]; then
    compadd -- ${=commands}
  else
    _files
  fi
}
compdef _sumscope sumscope
)sh",
      {{"@WALK@", WalkCases(nodes)}, {"@CASES@", Cases(nodes)}});
}

// In single quotes.
std::string FishQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string Fish(const std::vector<Node>& nodes) {
  std::string script = absl::StrReplaceAll(
      R"sh(# fish completion of sumscope; use: sumscope completion fish | source
function __sumscope_at
  set -l path
  for word in (commandline -opc)[2..]
    set -l next (string trim "$path $word")
    contains -- "$next" @WALK@; and set path $next
  end
  test "$path" = "$argv[1]"
end
)sh",
      {{"@WALK@", absl::StrReplaceAll(WalkCases(nodes), {{"|", " "}})}});
  for (const Node& node : nodes) {
    const std::string condition = FishQuoted(absl::StrCat("__sumscope_at \"", node.path, "\""));
    for (const CLI::App* command : node.commands) {
      absl::StrAppend(&script, "complete -c sumscope -f -n ", condition, " -a ", command->get_name(), " -d ",
                      FishQuoted(command->get_description()), "\n");
    }
    for (const CLI::Option* option : node.options) {
      absl::StrAppend(&script, "complete -c sumscope -n ", condition, " -l ", option->get_lnames().front(), " -d ",
                      FishQuoted(option->get_description()), "\n");
    }
  }
  return script;
}

absl::StatusOr<ExitCode> Complete(const CLI::App* root, const std::string& shell, Session& session) {
  std::vector<Node> nodes;
  Collect(root, "", &nodes);
  std::string script;
  if (shell == "bash") {
    script = Bash(nodes);
  } else if (shell == "zsh") {
    script = Zsh(nodes);
  } else if (shell == "fish") {
    script = Fish(nodes);
  } else {
    return InvalidField("USAGE", "shell", absl::StrCat("\"", shell, "\" is no shell here; expected bash, zsh or fish"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, session.OpenSink());
  SUMSCOPE_RETURN_IF_ERROR(sink->Write(script));
  SUMSCOPE_RETURN_IF_ERROR(sink->Commit());
  return ExitCode::kDone;
}

}  // namespace

void AddCompletion(Registry* registry, Command root) {
  const auto shell = std::make_shared<std::string>();
  const Command command =
      registry->Add(root, "completion", "Print a completion script for bash, zsh or fish", Registry::Output::kNone);
  command.Add("SHELL", shell.get(), "bash, zsh or fish").required();
  registry->Run(command, [root, shell](Session& session) { return Complete(root.app(), *shell, session); });
}

}  // namespace sumscope::client
