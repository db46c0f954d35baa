/* common/timer.c against a model of the 8254's counter 0. */
#include "cmocka_all.h"

#include "ports.h"
#include "timer.h"

#include <stdbool.h>

static struct {
    uint16_t count, latched;
    bool is_latched, high_is_next;
} timer;

void port_out8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, 0x43);
    assert_int_equal(value, 0x00); /* latch counter 0, and nothing else: firmware needs its mode and count */
    assert_false(timer.is_latched);
    timer.latched = timer.count;
    timer.is_latched = true;
}

uint8_t port_in8(uint16_t port)
{
    assert_int_equal(port, 0x40);
    timer.count--;
    uint16_t value = timer.is_latched ? timer.latched : timer.count;
    bool high = timer.high_is_next;
    timer.high_is_next = !high;
    if (high)
        timer.is_latched = false;
    return (uint8_t)(high ? value >> 8 : value);
}

static void both_halves_are_of_one_moment(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 70000; i++) {
        uint16_t before = timer.count;
        assert_int_equal(timer_count(), before);
        assert_false(timer.is_latched || timer.high_is_next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_halves_are_of_one_moment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
