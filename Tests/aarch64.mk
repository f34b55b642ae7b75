# The C core for aarch64: cross-built below build/aarch64, tested under qemu's user mode. Included by the Makefile.
#
# The host needs a cross compiler and qemu; libraries come from Debian's arm64 packages, unpacked into a folder of their
# own (Tests/make-sysroot). C tests are those of Tests/C but for what is named in AARCH64_LEFT_OUT, each with its reason;
# helpers and tests that are of aarch64 alone are in Tests/C/aarch64.

AARCH64_TOOLS := gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user
AARCH64_PACKAGES := libelf-dev libelf1 libdw-dev libdw1 liblzma-dev liblzma5 libunwind-dev libunwind8 libffi-dev libffi8 \
	zlib1g zlib1g-dev libbz2-1.0 libcrypt1
AARCH64_SYSROOT := build/aarch64/sysroot
AARCH64_CC := aarch64-linux-gnu-gcc
AARCH64_CXX := aarch64-linux-gnu-g++
AARCH64_LIBRARY_PATH := $(CURDIR)/$(AARCH64_SYSROOT)/usr/lib/aarch64-linux-gnu:$(CURDIR)/$(AARCH64_SYSROOT)/lib/aarch64-linux-gnu
# Tests that call a compiler find the one for aarch64 under its usual name.
AARCH64_BIN := build/aarch64/bin
AARCH64_RUNNER = qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=$(AARCH64_LIBRARY_PATH) \
	-E PATH=$(CURDIR)/$(AARCH64_BIN):/usr/bin:/bin -E LEFT_OUT=$(subst $(empty) ,,$(AARCH64_OUT_BEHAVIOURS))
AARCH64_INCLUDES := -isystem $(AARCH64_SYSROOT)/usr/include -isystem $(AARCH64_SYSROOT)/usr/include/aarch64-linux-gnu
AARCH64_LINK := -pthread $(foreach folder,$(subst :, ,$(AARCH64_LIBRARY_PATH)),-L$(folder) -Wl,-rpath-link,$(folder)) \
	-lelf -ldw -llzma -lunwind-aarch64 -lffi

