# What `cmake --install` puts where, below any prefix: the program, what kernels are built with, and what tells of it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_files ${PROJECT_SOURCE_DIR}/cmake/package)
set(cmake_directory ${CMAKE_INSTALL_DATADIR}/cmake/Stagecoach)
set(pkgconfig_directory ${CMAKE_INSTALL_DATADIR}/pkgconfig)
set(rust_directory ${CMAKE_INSTALL_DATADIR}/stagecoach/rust)
set(doc_directory ${CMAKE_INSTALL_DATADIR}/doc/stagecoach)

install(TARGETS imgtool kernel-api EXPORT Stagecoach)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/kernel-api/include/stagecoach DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/kernel-api/rust/stagecoach.rs DESTINATION ${rust_directory})

# find_package(Stagecoach)
install(EXPORT Stagecoach NAMESPACE Stagecoach:: FILE StagecoachTargets.cmake DESTINATION ${cmake_directory})
configure_package_config_file(${package_files}/StagecoachConfig.cmake.in ${PROJECT_BINARY_DIR}/package/StagecoachConfig.cmake
  INSTALL_DESTINATION ${cmake_directory} PATH_VARS rust_directory)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/StagecoachConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${package_files}/StagecoachFunctions.cmake ${PROJECT_BINARY_DIR}/package/StagecoachConfig.cmake
  ${PROJECT_BINARY_DIR}/package/StagecoachConfigVersion.cmake DESTINATION ${cmake_directory})

# pkg-config --cflags stagecoach. Its paths begin at the file itself, so that the tree may be moved.
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${pkgconfig_directory} /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig ${prefix_from_pkgconfig})
configure_file(${package_files}/stagecoach.pc.in ${PROJECT_BINARY_DIR}/package/stagecoach.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/stagecoach.pc DESTINATION ${pkgconfig_directory})

# Manual pages, compressed as Debian wants them, and completions where Debian's shells look for those of packages.
install(DIRECTORY ${MAN_COMPRESSED_DIRECTORY}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1.gz")
install(DIRECTORY ${MAN_COMPRESSED_DIRECTORY}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 FILES_MATCHING PATTERN "*.5.gz")
install(FILES ${PROJECT_BINARY_DIR}/completions/bash/imgtool
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${PROJECT_BINARY_DIR}/completions/zsh/_imgtool DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${PROJECT_BINARY_DIR}/completions/fish/imgtool.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# The documentation keeps the shape that its links know.
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${package_files}/copyright DESTINATION ${doc_directory})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${doc_directory})
install(FILES ${PROJECT_SOURCE_DIR}/kernel-api/README.md DESTINATION ${doc_directory}/kernel-api)

# Debian's changelog has the version and the date of common/version.h. The same date goes into the package (Package.cmake).
execute_process(COMMAND date -u -d "${STAGECOACH_DATE}" +%s
  OUTPUT_VARIABLE STAGECOACH_EPOCH OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND date -u -R -d "${STAGECOACH_DATE}"
  OUTPUT_VARIABLE STAGECOACH_DATE_LONG OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
configure_file(${package_files}/changelog.in ${PROJECT_BINARY_DIR}/package/changelog @ONLY)
execute_process(COMMAND gzip -9nkf ${PROJECT_BINARY_DIR}/package/changelog COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${PROJECT_BINARY_DIR}/package/changelog.gz DESTINATION ${doc_directory})
