#include "client/across_runs.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sumscope/v1/probes.pb.h"

namespace sumscope::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What names a member of a list: the first of these groups that its type has in full.
const std::vector<std::vector<std::string>>& NamingFields() {
  static const auto* const kFields = new std::vector<std::vector<std::string>>{{"layer", "head"},
                                                                               {"task", "nodes"},
                                                                               {"digit", "length"},
                                                                               {"digit"},
                                                                               {"question_class"},
                                                                               {"cell"},
                                                                               {"nodes"},
                                                                               {"node"},
                                                                               {"component"},
                                                                               {"id"},
                                                                               {"name"},
                                                                               {"label"},
                                                                               {"k"},
                                                                               {"operation"},
                                                                               {"position"},
                                                                               {"question"},
                                                                               {"task"}};
  return *kFields;
}

// Fields that are no answer: settings, bounds of intervals, what theory says, and the words of the question.
bool IsNoAnswer(const std::string& name) {
  static const auto* const kNames = new std::set<std::string>{
      "mode",          "lower",      "upper",      "per_cell",    "kappa_lower", "kappa_upper", "share_expected",
      "reads_above",   "sure_above", "worst",      "meaning",     "predicts",    "text",        "store",
      "clean",         "store_true", "clean_true", "true_answer", "question",    "truth",       "look_back_2",
      "layer",         "head",       "position",   "digit",       "length",      "cell",        "nodes",
      "node",          "component",  "id",         "name",        "label",       "task",        "operation",
      "question_class"};
  return kNames->count(name) > 0;
}

// Numbers that are verdicts: runs agree on them or not, and their mean says nothing.
bool IsVerdict(const std::string& name) { return name == "k" || name == "s" || name == "cluster_k" || name == "pair"; }

std::string Join(const std::string& path, const std::string& part) {
  return path.empty() ? part : absl::StrCat(path, ".", part);
}

// Walks one result.
class Flattener {
 public:
  explicit Flattener(FlatResult* out) : out_(out) {}

  void Walk(const Message& message, const std::string& path) {
    const Descriptor* const type = message.GetDescriptor();
    if (type == v1::Rate::descriptor() && static_cast<const v1::Rate&>(message).count() == 0) return;
    around_.push_back(&message);
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      const std::string here = Join(path, field->name());
      if (field->is_repeated()) {
        // Bounds and the worst questions, which are others in each run; lists of names name what is beside them.
        if (!IsNoAnswer(field->name()) || field->name() == "nodes") WalkList(message, field, here);
      } else if (IsNoAnswer(field->name()) || (type == v1::LookBackK::descriptor() && field->name() == "k")) {
        continue;  // the path says it
      } else if (!field->has_presence() || message.GetReflection()->HasField(message, field)) {
        WalkOne(message, field, here);
      }
    }
    around_.pop_back();
  }

  // Call once, at the end.
  void Finish() { out_->facts.assign(facts_.begin(), facts_.end()); }

 private:
  static std::string Text(const Message& message, const FieldDescriptor* field) {
    const Reflection* const r = message.GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        return absl::StrCat(r->GetUInt32(message, field));
      case FieldDescriptor::CPPTYPE_ENUM:
        return r->GetEnum(message, field)->name();
      case FieldDescriptor::CPPTYPE_STRING:
        return r->GetString(message, field);
      default:
        return "";
    }
  }

  // L0H1, A5, "A2.SA P14L0H1"; "" for a type without a name.
  static std::string NameOf(const Message& message) {
    const Descriptor* const type = message.GetDescriptor();
    for (const std::vector<std::string>& group : NamingFields()) {
      std::vector<std::string> parts;
      for (const std::string& name : group) {
        const FieldDescriptor* const field = type->FindFieldByName(name);
        if (field == nullptr || field->is_repeated()) break;
        parts.push_back(Text(message, field));
      }
      if (parts.size() != group.size()) continue;
      if (group.front() == "layer") return absl::StrCat("L", parts[0], "H", parts[1]);
      if (group.front() == "position") return absl::StrCat("P", parts[0]);
      return absl::StrJoin(parts, " ");
    }
    return "";
  }

  // What element `i` of a list of `size` is called by the list of names `names` in one of the messages around it.
  std::string NameAt(const char* names, int i, int size) const {
    for (auto message = around_.rbegin(); message != around_.rend(); ++message) {
      const FieldDescriptor* const field = (*message)->GetDescriptor()->FindFieldByName(names);
      if (field == nullptr || !field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
      const Reflection* const r = (*message)->GetReflection();
      if (r->FieldSize(**message, field) == size) return r->GetRepeatedString(**message, field, i);
    }
    return absl::StrCat(i);
  }

  void WalkOne(const Message& message, const FieldDescriptor* field, const std::string& here) {
    const Reflection* const r = message.GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Walk(r->GetMessage(message, field), here);
      case FieldDescriptor::CPPTYPE_UINT32:
        if (IsVerdict(field->name())) return AddValue(here, Text(message, field));
        return AddNumber(here, r->GetUInt32(message, field));
      case FieldDescriptor::CPPTYPE_UINT64:
        return AddNumber(here, static_cast<double>(r->GetUInt64(message, field)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return AddNumber(here, r->GetDouble(message, field));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return AddNumber(here, static_cast<double>(r->GetFloat(message, field)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return AddValue(here, r->GetBool(message, field) ? "true" : "false");
      default:
        return AddValue(here, Text(message, field));
    }
  }

  void WalkList(const Message& message, const FieldDescriptor* field, const std::string& here) {
    const Reflection* const r = message.GetReflection();
    const int size = r->FieldSize(message, field);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return AddWords(message, field, here);
    for (int i = 0; i < size; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const Message& element = r->GetRepeatedMessage(message, field, i);
        if (element.GetDescriptor() == v1::NodeTag::descriptor()) {
          const auto& tag = static_cast<const v1::NodeTag&>(element);
          facts_.insert(absl::StrCat(tag.node(), " ", tag.tag()));
          continue;
        }
        const std::string name = NameOf(element);
        Walk(element, Join(here, name.empty() ? NameAt("nodes", i, size) : name));
        continue;
      }
      const std::string path = Join(here, NameAt("answer_tokens", i, size));
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32)
        AddNumber(path, r->GetRepeatedUInt32(message, field, i));
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE)
        AddNumber(path, r->GetRepeatedDouble(message, field, i));
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
        AddNumber(path, static_cast<double>(r->GetRepeatedFloat(message, field, i)));
      }
    }
  }

  // An order is one value; of other lists each word is a fact.
  void AddWords(const Message& message, const FieldDescriptor* field, const std::string& here) {
    std::vector<std::string> words;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      words.push_back(message.GetReflection()->GetRepeatedString(message, field, i));
    }
    if (field->name() == "order" || field->name() == "cell_order") return AddValue(here, absl::StrJoin(words, " "));
    if (field->name() == "answer_tokens" || field->name() == "nodes" || field->name() == "labels") return;
    for (const std::string& word : words) facts_.insert(absl::StrCat(here, " ", word));
  }

  void AddNumber(const std::string& path, double number) {
    if (std::isfinite(number)) out_->numbers[path] = number;
  }
  void AddValue(const std::string& path, const std::string& value) { out_->values[path] = value; }

  FlatResult* const out_;
  std::vector<const Message*> around_;  // messages around, outermost first
  std::set<std::string> facts_;
};