AARCH64_CORE := $(sort $(wildcard CSources/*.c CSources/os/*.c CSources/arch/aarch64/*.c CSources/arch/aarch64/*.S))
AARCH64_OBJECTS := $(AARCH64_CORE:%=build/aarch64/obj/%.o)
AARCH64_SHARED := build/aarch64/lib/libgraft.so
AARCH64_STATIC := build/aarch64/lib/libgraft.a

# "PROGRAM reason" or "PROGRAM BEHAVIOUR: reason", one a line.
AARCH64_LEFT_OUT := Tests/C/aarch64/left-out

AARCH64_ALL_TESTS := $(patsubst %.c,%,$(notdir $(sort $(wildcard Tests/C/test_*.c Tests/C/aarch64/test_*.c))))
AARCH64_OUT := $(shell sed -n 's/^\(test_[a-z_]*\): .*/\1/p' $(AARCH64_LEFT_OUT))
AARCH64_OUT_BEHAVIOURS := $(shell sed -n 's/^  \([a-z_]*\): .*/\1:/p' $(AARCH64_LEFT_OUT))
AARCH64_TESTS := $(filter-out $(AARCH64_OUT),$(AARCH64_ALL_TESTS))
AARCH64_HELPERS := $(filter-out $(wildcard Tests/C/test_*.c),$(sort $(wildcard Tests/C/*.c))) \
	$(sort $(filter-out $(wildcard Tests/C/aarch64/test_*.c),$(wildcard Tests/C/aarch64/*.c Tests/C/aarch64/*.S)))

build/aarch64/sysroot/.packages: Tests/make-sysroot Tests/aarch64.mk | packages
	@Tests/setup $(AARCH64_TOOLS)
	@Tests/make-sysroot $(AARCH64_SYSROOT) arm64 $(AARCH64_PACKAGES)
	@touch $@

$(AARCH64_BIN)/gcc: Tests/aarch64.mk | build/aarch64/sysroot/.packages
	@mkdir -p $(@D)
	@for tool in g++ strip objcopy ar as ld nm readelf gcc; do \
		ln -sf "$$(command -v aarch64-linux-gnu-$$tool)" $(@D)/$$tool; done

build/aarch64/obj/%.o: % Makefile Tests/aarch64.mk | build/aarch64/sysroot/.packages
	@mkdir -p $(@D)
	$(call say,cc,aarch64/$<)$(AARCH64_CC) $(CPPFLAGS) $(AARCH64_INCLUDES) $(CFLAGS) -O2 -MMD -MP -c $< -o $@

$(AARCH64_SHARED): $(AARCH64_OBJECTS) build/obj/libgraft.map
	@mkdir -p $(@D)
	$(call say,link,$@)$(AARCH64_CC) -shared -Wl,-z,defs,-z,relro,-z,now -Wl,-soname,$(SONAME) \
		-Wl,--version-script=build/obj/libgraft.map -o $@.$(VERSION) $(AARCH64_OBJECTS) $(AARCH64_LINK)
	@ln -sf libgraft.so.$(VERSION) build/aarch64/lib/$(SONAME)
	@ln -sf $(SONAME) $@

$(AARCH64_STATIC): $(AARCH64_OBJECTS)
	@mkdir -p $(@D)
	$(call say,ar,$@)aarch64-linux-gnu-ld -r -o build/aarch64/obj/graft.o $^
	@aarch64-linux-gnu-objcopy --localize-hidden build/aarch64/obj/graft.o
	@rm -f $@
	@aarch64-linux-gnu-ar rcs $@ build/aarch64/obj/graft.o

build/aarch64/test/%.o: % Makefile Tests/aarch64.mk | build/aarch64/sysroot/.packages
	@mkdir -p $(@D)
	$(call say,cc,aarch64/$<)$(AARCH64_CC) $(CPPFLAGS) $(AARCH64_INCLUDES) -ITests/C -DGR_FAULTS \
		-DFIXTURES='"build/aarch64/test/fixtures"' $(CFLAGS) -O1 -fno-omit-frame-pointer -MMD -MP -c $< -o $@

build/aarch64/test/core.a: $(AARCH64_CORE:%=build/aarch64/test/%.o) $(AARCH64_HELPERS:%=build/aarch64/test/%.o)
	@rm -f $@
	$(call say,ar,$@)aarch64-linux-gnu-ar rcs $@ $^

build/aarch64/test/fixtures/%.so: Tests/C/fixtures/%.c Tests/aarch64.mk | build/aarch64/sysroot/.packages
	@mkdir -p $(@D)
	$(call say,link,$@)$(AARCH64_CC) -D_GNU_SOURCE -g -O0 -fPIC -shared $< -o $@

build/aarch64/test/fixtures/%.so: Tests/C/fixtures/%.cpp Tests/aarch64.mk | build/aarch64/sysroot/.packages
	@mkdir -p $(@D)
	$(call say,link,$@)$(AARCH64_CXX) -g -O0 -fPIC -shared $< -o $@

build/aarch64/test/test_%: build/aarch64/test/Tests/C/test_%.c.o build/aarch64/test/core.a
	$(call say,link,$@)$(AARCH64_CC) -rdynamic -o $@ $^ $(AARCH64_LINK) -ldl -lm

build/aarch64/test/test_%: build/aarch64/test/Tests/C/aarch64/test_%.c.o build/aarch64/test/core.a
	$(call say,link,$@)$(AARCH64_CC) -rdynamic -o $@ $^ $(AARCH64_LINK) -ldl -lm

# The same program as users link it: with the library, and with the archive.
build/aarch64/end-to-end/calls-shared: build/aarch64/test/Tests/C/test_calls.c.o $(AARCH64_SHARED)
	@mkdir -p $(@D)
	$(call say,link,$@)$(AARCH64_CC) -o $@ $< -Lbuild/aarch64/lib -lgraft '-Wl,-rpath,$$ORIGIN/../lib' $(AARCH64_LINK)

build/aarch64/end-to-end/calls-static: build/aarch64/test/Tests/C/test_calls.c.o $(AARCH64_STATIC)
	@mkdir -p $(@D)
	$(call say,link,$@)$(AARCH64_CC) -o $@ $^ $(AARCH64_LINK)

.SECONDARY: $(patsubst %,build/aarch64/test/%.o,$(wildcard Tests/C/test_*.c Tests/C/aarch64/test_*.c))

-include $(wildcard build/aarch64/*/*.d build/aarch64/*/*/*.d build/aarch64/*/*/*/*.d build/aarch64/*/*/*/*/*.d)

##@ aarch64

aarch64: $(AARCH64_SHARED) $(AARCH64_STATIC) ## Cross-builds libgraft.so and libgraft.a below build/aarch64

AARCH64_PROGRAMS := $(AARCH64_TESTS:%=build/aarch64/test/%) \
	build/aarch64/end-to-end/calls-shared build/aarch64/end-to-end/calls-static
AARCH64_FIXTURES := $(addsuffix .so,$(basename $(C_FIXTURES:Tests/C/%=build/aarch64/test/%)))

aarch64-tests: $(AARCH64_PROGRAMS) $(AARCH64_FIXTURES) $(AARCH64_BIN)/gcc ## Runs the C tests that are not of x86-64 alone under qemu
	@echo 'left out:' && grep -v '^#' $(AARCH64_LEFT_OUT)
	@RUNNER='$(AARCH64_RUNNER)' Tests/run-part $@ $(SECONDS_PER_PROGRAM) $(AARCH64_PROGRAMS)

.PHONY: aarch64 aarch64-tests
