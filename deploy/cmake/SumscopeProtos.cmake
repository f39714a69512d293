# sumscope_proto_library(NAME PROTOS ... [GRPC] [LIBRARIES ...]): messages, and with GRPC services, of proto files that are
# named as they are imported.
set(SUMSCOPE_MESSAGES_FROM "" CACHE PATH "Another build, whose generated headers and libraries of messages are used: no
preset instruments them, and four builds of one run of the tests compiled each")
set(SUMSCOPE_PROTO_OUT "${CMAKE_BINARY_DIR}/gen")
if(SUMSCOPE_MESSAGES_FROM)
  set(SUMSCOPE_PROTO_OUT "${SUMSCOPE_MESSAGES_FROM}/gen")
endif()
set(SUMSCOPE_GOOGLEAPIS "${PROJECT_SOURCE_DIR}/.deps/googleapis" CACHE PATH "Folder that holds google/rpc/*.proto")
if(NOT EXISTS "${SUMSCOPE_GOOGLEAPIS}/google/rpc/status.proto")
  message(FATAL_ERROR "google/rpc/*.proto not found in ${SUMSCOPE_GOOGLEAPIS}: run deploy/dependencies.sh")
endif()
file(MAKE_DIRECTORY "${SUMSCOPE_PROTO_OUT}")
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

function(sumscope_proto_library name)
  cmake_parse_arguments(ARG "GRPC" "ROOT" "PROTOS;LIBRARIES" ${ARGN})
  if(SUMSCOPE_MESSAGES_FROM)
    add_library(sumscope_${name} STATIC IMPORTED GLOBAL)
    set_target_properties(sumscope_${name} PROPERTIES
      IMPORTED_LOCATION "${SUMSCOPE_MESSAGES_FROM}/proto/libsumscope_${name}.a")
    set(kind INTERFACE)
  else()
    sumscope_generate(${name} generated ${ARGN})
    add_library(sumscope_${name} STATIC ${generated})
    set(kind PUBLIC)
  endif()
  add_library(sumscope::${name} ALIAS sumscope_${name})
  target_include_directories(sumscope_${name} SYSTEM ${kind} "${SUMSCOPE_PROTO_OUT}")
  target_link_libraries(sumscope_${name} ${kind} protobuf::libprotobuf ${ARG_LIBRARIES})
  if(ARG_GRPC)
    target_link_libraries(sumscope_${name} ${kind} gRPC::grpc++)
  endif()
endfunction()

# The commands that make the sources of a library of messages, and in `result` their names.
function(sumscope_generate name result)
  cmake_parse_arguments(ARG "GRPC" "ROOT" "PROTOS;LIBRARIES" ${ARGN})
  set(generated)
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(outputs "${SUMSCOPE_PROTO_OUT}/${stem}.pb.cc" "${SUMSCOPE_PROTO_OUT}/${stem}.pb.h")
    set(grpc_arguments)
    if(ARG_GRPC)
      list(APPEND outputs "${SUMSCOPE_PROTO_OUT}/${stem}.grpc.pb.cc" "${SUMSCOPE_PROTO_OUT}/${stem}.grpc.pb.h")
      set(grpc_arguments "--grpc_out=${SUMSCOPE_PROTO_OUT}" "--plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}")
    endif()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc "--cpp_out=${SUMSCOPE_PROTO_OUT}" ${grpc_arguments}
              -I "${PROJECT_SOURCE_DIR}/proto" -I "${SUMSCOPE_GOOGLEAPIS}" "${proto}"
      DEPENDS "${ARG_ROOT}/${proto}" VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  set(${result} ${generated} PARENT_SCOPE)
endfunction()
