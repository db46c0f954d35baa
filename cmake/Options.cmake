option(STAGECOACH_SANITIZE "Build the host programs with address and undefined-behaviour sanitizers" OFF)
set(STAGECOACH_MAINTAINER "The Stagecoach developers <maintainers@stagecoach.invalid>" CACHE STRING "Of the Debian package")
option(STAGECOACH_TESTS "Build the tests" ON)
option(STAGECOACH_UNIT_TESTS "Of the tests, those that run on the host alone: unit tests and fuzz targets, a third of all to compile" ON)
