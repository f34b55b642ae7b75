# Builds, checks and installs Graft. `make help` lists what can be asked for; CONTRIBUTING.md says when to use which.
#
# Writes to build/ (C, results, what is installed), .build/ (SwiftPM) and DESTDIR, and nowhere else. The C library is
# built here from the same sources that SwiftPM compiles as the target CGraft. Tests live in Tests/tests.mk.

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/^\#define GRAFT_VERSION "\(.*\)"/\1/p' include/graft/graft.h)
SONAME := libgraft.so.$(firstword $(subst ., ,$(VERSION)))

# ---- Tools: clang comes with the Swift toolchain; gcc serves as well -------------------------------------------------
CLANG := $(shell command -v clang || echo clang)
GCC := gcc
GXX := g++
CC := $(if $(wildcard $(CLANG)),$(CLANG),$(GCC))
SWIFT := swift
OBJCOPY := objcopy
AR := ar

WARNINGS := -Wall -Wextra -Werror -Wconversion
CPPFLAGS := -D_GNU_SOURCE -Iinclude -ICSources
CFLAGS := -std=c11 -g $(WARNINGS) -fvisibility=hidden -fPIC -pthread
LIBRARIES := -lelf -ldw -llzma -lunwind-x86_64 -lZydis -lffi
STRICT := -Xswiftc -warnings-as-errors -Xcc -Werror
# What is built for release, by all that do it: with other flags, each would build everything again. A section for each
# function: what nobody calls is left out, and the agent's library can have what a start needs in one place.
RELEASE := -c release --static-swift-stdlib $(STRICT) -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections

# $(call say,WORD,FILE) before a command: one short line instead of the command, which `make V=1` shows.
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2);)

