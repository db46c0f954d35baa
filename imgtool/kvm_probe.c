#include "kvm_probe.h"

#include "process.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUEST_BYTES 0x4000u
#define GUEST_PORT 0x80
#define GUEST_EXITS 1024
#define SUM_ADDRESS 0x2000u
/* A processor needs some 20 ms for the exits and the loop; a KVM that emulates each instruction needs seconds, and
 * would take minutes to get through a BIOS. */
#define PROBE_TIME_MS 300

/* Real mode at 0000:1000: counts in memory, leaves the guest for each step, computes for a while, halts. */
#define CODE_ADDRESS 0x1000u
static const uint8_t guest_code[] = {
    0xb9, 0x00, 0x04,                   /*       mov cx, GUEST_EXITS */
    0x66, 0xff, 0x06, 0x00, 0x20,       /* next: inc dword [SUM_ADDRESS] */
    0xe6, 0x80,                         /*       out GUEST_PORT, al */
    0xe2, 0xf7,                         /*       loop next */
    0x66, 0xb9, 0x00, 0x00, 0x40, 0x00, /*       mov ecx, 4 Mi */
    0x66, 0x49,                         /* spin: dec ecx */
    0x75, 0xfc,                         /*       jnz spin */
    0xf4,                               /*       hlt */
};

struct guest {
    int vm, cpu;
    uint8_t *memory;
    struct kvm_run *run;
};

static bool guest_create(struct guest *guest)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0 || ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return false;
    guest->vm = ioctl(kvm, KVM_CREATE_VM, 0);
    if (guest->vm < 0)
        return false;
    guest->memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (guest->memory == MAP_FAILED)
        return false;
    struct kvm_userspace_memory_region region = {.memory_size = GUEST_BYTES,
                                                 .userspace_addr = (uintptr_t)guest->memory};
    if (ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return false;
    guest->cpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
    int run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (guest->cpu < 0 || run_size < (int)sizeof *guest->run)
        return false;
    guest->run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->cpu, 0);
    return guest->run != MAP_FAILED;
}

static bool guest_start(const struct guest *guest)
{
    memcpy(guest->memory + CODE_ADDRESS, guest_code, sizeof guest_code);
    struct kvm_sregs system;
    if (ioctl(guest->cpu, KVM_GET_SREGS, &system) < 0)
        return false;
    system.cs.base = system.ds.base = 0;
    system.cs.selector = system.ds.selector = 0;
    struct kvm_regs registers = {.rip = CODE_ADDRESS, .rflags = 2};
    return ioctl(guest->cpu, KVM_SET_SREGS, &system) == 0 && ioctl(guest->cpu, KVM_SET_REGS, &registers) == 0;
}

static bool guest_runs(void)
{
    struct guest guest;
    if (!guest_create(&guest) || !guest_start(&guest))
        return false;
    uint32_t exits = 0;
    while (ioctl(guest.cpu, KVM_RUN, 0) == 0 && guest.run->exit_reason == KVM_EXIT_IO) {
        if (guest.run->io.port != GUEST_PORT || ++exits > GUEST_EXITS)
            return false;
    }
    uint32_t sum;
    memcpy(&sum, guest.memory + SUM_ADDRESS, sizeof sum);
    return guest.run->exit_reason == KVM_EXIT_HLT && exits == GUEST_EXITS && sum == GUEST_EXITS;
}

bool kvm_probe(void)
{
    if (access("/dev/kvm", R_OK | W_OK) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(guest_runs() ? 0 : 1);
    }
    int status;
    if (child > 0 && process_wait(child, PROBE_TIME_MS, &status))
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    /* Not waited for: a process stuck inside a broken driver may not die at once. */
    if (child > 0)
        kill(child, SIGKILL);
    return false;
}

const char *kvm_choose_accelerator(void)
{
    const char *wished = getenv("IMGTOOL_ACCEL");
    if (wished && *wished)
        return strcmp(wished, "kvm") == 0 ? "kvm" : strcmp(wished, "tcg") == 0 ? "tcg" : NULL;
    return kvm_probe() ? "kvm" : "tcg";
}
