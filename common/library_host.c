/* A program of the host may call its libraries as it is. */
#include "library.h"

void library_enter(void)
{
}

void library_leave(void)
{
}