# ---- Sources: whatever stands in the rooms; the preload stub is a library of its own ---------------------------------
CORE := $(sort $(wildcard CSources/*.c CSources/os/*.c CSources/arch/x86_64/*.c CSources/arch/x86_64/*.S))
CORE_OBJECTS := $(CORE:%=build/obj/%.o)
SWIFT_SOURCES := $(shell find Sources CSources include Package.swift -type f)

# What a library exports; the linker adds names of its own unless a version script says no.
build/obj/libgraft.map: EXPORTS := graft_*
build/obj/libgraft-preload.map: EXPORTS := __libc_start_main
build/obj/libgraft-agent.map: EXPORTS := graft_agent_start
build/obj/%.map: Makefile
	@mkdir -p $(@D)
	@echo '{ global: $(EXPORTS); local: *; };' >$@

SHARED := build/lib/libgraft.so
STATIC := build/lib/libgraft.a
GRAFT := build/bin/graft
PRELOAD := build/lib/graft/libgraft-preload.so
AGENT := build/lib/graft/libgraft-agent.so
STRESS := build/bin/graft-stress
STRESS_LIBRARY := build/lib/graft/libgraft-stress.so

##@ Build

help: ## Shows this list
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z][a-z0-9-]*:.*## / { printf "  %-13s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

# What the build, the tests and `make run` need from the distribution. The tests that compare with other clients need
# packages of Python as well: a virtual environment, which nothing else waits for (Tests/tests.mk).
PACKAGES := gcc g++ libc6-dev binutils pkg-config libelf-dev libdw-dev liblzma-dev libunwind-dev libzydis-dev libffi-dev \
	redis-server redis-tools valgrind gdb sqlite3 postgresql curl openssl python3 clang-format git
VENV := build/venv

setup: packages $(VENV)/ready ## Installs what is missing: distribution packages, Python packages (nothing: silent, no root)

packages:
	@Tests/setup $(PACKAGES)

build: c swift $(GRAFT) $(PRELOAD) $(AGENT) $(STRESS) ## Builds everything: C libraries, Swift, the tool, the preload agent

c: $(SHARED) $(STATIC) ## Builds libgraft.so and libgraft.a

swift: | packages ## Builds the Swift package (debug)
	$(SWIFT) build $(STRICT)

build/obj/%.o: % Makefile | packages
	@mkdir -p $(@D)
	$(call say,cc,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -O2 -MMD -MP -c $< -o $@

# The toolchain's clang would take gold, which exports private thread-local variables whatever the script says.
LINKER := $(if $(findstring clang,$(CC)),-fuse-ld=lld)
HARDENED := $(LINKER) -Wl,-z,defs,-z,relro,-z,now

$(SHARED): $(CORE_OBJECTS) build/obj/libgraft.map
	@mkdir -p $(@D)
	$(call say,link,$@)$(CC) -shared -pthread $(HARDENED) -Wl,-soname,$(SONAME) \
		-Wl,--version-script=build/obj/libgraft.map -o $@.$(VERSION) $(CORE_OBJECTS) $(LIBRARIES)
	@ln -sf libgraft.so.$(VERSION) build/lib/$(SONAME)
	@ln -sf $(SONAME) $@

# One relocatable object whose private symbols are local: a program that links the archive sees graft_* only.
$(STATIC): $(CORE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,ar,$@)ld -r -o build/obj/graft.o $^
	@$(OBJCOPY) --localize-hidden build/obj/graft.o
	@rm -f $@
	@$(AR) rcs $@ build/obj/graft.o

# What LD_PRELOAD names: a stub that needs no Swift and nothing of the core.
$(PRELOAD): CSources/preload/preload.c CSources/compiler.h build/obj/libgraft-preload.map Makefile | packages
	@mkdir -p $(@D)
	$(call say,link,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -O2 -shared $(HARDENED) -Wl,-soname,$(@F) \
		-Wl,--version-script=build/obj/libgraft-preload.map -o $@ $< -ldl

# swiftc keeps an object of other flags where the code would be the same: after a change of the flags the objects go.
build/obj/release: always
	@mkdir -p $(@D)
	@echo '$(RELEASE)' | cmp -s - $@ || { rm -f .build/release/*.build/*.swift.o; echo '$(RELEASE)' >$@; }

# What the stub loads: the agent, the core and the Swift runtime, private but for one entry. SwiftPM only ever adds to an
# archive, so the old one goes first. From one relocatable object swiftc learns which Swift libraries it needs; lld keeps
# private what gold would export. It writes through a mapping, page by page, and so the page cache keeps it: a copy is mapped
# into programs in fewer, larger pieces.
# Each library that a program loads for the agent costs it a tenth of a millisecond, so those are linked in whose archives
# allow it: the C++ library that the Swift runtime needs, liblzma and libffi, found first in a folder that has nothing else.
# libdw and libunwind are borrowed when something is to be installed (CSources/borrow.h).
# Its 27,000 relative relocations take 5 KB instead of 660, where the dynamic linker of this machine knows that form (glibc 2.36):
# a library that was built here needs that glibc then. What a start calls comes first in the code, in one place: the kernel maps
# sixteen pages for each that is touched. A name in that list that is nowhere any more is no error.
AGENT_ARCHIVE := .build/release/libGraftAgentArchive.a
AGENT_STATIC := build/obj/static
AGENT_LINKED_IN := libstdc++.a liblzma.a libffi.a
AGENT_LIBRARIES := $(filter-out -lelf -ldw -lunwind-x86_64,$(LIBRARIES))
AGENT_PARTS := $(patsubst %,build/obj/CSources/preload/%.o,runtime.c borrow.c lend.S)
AGENT_ORDER := CSources/preload/Generated/start.order
PACKED := $(shell grep -q GLIBC_ABI_DT_RELR "$$(gcc -print-file-name=libc.so.6)" && echo -z pack-relative-relocs)
$(AGENT): $(SWIFT_SOURCES) $(AGENT_PARTS) $(AGENT_ORDER) build/obj/libgraft-agent.map Makefile | build/obj/release packages
	@mkdir -p $(@D) $(AGENT_STATIC)
	@rm -f $(AGENT_ARCHIVE)
	$(SWIFT) build $(RELEASE) --product GraftAgentArchive
	@ld -r -o build/obj/graft-agent.o --whole-archive $(AGENT_ARCHIVE)
	@for archive in $(AGENT_LINKED_IN); do ln -sf "$$($(GXX) -print-file-name=$$archive)" $(AGENT_STATIC)/$$archive; done
	$(call say,link,$@)swiftc -use-ld=lld -emit-library -static-stdlib -o $@.linked build/obj/graft-agent.o \
		$(AGENT_PARTS) -L$(AGENT_STATIC) $(foreach flag,-soname=$(@F) \
		--version-script=build/obj/libgraft-agent.map --symbol-ordering-file=$(AGENT_ORDER) --no-warn-symbol-ordering \
		--gc-sections -z nodelete -z defs -z relro -z now $(PACKED),-Xlinker $(flag)) -lgcc_s $(AGENT_LIBRARIES)
	@cp $@.linked $@ && rm $@.linked

# Which functions a start calls, without and with a configuration, as valgrind sees it: to be made anew when it shows.
start-order: $(AGENT) $(PRELOAD) ## Finds out anew which functions a start calls, for the order of the agent's code (a minute)
	@Tests/Benchmarks/make-start-order build/lib/graft $(AGENT_ORDER)

# The tool carries its Swift runtime: it runs where no toolchain is.
$(GRAFT): $(SWIFT_SOURCES) | build/obj/release packages
	@mkdir -p $(@D)
	$(SWIFT) build $(RELEASE) --product graft
	@install -m 755 .build/release/graft $@

# A program that changes its own functions under threads that do what programs do, for users to run where they are. It
# finds the libraries from where it lies, here and installed.
$(STRESS): $(wildcard Tests/Stress/*.cpp) Tests/Stress/stress.h Tests/Stress/functions.h $(STRESS_LIBRARY) $(SHARED)
	@mkdir -p $(@D)
	$(call say,link,$@)$(GXX) -std=c++17 -g -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude -pthread -o $@ \
		$(filter %.cpp,$^) $(STRESS_LIBRARY) -Lbuild/lib -lgraft '-Wl,-rpath,$$ORIGIN/../lib:$$ORIGIN/../lib/graft'

$(STRESS_LIBRARY): Tests/Stress/functions.c Tests/Stress/functions.h Makefile | packages
	@mkdir -p $(@D)
	$(call say,link,$@)$(CC) -std=c11 -g -O2 -Wall -Wextra -Werror -fPIC -fexceptions -fasynchronous-unwind-tables \
		-fvisibility=hidden -shared $(HARDENED) -Wl,--build-id=sha1 -Wl,-soname,$(@F) -o $@ $<

stress: $(STRESS) ## Changes a million functions under threads that do everything (STRESS_OPTIONS=--help lists options)
	$(STRESS) $(STRESS_OPTIONS)

run: $(GRAFT) $(PRELOAD) $(AGENT) ## Shows it: real programs are instrumented, hit, reported and restored while they run
	@Tests/Demo/run $(GRAFT)

# One documentation archive for each module, offline: symbol graphs from the compiler, pages from docc.
DOCUMENTED := Graft GraftConfig GraftConfigStream GraftProducts GraftRemoteConfig GraftSCA GraftTelemetry
docs: | packages ## Builds the documentation into build/docs, ready to be served
	@SWIFT='$(SWIFT)' STRICT='$(STRICT)' Tests/make-docs $(DOCUMENTED)

include Tests/tests.mk
include Tests/aarch64.mk

##@ Install

install: build ## Installs to DESTDIR and PREFIX: headers, libraries, graft.pc, the tool, the stress program
	install -d $(DESTDIR)$(PREFIX)/include/graft $(DESTDIR)$(PREFIX)/include/CGraft \
		$(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/lib/graft $(DESTDIR)$(PREFIX)/bin
	install -m 644 include/graft/*.h $(DESTDIR)$(PREFIX)/include/graft
	sed 's,"graft/,"../graft/,' include/module.modulemap >$(DESTDIR)$(PREFIX)/include/CGraft/module.modulemap
	install -m 755 build/lib/libgraft.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib
	ln -sf libgraft.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libgraft.so
	install -m 644 $(STATIC) $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(PRELOAD) $(AGENT) $(STRESS_LIBRARY) $(DESTDIR)$(PREFIX)/lib/graft
	install -m 755 $(GRAFT) $(STRESS) $(DESTDIR)$(PREFIX)/bin
	printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' 'libdir=$${prefix}/lib' '' \
		'Name: graft' 'Description: Instruments the functions of a running process' 'Version: $(VERSION)' \
		'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lgraft' 'Libs.private: $(LIBRARIES) -pthread' \
		>$(DESTDIR)$(PREFIX)/lib/pkgconfig/graft.pc

uninstall: ## Removes what install put there
	rm -rf $(DESTDIR)$(PREFIX)/include/graft $(DESTDIR)$(PREFIX)/include/CGraft $(DESTDIR)$(PREFIX)/lib/graft
	rm -f $(DESTDIR)$(PREFIX)/lib/libgraft.* $(DESTDIR)$(PREFIX)/lib/pkgconfig/graft.pc \
		$(DESTDIR)$(PREFIX)/bin/graft $(DESTDIR)$(PREFIX)/bin/graft-stress

clean: ## Removes build/ and .build/
	rm -rf build .build

-include $(CORE_OBJECTS:.o=.d)

.PHONY: always help setup packages build c swift stress run start-order docs install uninstall clean
