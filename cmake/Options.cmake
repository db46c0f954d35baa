option(STAGECOACH_SANITIZE "Build the host programs with address and undefined-behaviour sanitizers" OFF)
option(STAGECOACH_TESTS "Build the tests" ON)
