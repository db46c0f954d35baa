# `cpack`: a Debian package of what Install.cmake installs. The same sources give the same bytes.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME stagecoach)
set(CPACK_PACKAGE_VENDOR "The Stagecoach developers")
set(CPACK_PACKAGE_CONTACT "${STAGECOACH_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "bootloader suite for x86_64 kernels, with image builder")
set(CPACK_PACKAGE_DESCRIPTION
"Carries an ELF kernel from power-on to its first instruction. imgtool makes
of it one disk image that boots under BIOS and UEFI, without root and without
other programs, looks into images, checks, compares, updates and writes them,
and boots them in QEMU, alone or on a whole matrix of machines.
.
The package holds the program, the headers of the boot protocol for kernels
in C, C++ and Rust, and what CMake, Meson and make need to build and to test
kernels.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "qemu-system-x86, ovmf")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "qemu-utils, bmap-tools, cmake, pkgconf")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# Run between the installation and the packing: directories must not be as private as the user's umask makes them.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/package/permissions.cmake @ONLY CONTENT
"file(CHMOD_RECURSE \"\${CPACK_TEMPORARY_DIRECTORY}\"
  DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/package/permissions.cmake)
# Run when the package is made, before it is put in place: its three parts have the umask's rights, too. ar's "D" has its own.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/package/parts.cmake @ONLY CONTENT
"foreach(package IN LISTS CPACK_PACKAGE_FILES)
  set(parts \${package}.parts)
  file(MAKE_DIRECTORY \${parts})
  execute_process(COMMAND @CMAKE_AR@ x \${package} WORKING_DIRECTORY \${parts} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND @CMAKE_AR@ rcD new.deb debian-binary control.tar.gz data.tar.gz
    WORKING_DIRECTORY \${parts} COMMAND_ERROR_IS_FATAL ANY)
  file(RENAME \${parts}/new.deb \${package})
  file(REMOVE_RECURSE \${parts})
endforeach()
")
set(CPACK_POST_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/package/parts.cmake)
# Read when cpack begins. What has been told to it in the environment is newer.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/package/epoch.cmake @ONLY CONTENT
"if(\"\$ENV{SOURCE_DATE_EPOCH}\" STREQUAL \"\")
  set(ENV{SOURCE_DATE_EPOCH} @STAGECOACH_EPOCH@)
endif()
")
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/package/epoch.cmake)
include(CPack)
