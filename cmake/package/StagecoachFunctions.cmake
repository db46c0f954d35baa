# add_boot_image(<name> KERNEL <target or file> [OUTPUT <file>] [OPTIONS <option>...] [DEPENDS <file or target>...])
#
# A target, part of "all", that makes a disk image of the kernel for BIOS and UEFI: <name>.img unless OUTPUT says otherwise.
# OPTIONS are those of `imgtool build-image`, such as --ramdisk FILE; name files that they mention in DEPENDS, too.
function(add_boot_image name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "KERNEL;OUTPUT" "OPTIONS;DEPENDS")
  if(NOT arg_KERNEL OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_boot_image(${name} KERNEL <target or file> [OUTPUT <file>] [OPTIONS ...] [DEPENDS ...])")
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${name}.img)
  endif()
  cmake_path(ABSOLUTE_PATH arg_OUTPUT BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  if(TARGET ${arg_KERNEL})
    set(kernel $<TARGET_FILE:${arg_KERNEL}>)
  else()
    cmake_path(ABSOLUTE_PATH arg_KERNEL BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE kernel)
  endif()
  add_custom_command(OUTPUT ${arg_OUTPUT}
    COMMAND Stagecoach::imgtool build-image --quiet --output ${arg_OUTPUT} ${arg_OPTIONS} -- ${kernel}
    DEPENDS ${kernel} ${arg_DEPENDS} Stagecoach::imgtool COMMENT "Making ${name}, a boot image" VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${arg_OUTPUT})
  set_target_properties(${name} PROPERTIES BOOT_IMAGE ${arg_OUTPUT} BOOT_KERNEL "${kernel}")
endfunction()

# add_boot_test(<name> IMAGE <target of add_boot_image> [FIRMWARE bios|uefi|direct...] [TIMEOUT <seconds>]
#               [SUCCESS_PATTERN <text or /regular expression/>] [OPTIONS <option>...] [DIRECTORY <directory>])
#
# A test of ctest for each firmware, <name>/bios and <name>/uefi unless FIRMWARE says otherwise, that boots the image in QEMU.
# It passes if the kernel reports success: by the exit port, or by SUCCESS_PATTERN in its output. "direct" starts the kernel
# without a disk. Output on COM1 and a screenshot are left in DIRECTORY (boot-logs): <name>-<firmware>.log and .png. OPTIONS are
# those of `imgtool run`.
function(add_boot_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "IMAGE;TIMEOUT;SUCCESS_PATTERN;DIRECTORY" "FIRMWARE;OPTIONS")
  if(NOT arg_IMAGE OR NOT TARGET ${arg_IMAGE} OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_boot_test(${name} IMAGE <target of add_boot_image> [FIRMWARE ...] [TIMEOUT <seconds>] "
      "[SUCCESS_PATTERN <text>] [OPTIONS ...] [DIRECTORY <directory>])")
  endif()
  if(NOT arg_FIRMWARE)
    set(arg_FIRMWARE bios uefi)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY boot-logs)
  endif()
  cmake_path(ABSOLUTE_PATH arg_DIRECTORY BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  file(MAKE_DIRECTORY ${arg_DIRECTORY})
  set(options --timeout ${arg_TIMEOUT} ${arg_OPTIONS})
  if(arg_SUCCESS_PATTERN)
    list(APPEND options --success-pattern ${arg_SUCCESS_PATTERN})
  endif()
  math(EXPR limit "${arg_TIMEOUT} + 60") # imgtool's own time-out says more
  foreach(firmware IN LISTS arg_FIRMWARE)
    if(firmware STREQUAL "direct")
      set(what --direct $<TARGET_PROPERTY:${arg_IMAGE},BOOT_KERNEL>)
    else()
      set(what --firmware ${firmware} $<TARGET_PROPERTY:${arg_IMAGE},BOOT_IMAGE>)
    endif()
    set(file ${arg_DIRECTORY}/${name}-${firmware})
    add_test(NAME ${name}/${firmware} COMMAND Stagecoach::imgtool run ${options} --serial-log ${file}.log
      --screenshot ${file}.png ${what})
    set_tests_properties(${name}/${firmware} PROPERTIES TIMEOUT ${limit} LABELS boot)
  endforeach()
endfunction()
