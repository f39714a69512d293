# sumscope_test(NAME LABEL label SOURCES x_test.cc ... LIBRARIES ... [TIMEOUT s] [ENVIRONMENT ...]):
# one program and one ctest entry. Every *_test.cc must be named in one call, or the configure stops.
define_property(GLOBAL PROPERTY SUMSCOPE_REGISTERED_TESTS BRIEF_DOCS "test sources that a target compiles")

# Waiting threads must not take the core of the test beside.
set(SUMSCOPE_TEST_ENVIRONMENT OMP_WAIT_POLICY=passive)

# What every test beside the engine's pays for: the test framework, and contract's wide headers; those of gRPC and the
# services where a test's library has them.
function(sumscope_add_test_headers)
  sumscope_add_headers(test_headers LIBRARIES sumscope::contract GTest::gmock
    HEADERS ${SUMSCOPE_CONTRACT_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  sumscope_optimise_test(sumscope_test_headers)
  sumscope_add_headers(grpc_test_headers LIBRARIES sumscope::contract sumscope::proto_worker GTest::gmock gRPC::grpc++
    HEADERS ${SUMSCOPE_GRPC_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  sumscope_optimise_test(sumscope_grpc_test_headers)
endfunction()

# A test is compiled more often than it runs. Tests of the engine compute their oracles' answers themselves.
function(sumscope_optimise_test target)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  if(libraries MATCHES "sumscope::(engine|worker)(;|$)")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
  endif()
endfunction()

function(sumscope_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABEL;SOURCES;LIBRARIES;ENVIRONMENT" ${ARGN})
  foreach(source ${ARG_SOURCES})
    set_property(GLOBAL APPEND PROPERTY SUMSCOPE_REGISTERED_TESTS "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
  endforeach()
  foreach(library ${ARG_LIBRARIES})
    if(library MATCHES "^sumscope::" AND NOT TARGET ${library})
      return()  # built without the part under test (no LibTorch, or the engine only)
    endif()
  endforeach()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE sumscope_flags ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  sumscope_optimise_test(${name})
  sumscope_unite(${name})
  if(ARG_LIBRARIES MATCHES "sumscope::(client|cli|workers|guard|rpc|server)(;|$)")
    sumscope_precompile(${name} REUSE_FROM sumscope_grpc_test_headers)
  elseif(ARG_LIBRARIES MATCHES "sumscope::(contract|storage|jobs)(;|$)")
    sumscope_precompile(${name} REUSE_FROM sumscope_test_headers)
  endif()
  target_compile_definitions(${name} PRIVATE SUMSCOPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             SUMSCOPE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  list(APPEND ARG_ENVIRONMENT ${SUMSCOPE_TEST_ENVIRONMENT})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()

# sumscope_process_test(NAME FILE x.py LABEL label [TIMEOUT s] [ARGUMENTS ...]): a Python file of the calling folder as one
# ctest entry, run with the Python of the stock gRPC client; it finds the harness of tests/integration by PYTHONPATH. Nothing
# without the three programs, which it drives.
function(sumscope_process_test name)
  cmake_parse_arguments(ARG "" "FILE;LABEL;TIMEOUT" "ARGUMENTS" ${ARGN})
  if(NOT TARGET sumscoped OR NOT TARGET sumscope-worker OR NOT TARGET sumscope)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND "${PROJECT_SOURCE_DIR}/.deps/pip/bin/python" -B "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FILE}"
                                ${ARG_ARGUMENTS})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "${SUMSCOPE_TEST_ENVIRONMENT};SUMSCOPE_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/integration")
endfunction()

# Of a folder, such as tests/server/engine.
function(sumscope_check_every_test_is_registered folder)
  get_property(registered GLOBAL PROPERTY SUMSCOPE_REGISTERED_TESTS)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*_test.cc")
  foreach(source ${found})
    if(NOT source IN_LIST registered)
      message(FATAL_ERROR "${source} is in no sumscope_test(): it would never run")
    endif()
  endforeach()
endfunction()
