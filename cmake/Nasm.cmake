find_program(NASM nasm REQUIRED)

# nasm_binary(TARGET out.bin SOURCE file.asm [DEPENDS files...] [FLAGS flags...]): a flat binary.
# nasm_object(VARIABLE SOURCE file.asm FORMAT elf32|elf64 [DEPENDS files...] [FLAGS flags...]): an object file, its path in VARIABLE.
# DEPENDS lists the included files: NASM 2.16.01 leaves them out of its dependency files.
function(nasm_binary target output)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "SOURCE" "DEPENDS;FLAGS")
  add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${output}
    COMMAND ${NASM} -Werror -f bin -I ${CMAKE_CURRENT_SOURCE_DIR}/ ${arg_FLAGS}
            -o ${CMAKE_CURRENT_BINARY_DIR}/${output} ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE} ${arg_DEPENDS} VERBATIM)
  add_custom_target(${target} DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${output})
endfunction()

function(nasm_object variable)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;FORMAT" "DEPENDS;FLAGS")
  string(REPLACE "/" "_" name ${arg_SOURCE})
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.${arg_FORMAT}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${NASM} -Werror -f ${arg_FORMAT} -I ${CMAKE_CURRENT_SOURCE_DIR}/ ${arg_FLAGS}
            -o ${object} ${arg_SOURCE}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} # NASM puts the path that it is given into the object
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE} ${arg_DEPENDS} VERBATIM)
  set(${variable} ${object} PARENT_SCOPE)
endfunction()
