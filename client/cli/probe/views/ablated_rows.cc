#include "client/cli/probe/views/ablated_rows.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"

namespace sumscope::client {

Table AblatedRows(const google::protobuf::RepeatedPtrField<std::string>& answer_tokens,
                  const v1::AblationBaseline& unablated,
                  const google::protobuf::RepeatedPtrField<v1::AblatedNodes>& results) {
  std::vector<Column> columns = {{"nodes"},  {"right"},          {"failed"}, {"failed_of_right"}, {"fail_percent"},
                                 {"impact"}, {"failing_digits"}, {"loss"},   {"moved_l2"},        {"near_ties"}};
  for (const std::string& token : answer_tokens) columns.push_back({absl::StrCat("failed_", token)});
  for (const std::string& token : answer_tokens) columns.push_back({absl::StrCat("loss_", token)});
  Table table(std::move(columns));
  std::vector<std::string> cells = {"",
                                    absl::StrCat(unablated.right()),
                                    absl::StrCat(unablated.failed()),
                                    "",
                                    "",
                                    "",
                                    "",
                                    ShortestDouble(unablated.loss()),
                                    "",
                                    absl::StrCat(unablated.near_ties())};
  for (const uint32_t failed : unablated.failed_digits()) cells.push_back(absl::StrCat(failed));
  table.AddRow(std::move(cells));
  for (const v1::AblatedNodes& one : results) {
    std::vector<std::string> row = {one.nodes(),
                                    absl::StrCat(unablated.right()),
                                    absl::StrCat(one.failed()),
                                    absl::StrCat(one.failed_of_right()),
                                    absl::StrCat(one.fail_percent()),
                                    one.impact(),
                                    one.failing_digits(),
                                    ShortestDouble(one.loss()),
                                    ShortestDouble(one.moved_l2()),
                                    absl::StrCat(one.near_ties())};
    for (int i = 0; i < answer_tokens.size(); ++i) {
      const auto& failed = one.failed_digits_of_right();
      row.push_back(i < failed.size() ? absl::StrCat(failed[i]) : "");
    }
    for (const double loss : one.digit_loss()) row.push_back(ShortestDouble(loss));
    table.AddRow(std::move(row));
  }
  return table;
}

}  // namespace sumscope::client
