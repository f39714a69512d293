#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_QUERY_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_QUERY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "proto/contract/text/utf8.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// A BLOB parameter; borrowed until the statement ran.
struct BlobView {
  absl::string_view bytes;
};
using SqlValue = std::variant<int64_t, double, std::string>;

// One use of a prepared statement, borrowed from its connection. Everything throws SQLite::Exception: use inside Guard.
class Query {
 public:
  Query(Connection& connection, std::string sql)
      : connection_(connection), sql_(std::move(sql)), statement_(connection.TakeStatement(sql_)) {}
  ~Query() { connection_.ReturnStatement(sql_, std::move(statement_)); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Binds the next parameters in order.
  template <typename... Values>
  Query& Bind(const Values&... values) {
    (BindNext(values), ...);
    return *this;
  }
  bool Next() {
    sound_ = true;
    return statement_->executeStep();
  }
  void Run() {
    while (Next()) {
    }
  }

  // Columns of the current row.
  bool IsNull(int column) { return statement_->getColumn(column).isNull(); }
  int64_t Int(int column) { return statement_->getColumn(column).getInt64(); }
  double Real(int column) { return statement_->getColumn(column).getDouble(); }
  std::string Text(int column) {
    std::string text = statement_->getColumn(column).getString();
    sound_ = sound_ && IsUtf8(text);
    return text;
  }
  // Whether the texts that were read of the current row are UTF-8. A message with another could not be sent.
  bool sound() const { return sound_; }
  const FileIdentity& file() const { return connection_.file(); }
  // Valid until the next step.
  absl::string_view Blob(int column) {
    const SQLite::Column value = statement_->getColumn(column);
    const void* data = value.getBlob();
    return absl::string_view(static_cast<const char*>(data), static_cast<size_t>(value.getBytes()));
  }
  std::optional<int64_t> OptionalInt(int column) {
    return IsNull(column) ? std::nullopt : std::make_optional(Int(column));
  }
  std::optional<double> OptionalReal(int column) {
    return IsNull(column) ? std::nullopt : std::make_optional(Real(column));
  }
  std::optional<std::string> OptionalText(int column) {
    return IsNull(column) ? std::nullopt : std::make_optional(Text(column));
  }

 private:
  void BindNext(int64_t value) { statement_->bind(++bound_, value); }
  void BindNext(uint64_t value) { statement_->bind(++bound_, static_cast<int64_t>(value)); }
  void BindNext(int value) { statement_->bind(++bound_, static_cast<int64_t>(value)); }
  void BindNext(uint32_t value) { statement_->bind(++bound_, static_cast<int64_t>(value)); }
  void BindNext(bool value) { statement_->bind(++bound_, static_cast<int64_t>(value)); }
  void BindNext(double value) { statement_->bind(++bound_, value); }
  void BindNext(const std::string& value) { statement_->bind(++bound_, value); }
  void BindNext(const char* value) { statement_->bind(++bound_, std::string(value)); }
  void BindNext(BlobView value) {
    statement_->bindNoCopy(++bound_, value.bytes.data(), static_cast<int>(value.bytes.size()));
  }
  template <typename T>
  void BindNext(const std::optional<T>& value) {
    if (value.has_value()) {
      BindNext(*value);
    } else {
      statement_->bind(++bound_);
    }
  }
  void BindNext(const SqlValue& value) {
    std::visit([this](const auto& typed) { BindNext(typed); }, value);
  }

  Connection& connection_;
  const std::string sql_;
  std::unique_ptr<SQLite::Statement> statement_;
  int bound_ = 0;
  bool sound_ = true;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_QUERY_H_
