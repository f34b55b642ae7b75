/* fixture.h: libraries that are compiled when a test starts, into a folder of its own. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "compiler.h"

/* Where they are. */
extern char fixture_folder[];

/* Runs a shell command made as printf would; ends the test when it fails. */
void shell(const char *format, ...) GR_PRINTF(1, 2);
/* Compiles everything that test_resolve needs. */
void make_fixtures(void);
/* Makes only the folder. */
void make_folder(void);
void remove_fixtures(void);
/* Loads a library from the folder; it stays loaded. */
void *open_fixture(const char *name);

/* Runs a behaviour in a process of its own: what it loads is not loaded for the others. */
void run_in_child(void (*behaviour)(void), const char *name);
#define RUN_IN_CHILD(behaviour) run_in_child(behaviour, #behaviour)

#endif
