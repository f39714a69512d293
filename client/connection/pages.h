#ifndef SUMSCOPE_CLIENT_CONNECTION_PAGES_H_
#define SUMSCOPE_CLIENT_CONNECTION_PAGES_H_

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {

// Reads page after page until there are `limit` items, or all of them for 0. `call(request)` gets one page; `items` is
// the response's mutable_..() of its list. The result holds them all, and the page token with which it goes on.
template <typename Response, typename Request, typename Call, typename Items>
absl::StatusOr<Response> ReadPages(Request request, uint64_t limit, const Call& call, Items* (Response::*items)()) {
  Response all;
  Items* const found = (all.*items)();
  do {
    const uint64_t left = limit == 0 ? limits::kMaxPageSize : limit - static_cast<uint64_t>(found->size());
    request.set_page_size(static_cast<uint32_t>(std::min<uint64_t>(left, limits::kMaxPageSize)));
    SUMSCOPE_ASSIGN_OR_RETURN(Response page, call(request));
    request.set_page_token(page.next_page_token());
    for (auto& item : *(page.*items)()) *found->Add() = std::move(item);
  } while (!request.page_token().empty() && (limit == 0 || static_cast<uint64_t>(found->size()) < limit));
  all.set_next_page_token(request.page_token());
  return all;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_PAGES_H_
