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

find_program(CCACHE ccache)
if(CCACHE)
  # The precompiled header is hashed by what it includes, not by its time stamp.
  set(launcher "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE}")
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

# sumscope_library(NAME [SOURCES ...] LIBRARIES ...): one folder, one target, one namespace.
function(sumscope_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(sumscope_${name} STATIC ${ARG_SOURCES})
  add_library(sumscope::${name} ALIAS sumscope_${name})
  target_link_libraries(sumscope_${name} PUBLIC sumscope_flags ${ARG_LIBRARIES})
endfunction()
