/* The file that run --report writes: docs/imgtool-json.md. */
#include "guest.h"

#include "json.h"

bool guest_report_save(const char *path, const char *image, const struct guest_result *result)
{
    struct json_object *document = json_document("run");
    json_text(document, "image", image);
    json_text(document, "verdict", guest_verdict_word(result->code));
    json_number(document, "exit_code", (uint64_t)result->code);
    json_text(document, "reason", result->reason);
    if (result->boot_error[0])
        json_text(document, "boot_error", result->boot_error);
    json_number(document, "milliseconds", (uint64_t)result->run_ms);
    return json_save(document, path);
}
