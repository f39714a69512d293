# Flags of every target of ours, and the git hash that programs report.
add_library(sumscope_flags INTERFACE)
target_include_directories(sumscope_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(sumscope_flags INTERFACE -Wall -Wextra)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(sumscope_flags INTERFACE -Werror -Wshadow -Wthread-safety)
endif()
if(SUMSCOPE_SANITIZER)
  # Our code only: generated messages would take minutes a file to instrument, and are not what is under test.
  target_compile_options(sumscope_flags INTERFACE -fsanitize=${SUMSCOPE_SANITIZER} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${SUMSCOPE_SANITIZER})
  if(SUMSCOPE_SANITIZER STREQUAL "thread")
    # protobuf's headers give messages other members under this macro, and the libraries that hold them were built without.
    target_compile_options(sumscope_flags INTERFACE -U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1)
  endif()
endif()

# The engine, where time is spent, asks for -O3 (server/engine/CMakeLists.txt).
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE)
  set(launcher "${CMAKE_CURRENT_LIST_DIR}/compile_cached.sh" "${PROJECT_SOURCE_DIR}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

execute_process(COMMAND git -C "${PROJECT_SOURCE_DIR}" rev-parse --short=12 HEAD
                OUTPUT_VARIABLE SUMSCOPE_GIT_HASH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
# A commit changes what programs say they are.
if(EXISTS "${PROJECT_SOURCE_DIR}/.git/logs/HEAD")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/.git/logs/HEAD")
endif()
if(NOT SUMSCOPE_GIT_HASH)
  set(SUMSCOPE_GIT_HASH unknown)
endif()

# Headers that nearly every file pays for again: the messages, Abseil's strings and status, the standard containers. Contract
# precompiles them once, and what links contract reuses that (same flags). None is of server, client or storage, so that
# the clang preset, which compiles each file alone, still tells where one lacks an include of these.
option(SUMSCOPE_PRECOMPILE "Precompile wide headers of server, client and storage" ON)
set(SUMSCOPE_CONTRACT_HEADERS
  <algorithm> <cmath> <cstdint> <functional> <map> <memory> <optional> <set> <string> <utility> <vector>
  <absl/status/status.h> <absl/status/statusor.h> <absl/strings/match.h> <absl/strings/numbers.h>
  <absl/strings/str_cat.h> <absl/strings/str_format.h> <absl/strings/str_join.h> <absl/strings/str_split.h>
  <absl/strings/string_view.h> <absl/time/time.h>
  <sumscope/v1/activations.pb.h> <sumscope/v1/analyses.pb.h> <sumscope/v1/facts.pb.h>
  <sumscope/v1/question_sets.pb.h> <sumscope/v1/queue.pb.h> <sumscope/v1/runs.pb.h> <sumscope/v1/sweeps.pb.h>
  <sumscope/v1/system.pb.h> <sumscope/v1/users.pb.h>)

# sumscope_precompile(TARGET REUSE_FROM other | HEADERS ...): nothing where SUMSCOPE_PRECOMPILE is off.
function(sumscope_precompile target)
  cmake_parse_arguments(ARG "" "REUSE_FROM" "HEADERS" ${ARGN})
  if(NOT SUMSCOPE_PRECOMPILE)
    return()
  endif()
  if(ARG_REUSE_FROM)
    target_precompile_headers(${target} REUSE_FROM ${ARG_REUSE_FROM})
  else()
    target_precompile_headers(${target} PRIVATE ${ARG_HEADERS})
  endif()
endfunction()

# Eight files of a target as one: most of a file's time goes into headers. Names in anonymous namespaces must be unique in
# their target, for which files are together changes with each one that is added. Off, each file is compiled alone, which
# suits who edits one again and again. The clang preset is off: it tells where a file of server, client or storage lacks an
# include; nothing tells it of tests and server/worker.
option(SUMSCOPE_UNITY "Compile several files of a target as one" ON)
function(sumscope_unite target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${SUMSCOPE_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# sumscope_library(NAME [GRPC] [SOURCES ...] LIBRARIES ... [HEADERS ...]): one folder, one target, one namespace.
# HEADERS are precompiled for it beside contract's; GRPC reuses gRPC's and the services', which are compiled once; without
# either it reuses contract's where it links contract.
function(sumscope_library name)
  cmake_parse_arguments(ARG "GRPC" "" "SOURCES;LIBRARIES;HEADERS" ${ARGN})
  add_library(sumscope_${name} STATIC ${ARG_SOURCES})
  add_library(sumscope::${name} ALIAS sumscope_${name})
  target_link_libraries(sumscope_${name} PUBLIC sumscope_flags ${ARG_LIBRARIES})
  sumscope_unite(sumscope_${name})
  if(ARG_GRPC)
    sumscope_precompile(sumscope_${name} REUSE_FROM sumscope_grpc_headers)
  elseif(ARG_HEADERS)
    sumscope_precompile(sumscope_${name} HEADERS ${SUMSCOPE_CONTRACT_HEADERS} ${ARG_HEADERS})
  elseif(NOT name STREQUAL "worker" AND NOT name STREQUAL "contract")
    sumscope_precompile(sumscope_${name} REUSE_FROM sumscope_contract)
  endif()
endfunction()

# sumscope_add_headers(NAME LIBRARIES ... HEADERS ...): an empty target whose precompiled headers others reuse.
function(sumscope_add_headers name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;HEADERS" ${ARGN})
  file(WRITE "${CMAKE_BINARY_DIR}/${name}.cc" "")
  add_library(sumscope_${name} OBJECT "${CMAKE_BINARY_DIR}/${name}.cc")
  target_link_libraries(sumscope_${name} PRIVATE sumscope_flags ${ARG_LIBRARIES})
  sumscope_precompile(sumscope_${name} HEADERS ${ARG_HEADERS})
endfunction()

# What server/{transport,workers,rpc} pay for: gRPC and the messages of its services. Once contract is there.
set(SUMSCOPE_GRPC_HEADERS ${SUMSCOPE_CONTRACT_HEADERS} <grpcpp/grpcpp.h>
  <sumscope/v1/analyses.grpc.pb.h> <sumscope/v1/runs.grpc.pb.h> <sumscope/worker/v1/link.grpc.pb.h>)
function(sumscope_add_grpc_headers)
  sumscope_add_headers(grpc_headers LIBRARIES sumscope::contract sumscope::proto_worker gRPC::grpc++
    HEADERS ${SUMSCOPE_GRPC_HEADERS})
endfunction()
