option(STAGECOACH_SANITIZE "Build the host programs with address and undefined-behaviour sanitizers" OFF)
set(STAGECOACH_MAINTAINER "The Stagecoach developers <maintainers@stagecoach.invalid>" CACHE STRING "Of the Debian package")
option(STAGECOACH_TESTS "Build the tests" ON)
