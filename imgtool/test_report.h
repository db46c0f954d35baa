/* What imgtool test prints and writes of its cases. */
#ifndef STAGECOACH_IMGTOOL_TEST_REPORT_H
#define STAGECOACH_IMGTOOL_TEST_REPORT_H

#include "case_run.h"

#include <stdio.h>

/* TAP, version 13: the plan, then a case with its number. */
void test_report_tap_plan(FILE *to, size_t count);
void test_report_tap_case(FILE *to, size_t number, const struct case_run *run);

/* One JSON document on stdout. */
void test_report_json(const char *image, const struct case_runs *runs);

/* A JUnit file. False: host_write_problem() says why it could not be written. */
bool test_report_junit(const char *path, const char *image, const struct case_runs *runs);

/* How many cases have not passed. */
size_t test_report_failures(const struct case_runs *runs);

#endif
