# What a user of the installed library needs: headers, the library, a CMake package and a pkg-config file.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(posthaste_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/posthaste)

install(TARGETS posthaste EXPORT posthasteTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT posthasteTargets NAMESPACE posthaste:: DESTINATION ${posthaste_package_dir})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/posthasteConfig.cmake.in ${PROJECT_BINARY_DIR}/posthasteConfig.cmake
  INSTALL_DESTINATION ${posthaste_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/posthasteConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)  # 0.x: a new minor version may change the interface
install(FILES ${PROJECT_BINARY_DIR}/posthasteConfig.cmake ${PROJECT_BINARY_DIR}/posthasteConfigVersion.cmake
  DESTINATION ${posthaste_package_dir})

# Relative to the .pc file, so that an unpacked tree works wherever it lies.
file(RELATIVE_PATH posthaste_pc_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" posthaste_pc_prefix "${posthaste_pc_prefix}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/posthaste.pc.in ${PROJECT_BINARY_DIR}/posthaste.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/posthaste.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
