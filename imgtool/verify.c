/* imgtool verify: is everything that boot depends on as it must be? */
#include "verify.h"

#include "cli.h"
#include "json.h"
#include "operands.h"

static int as_json, all;

static const struct poptOption options[] = {
    {"all", 'a', POPT_ARG_NONE, &all, 0, "say everything that is wrong, not only the first", NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON, with everything that is wrong", NULL},
    POPT_TABLEEND,
};

bool verify_read(struct verify *verify, const char *structure, uint64_t offset, uint64_t size, void *to)
{
    struct error error;
    if (block_read(&verify->files.image.block, offset, size, to, &error) == STATUS_OK)
        return true;
    findings_add(&verify->findings, structure, offset, "can't be read: %s", error.text);
    return false;
}

static void look(struct verify *verify)
{
    verify_tables(verify);
    verify_bios_loader(verify);
    if (verify->has_table)
        verify_volume(verify);
    if (verify->is_mounted) {
        verify_tree(verify);
        verify_uefi_loader(verify);
        verify_payload(verify);
    }
    verify_iso(verify);
}

static void print_json(const struct verify *verify)
{
    struct json_object *document = json_document("verify");
    json_text(document, "image", verify->files.image.path);
    json_flag(document, "sound", verify->findings.count == 0);
    struct json_object *array = json_array_in(document, "findings");
    for (size_t i = 0; i < verify->findings.count; i++) {
        const struct finding *finding = &verify->findings.list[i];
        struct json_object *object = json_object_append(array);
        json_text(object, "structure", finding->structure);
        json_number(object, "offset", finding->offset);
        json_text(object, "text", finding->text);
    }
    array = json_array_in(document, "warnings");
    for (size_t i = 0; i < verify->warnings.count; i++)
        json_object_array_add(array, json_object_new_string(verify->warnings.list[i].text));
    json_finish(document);
}

static void print(const struct verify *verify)
{
    size_t count = verify->findings.count, shown = all || count == 0 ? count : 1;
    if (count == 0)
        printf("%s: sound\n", verify->files.image.path);
    for (size_t i = 0; i < shown; i++) {
        const struct finding *finding = &verify->findings.list[i];
        printf("%s: at byte %lu: %s\n", verify->files.image.path, finding->offset, finding->sentence);
    }
    if (shown < count)
        cli_note("%zu more; --all shows them", count - shown);
}

static int run(poptContext context)
{
    static struct verify verify;
    const char *operands[1];
    enum exit_code code = operands_take(context, "imgtool verify IMAGE", 1, 1, operands);
    if (code == EXIT_OK)
        code = disk_image_open(&verify.files.image, operands[0]);
    if (code != EXIT_OK)
        return code;
    look(&verify);
    for (size_t i = 0; i < verify.warnings.count; i++)
        cli_warn("%s", verify.warnings.list[i].text);
    if (as_json)
        print_json(&verify);
    else
        print(&verify);
    code = verify.findings.count == 0 ? EXIT_OK : EXIT_VERIFY_FAILED;
    findings_free(&verify.findings);
    findings_free(&verify.warnings);
    disk_image_close(&verify.files.image);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .arguments = "IMAGE|DEVICE",
    .summary = "check every structure that boot depends on",
    .examples = "imgtool verify disk.img\n"
                "imgtool verify --all /dev/sdb\n"
                "imgtool verify --json disk.img\n",
    .options = options,
    .run = run,
};
