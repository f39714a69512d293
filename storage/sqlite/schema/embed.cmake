# Writes OUTPUT: a source with CatalogSchema(), RunFileSchema() and CaptureFileSchema() that holds the text of every schema/NNNN_*.sql in order.
# usage: cmake -DFOLDER=... -DOUTPUT=... -P embed.cmake
function(migrations kind result)
  file(GLOB files "${FOLDER}/[0-9][0-9][0-9][0-9]_${kind}_*.sql")
  list(SORT files)
  set(text "")
  set(version 0)
  foreach(file IN LISTS files)
    # A number that is given twice, or left out, would be another version in the field than here.
    math(EXPR version "${version} + 1")
    get_filename_component(name "${file}" NAME)
    string(REGEX MATCH "^0*([0-9]+)_" number "${name}")
    if(NOT CMAKE_MATCH_1 EQUAL version)
      message(FATAL_ERROR "${name} is migration ${version} of its kind: number it so")
    endif()
    file(READ "${file}" sql)
    string(APPEND text "R\"sql(${sql})sql\",\n")
  endforeach()
  set(${result} "${text}" PARENT_SCOPE)
endfunction()
migrations(catalog catalog)
migrations(run run)
migrations(capture capture)
file(WRITE "${OUTPUT}" "#include \"storage/sqlite/base/schema.h\"

namespace sumscope::storage {

// \"SumC\", \"SumR\" and \"SumA\" in ASCII: what `file` and PRAGMA application_id show of our databases.
const Schema& CatalogSchema() {
  static const auto* const schema = new Schema{0x53756d43, {${catalog}}, /*created_by_write=*/true};
  return *schema;
}

const Schema& RunFileSchema() {
  static const auto* const schema = new Schema{0x53756d52, {${run}}, /*created_by_write=*/false};
  return *schema;
}

const Schema& CaptureFileSchema() {
  static const auto* const schema = new Schema{0x53756d41, {${capture}}, /*created_by_write=*/false};
  return *schema;
}

}  // namespace sumscope::storage
")
