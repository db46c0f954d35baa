# embed_binary(TARGET symbol file [DEPENDS targets]): an object library with the file's bytes between `symbol` and
# `symbol_end`, for both freestanding and host code.
function(embed_binary target symbol file)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "DEPENDS")
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}.S)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"    .section .rodata.@symbol@, \"a\"
    .balign 16
    .globl @symbol@, @symbol@_end
    .hidden @symbol@, @symbol@_end
@symbol@:
    .incbin \"@file@\"
@symbol@_end:
    .section .note.GNU-stack, \"\", %progbits
")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${file})
  add_library(${target} OBJECT ${source})
  if(arg_DEPENDS)
    add_dependencies(${target} ${arg_DEPENDS})
  endif()
endfunction()
