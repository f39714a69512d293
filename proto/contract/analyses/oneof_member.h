#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_ONEOF_MEMBER_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_ONEOF_MEMBER_H_

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace sumscope {

// The field of `Whole`, AnalysisRequest or AnalysisResult, that holds a `Part`; there must be one.
template <typename Whole, typename Part>
class OneofMember {
 public:
  OneofMember() : field_(Find()) {}

  absl::string_view name() const { return field_->name(); }
  // The default instance where another field is set.
  const Part& Get(const Whole& whole) const {
    return static_cast<const Part&>(whole.GetReflection()->GetMessage(whole, field_));
  }
  Part* Mutable(Whole* whole) const {
    return static_cast<Part*>(whole->GetReflection()->MutableMessage(whole, field_));
  }

 private:
  static const google::protobuf::FieldDescriptor* Find() {
    const auto* const whole = Whole::descriptor();
    for (int i = 0; i < whole->field_count(); ++i) {
      if (whole->field(i)->message_type() == Part::descriptor()) return whole->field(i);
    }
    return nullptr;
  }

  const google::protobuf::FieldDescriptor* const field_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_ONEOF_MEMBER_H_
