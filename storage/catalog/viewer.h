#ifndef SUMSCOPE_STORAGE_CATALOG_VIEWER_H_
#define SUMSCOPE_STORAGE_CATALOG_VIEWER_H_

#include <string>
#include <utility>

namespace sumscope::storage {

// On whose behalf the catalog is asked. Every query of what belongs to somebody takes one, so that the catalog alone
// decides what a user may see, and no new query can forget to ask: what the lab may see and what is theirs; everything
// for admins and the server. What a viewer may not see is not there. A value type.
class Viewer {
 public:
  // The server's own work: recovery, scheduling, intake, housekeeping, and checks that hold for everybody, such as
  // whether an id is taken.
  static Viewer Server() { return Viewer("", /*sees_everything=*/true); }
  // The user of that name: the owner of what they make.
  static Viewer User(std::string name) { return Viewer(std::move(name), /*sees_everything=*/false); }
  static Viewer Admin(std::string name) { return Viewer(std::move(name), /*sees_everything=*/true); }

  bool sees_everything() const { return sees_everything_; }
  // The user's name; empty for the server.
  const std::string& user() const { return user_; }

 private:
  Viewer(std::string user, bool sees_everything) : user_(std::move(user)), sees_everything_(sees_everything) {}

  std::string user_;
  bool sees_everything_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_VIEWER_H_
