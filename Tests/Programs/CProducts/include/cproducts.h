/* cproducts.h: what the Swift half of ForkingNatives sees of its C products. */
#ifndef CPRODUCTS_H
#define CPRODUCTS_H

/* Writes "parent: " or "child: ", the text and the end of the line, at once. Any thread. */
void cproducts_say(const char *text);

/* Registers one more product of the name "c-store", which is taken. */
void cproducts_register_twin(void);

#endif
