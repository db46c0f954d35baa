# Interface targets that carry flags. Code for the target and code for the host never share flags.

add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla -Wcast-align -Wformat=2
  -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough -Werror)

# The hashes that common/random.c uses; common/library.h says how the loaders may call them.
find_library(BEARSSL libbearssl.a REQUIRED)

# 64-bit code that runs without an operating system: stage 4, the handoff blob, the UEFI application.
add_library(freestanding64 INTERFACE)
target_compile_options(freestanding64 INTERFACE
  -std=c17 -ffreestanding -fno-builtin-printf -fno-stack-protector -mno-red-zone -mgeneral-regs-only -fvisibility=hidden
  -fno-asynchronous-unwind-tables -fno-ident -fno-common -ffunction-sections -fdata-sections -Os -g0
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
target_link_libraries(freestanding64 INTERFACE warnings ${BEARSSL})

# Named behind freestanding64, whose -Os it replaces: what runs once, and has a limit to its size.
add_library(smallest INTERFACE)
target_compile_options(smallest INTERFACE -Oz -fno-caller-saves -malign-data=abi -fno-inline-small-functions)

# Programs and libraries of the machine that builds.
add_library(host INTERFACE)
target_compile_options(host INTERFACE -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
target_link_libraries(host INTERFACE warnings)
if(STAGECOACH_SANITIZE)
  target_compile_options(host INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(host INTERFACE -fsanitize=address,undefined)
endif()
