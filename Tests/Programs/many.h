/* many.h: the functions of many.S. */
#ifndef MANY_H
#define MANY_H

/* many[n](x) is x + n, for n below COUNT. */
extern long (*const many[COUNT])(long x);

#endif
