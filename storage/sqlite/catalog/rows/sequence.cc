#include "storage/sqlite/catalog/rows/sequence.h"

#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

int64_t NextSequence(Connection& connection) {
  Query query(connection, "UPDATE sequences SET last = last + 1 RETURNING last");
  query.Next();
  const int64_t next = query.Int(0);
  query.Run();
  return next;
}

}  // namespace sumscope::storage
