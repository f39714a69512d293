#!/bin/sh
# A compiler's command through ccache, the same for every clone: compile_cached.sh FOLDER COMPILER ARGUMENTS..
#
# ccache believes a precompiled header that lies where one is to be written to be one that is read, and keys by its
# bytes, which are never the same twice: whatever uses it would be compiled again in each clone. So it goes first.
folder=$1
shift
before=
for argument; do
  case "$before $argument" in "-o "*.gch) rm -f "$argument" ;; esac
  before=$argument
done
# A precompiled header is hashed by what it includes, not by its time stamp.
CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_BASEDIR=$folder CCACHE_NOHASHDIR=1 \
  exec ccache "$@"
