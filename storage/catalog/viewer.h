#ifndef SUMSCOPE_STORAGE_CATALOG_VIEWER_H_
#define SUMSCOPE_STORAGE_CATALOG_VIEWER_H_

#include <string>
#include <utility>

namespace sumscope::storage {

// On whose behalf the catalog is asked. Every query of what belongs to somebody takes one, so that the catalog alone
// decides what a user may see, and no new query can forget to ask. Today it decides nothing: there are no users yet,
// and every viewer sees everything. A value type.
class Viewer {
 public:
  // The server's own work: recovery, scheduling, intake, housekeeping, and checks that hold for everybody, such as
  // whether an id is taken. Sees everything.
  static Viewer Server() { return Viewer("", /*is_server=*/true); }
  // The user of that name: the owner of what they make.
  static Viewer User(std::string name) { return Viewer(std::move(name), /*is_server=*/false); }

  bool is_server() const { return is_server_; }
  // The user's name; empty for the server.
  const std::string& user() const { return user_; }

 private:
  Viewer(std::string user, bool is_server) : user_(std::move(user)), is_server_(is_server) {}

  std::string user_;
  bool is_server_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_VIEWER_H_
