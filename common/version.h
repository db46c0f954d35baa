/* The project's version, in one place: CMakeLists.txt reads it from here. */
#ifndef STAGECOACH_VERSION_H
#define STAGECOACH_VERSION_H

#define STAGECOACH_VERSION "0.1.0"

/* Of the manual pages. */
#define STAGECOACH_DATE "2026-11-25"

#endif