// Digits within names by their value: A2 before A10.
bool NaturalLess(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    if (digit(a[i]) && digit(b[j])) {
      size_t i_end = i, j_end = j;
      while (i_end < a.size() && digit(a[i_end])) ++i_end;
      while (j_end < b.size() && digit(b[j_end])) ++j_end;
      if (i_end - i != j_end - j) return i_end - i < j_end - j;
      const int order = a.compare(i, i_end - i, b, j, j_end - j);
      if (order != 0) return order < 0;
      i = i_end;
      j = j_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

NumberAcross Spread(const std::string& path, const std::vector<double>& values) {
  NumberAcross across;
  across.path = path;
  across.n = values.size();
  const auto n = static_cast<double>(values.size());
  across.min = *std::min_element(values.begin(), values.end());
  across.max = *std::max_element(values.begin(), values.end());
  for (const double value : values) across.mean += value / n;
  if (across.min == across.max) across.mean = across.min;  // not rounded: equal numbers have no spread
  double squares = 0;
  for (const double value : values) squares += (value - across.mean) * (value - across.mean);
  across.deviation = values.size() > 1 ? std::sqrt(squares / (n - 1)) : std::numeric_limits<double>::quiet_NaN();
  return across;
}

}  // namespace

FlatResult Flatten(const Message& result) {
  FlatResult flat;
  Flattener flattener(&flat);
  flattener.Walk(result, "");
  flattener.Finish();
  return flat;
}

AcrossRuns Aggregate(const std::vector<FlatResult>& results) {
  AcrossRuns across;
  across.runs = results.size();
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::map<std::string, uint64_t>> values;
  std::map<std::string, uint64_t> facts;
  for (const FlatResult& result : results) {
    for (const auto& [path, number] : result.numbers) numbers[path].push_back(number);
    for (const auto& [path, value] : result.values) ++values[path][value];
    for (const std::string& fact : result.facts) ++facts[fact];
  }
  for (const auto& [path, list] : numbers) across.numbers.push_back(Spread(path, list));
  for (const auto& [path, counts] : values) {
    uint64_t m = 0;
    for (const auto& [value, k] : counts) m += k;
    for (const auto& [value, k] : counts) across.values.push_back({path, value, k, m});
  }
  for (const auto& [fact, k] : facts) across.facts.push_back({fact, "", k, across.runs});
  const auto by_path = [](const auto& a, const auto& b) { return NaturalLess(a.path, b.path); };
  std::stable_sort(across.numbers.begin(), across.numbers.end(), by_path);
  std::stable_sort(across.values.begin(), across.values.end(), by_path);
  std::stable_sort(across.facts.begin(), across.facts.end(), by_path);
  return across;
}

}  // namespace sumscope::client
