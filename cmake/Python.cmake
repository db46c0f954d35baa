# The interpreter of the test scripts, in Python3_EXECUTABLE. What is found first may be a wrapper that chooses a version, and
# takes ten times as long to start as the interpreter: so that is asked where it is.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
execute_process(COMMAND ${Python3_EXECUTABLE} -c "import sys; print(sys.executable)"
  OUTPUT_VARIABLE Python3_EXECUTABLE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
