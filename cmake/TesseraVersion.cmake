# tessera_version: version() and commit() of support/version.h. The commit is asked for at every build; the file is
# rewritten, and so compiled, only where the answer differs.
#
# As a script (cmake -DSOURCE=DIR -DVERSION=V -DOUTPUT=FILE -P TesseraVersion.cmake) it writes the file.

if(CMAKE_SCRIPT_MODE_FILE)
  set(COMMIT unknown)
  find_program(GIT git NO_CACHE)
  # Only the project's own repository counts, not one that a source archive happens to be unpacked in.
  if(GIT AND EXISTS "${SOURCE}/.git")
    execute_process(COMMAND ${GIT} --no-optional-locks rev-parse --short=12 HEAD WORKING_DIRECTORY "${SOURCE}"
      OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(status EQUAL 0 AND head)
      set(COMMIT "${head}")
      execute_process(COMMAND ${GIT} --no-optional-locks diff-index --quiet HEAD WORKING_DIRECTORY "${SOURCE}"
        OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE status)
      if(NOT status EQUAL 0)
        string(APPEND COMMIT "-modified")
      endif()
    endif()
  endif()
  configure_file("${CMAKE_CURRENT_LIST_DIR}/version.cpp.in" "${OUTPUT}" @ONLY)
  return()
endif()

set(_version_file ${CMAKE_BINARY_DIR}/generated/version.cpp)
set(_write_version ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUTPUT=${_version_file}
    -P ${CMAKE_CURRENT_LIST_DIR}/TesseraVersion.cmake)
execute_process(COMMAND ${_write_version})
add_custom_target(tessera_write_version COMMAND ${_write_version} BYPRODUCTS ${_version_file}
  COMMENT "Asking for the commit" VERBATIM)
add_library(tessera_version STATIC ${_version_file})
target_link_libraries(tessera_version PUBLIC tessera_options)
add_dependencies(tessera_version tessera_write_version)
