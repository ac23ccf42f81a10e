# `cmake --install`: the rooms' libraries and headers, the program, and what find_package(Tessera) needs. The targets are
# Tessera::<room>_core (no LibTorch) and Tessera::<room>.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/Tessera)
get_property(_libraries GLOBAL PROPERTY TESSERA_LIBRARIES)
foreach(_library IN LISTS _libraries ITEMS tessera_version tessera_options)
  string(REGEX REPLACE "^tessera_" "" _name ${_library})
  set_target_properties(${_library} PROPERTIES EXPORT_NAME ${_name})
  install(TARGETS ${_library} EXPORT TesseraTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
install(EXPORT TesseraTargets NAMESPACE Tessera:: DESTINATION ${_package})

get_property(_rooms GLOBAL PROPERTY TESSERA_ROOMS)
foreach(_room IN LISTS _rooms)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/${_room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tessera
    FILES_MATCHING PATTERN "*.h")
endforeach()
if(TARGET tessera)
  install(TARGETS tessera RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # What shells, manual readers and editors get is printed by the program itself.
  set(_printed ${CMAKE_BINARY_DIR}/generated/printed)
  file(MAKE_DIRECTORY ${_printed})
  add_custom_command(TARGET tessera POST_BUILD
    COMMAND tessera completion bash > ${_printed}/tessera
    COMMAND tessera completion zsh > ${_printed}/_tessera
    COMMAND tessera man > ${_printed}/tessera.1
    COMMAND tessera keys --schema > ${_printed}/tessera.schema.json
    COMMENT "Printing completion, manual page and schema" VERBATIM)
  install(FILES ${_printed}/tessera DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${_printed}/_tessera DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${_printed}/tessera.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${_printed}/tessera.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/tessera)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/TesseraConfig.cmake.in
  ${CMAKE_BINARY_DIR}/generated/TesseraConfig.cmake INSTALL_DESTINATION ${_package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/TesseraConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/TesseraConfig.cmake ${CMAKE_BINARY_DIR}/generated/TesseraConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindLibTorch.cmake DESTINATION ${_package})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
