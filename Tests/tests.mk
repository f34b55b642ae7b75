# The tests' half of the Makefile, which includes this file and defines the tools, the flags and the sources.
#
# C tests: each Tests/C/test_NAME.c is a program. It is linked with the core compiled once more with -DGR_FAULTS (so that
# it can make each system call fail), from an archive: a test pulls in what it names. Other .c and .S files of Tests/C
# are helpers and go into the same archive; Tests/C/fixtures/NAME.c becomes a shared library beside the tests, found by
# them through the macro FIXTURES (a folder). `make c-tests T=queue` runs one test. Each VARIANT (compiler and sanitizer) has its
# own folder, so that they never disturb each other.

SECONDS_PER_PROGRAM ?= 120
FUZZ_SECONDS ?= 10

C_TESTS := $(if $(T),$(T:%=Tests/C/test_%.c),$(sort $(wildcard Tests/C/test_*.c)))
C_TEST_NAMES := $(C_TESTS:Tests/C/%.c=%)
C_HELPERS := $(filter-out $(wildcard Tests/C/test_*.c),$(sort $(wildcard Tests/C/*.c Tests/C/*.S)))
C_FIXTURES := $(sort $(wildcard Tests/C/fixtures/*.c Tests/C/fixtures/*.cpp))

comma := ,

# $(call variant,NAME,COMPILER,FLAGS): the rules that build every C test in build/NAME.
define variant
build/$(1)/%.c.o: %.c Makefile Tests/tests.mk | packages
	@mkdir -p $$(@D)
	$(call say,cc,$(1)/$$<)$(2) $(CPPFLAGS) -ITests/C -DGR_FAULTS -DFIXTURES='"build/$(1)/fixtures"' $(CFLAGS) $(3) -MMD -MP -c $$< -o $$@

build/$(1)/%.S.o: %.S Makefile Tests/tests.mk | packages
	@mkdir -p $$(@D)
	$(call say,cc,$(1)/$$<)$(2) $(CPPFLAGS) -ITests/C $(CFLAGS) -MMD -MP -c $$< -o $$@

build/$(1)/core.a: $$(CORE:%=build/$(1)/%.o) $$(C_HELPERS:%=build/$(1)/%.o)
	@rm -f $$@
	$(call say,ar,$$@)$(AR) rcs $$@ $$^

build/$(1)/fixtures/%.so: Tests/C/fixtures/%.c Tests/tests.mk | packages
	@mkdir -p $$(@D)
	$(call say,link,$$@)$(2) -D_GNU_SOURCE -g -O0 -fPIC -shared $$< -o $$@

build/$(1)/fixtures/%.so: Tests/C/fixtures/%.cpp Tests/tests.mk | packages
	@mkdir -p $$(@D)
	$(call say,link,$$@)g++ -g -O0 -fPIC -shared $$< -o $$@

# The address sanitizer finds what throws in C++ at the start only, and a fixture throws.
build/$(1)/test_%: build/$(1)/Tests/C/test_%.c.o build/$(1)/core.a
	$(call say,link,$$@)$(2) $(3) $(if $(findstring clang,$(2)),-fuse-ld=lld) -pthread -rdynamic -o $$@ $$^ $(LIBRARIES) -ldl -lm \
		$(if $(findstring sanitize=address,$(3)),-Wl$(comma)--no-as-needed -lstdc++)

build/$(1)/programs: $$(C_TEST_NAMES:%=build/$(1)/%) $$(addsuffix .so,$$(basename $$(C_FIXTURES:Tests/C/%=build/$(1)/%)))

.PHONY: build/$(1)/programs
.SECONDARY: $$(C_TESTS:%=build/$(1)/%.o)
-include $$(wildcard build/$(1)/*.d build/$(1)/*/*.d build/$(1)/*/*/*.d build/$(1)/*/*/*/*.d)
endef

$(eval $(call variant,test,$(CC),-O1 -fno-omit-frame-pointer))
$(eval $(call variant,test-gcc,$(GCC),-O2))
$(eval $(call variant,asan,$(CLANG),-O1 -fno-omit-frame-pointer -fsanitize=address))
# gcc: the Swift toolchain's clang links its thread sanitizer only together with libdispatch.
$(eval $(call variant,tsan,$(GCC),-O1 -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan))
$(eval $(call variant,ubsan,$(CLANG),-O1 -fsanitize=undefined -fno-sanitize-recover=all))
$(eval $(call variant,ubsan-gcc,$(GCC),-O1 -fsanitize=undefined -fno-sanitize-recover=all))

$(eval $(call variant,fuzz,$(CLANG),-O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link$(comma)address))
# The address sanitizer's shadow would be memory that a fuzzer's machine code can reach.
$(eval $(call variant,fuzz-code,$(CLANG),-O1 -fsanitize=fuzzer-no-link$(comma)undefined -fno-sanitize-recover=all))

# Each Tests/Fuzz/fuzz_NAME.c is a libFuzzer program; Tests/Fuzz/corpus/NAME holds its seeds, and what once failed.
# A fuzz_NAME.swift is compiled together with the sources named in SWIFT_FUZZ_NAME.
FUZZERS := $(patsubst fuzz_%,%,$(basename $(notdir $(sort $(wildcard Tests/Fuzz/fuzz_*.c Tests/Fuzz/fuzz_*.swift)))))
# One whose sources import GraftConfig links build/fuzz/GraftConfig.o, named in SWIFT_FUZZ_MODULES_NAME.
SWIFT_FUZZ_remote_config := $(sort $(filter-out $(addprefix Sources/GraftRemoteConfig/,HTTP/% Driver/%),$(wildcard Sources/GraftRemoteConfig/*/*.swift)))
SWIFT_FUZZ_MODULES_remote_config := build/fuzz/GraftConfig.o
SWIFT_FUZZ_cache := $(SWIFT_FUZZ_remote_config)
SWIFT_FUZZ_MODULES_cache := build/fuzz/GraftConfig.o
SWIFT_FUZZ_stream_cache := $(addprefix Sources/GraftConfigStream/,$(addprefix Cache/,StreamCacheFormat.swift StreamCacheParser.swift StreamSecrets.swift) \
	Consumer/StreamCache.swift Consumer/StreamError.swift Session/WallTime.swift Table/KeyHash.swift Table/StreamKey.swift Value/GoDuration.swift \
	Value/StreamNumber.swift Value/StreamSource.swift Value/StreamText.swift Wire/StreamEvent.swift Wire/StreamValue.swift)
SWIFT_FUZZ_MODULES_stream_cache := build/fuzz/GraftConfig.o
SWIFT_FUZZ_json := Sources/GraftConfig/ConfigError.swift $(wildcard Sources/GraftConfig/JSON/*.swift)
SWIFT_FUZZ_http := $(wildcard Sources/GraftRemoteConfig/HTTP/HTTPResponse*.swift) \
	$(addprefix Sources/GraftRemoteConfig/HTTP/,HTTPText.swift TransportError.swift)
build/fuzz/fuzz_%: build/fuzz/Tests/Fuzz/fuzz_%.c.o build/fuzz/core.a
	$(call say,link,$@)$(CLANG) -fsanitize=fuzzer,address -fuse-ld=lld -pthread -rdynamic -o $@ $^ $(LIBRARIES) -ldl -lm
build/fuzz/fuzz_relocate: build/fuzz-code/Tests/Fuzz/fuzz_relocate.c.o build/fuzz-code/core.a
	@mkdir -p $(@D)
	$(call say,link,$@)$(CLANG) -fsanitize=fuzzer,undefined -fuse-ld=lld -pthread -rdynamic -o $@ $^ $(LIBRARIES) -ldl -lm

.SECONDEXPANSION:
build/fuzz/fuzz_%: Tests/Fuzz/fuzz_%.swift $$(SWIFT_FUZZ_$$*) $$(SWIFT_FUZZ_MODULES_$$*) | packages
	@mkdir -p $(@D)
	$(call say,swiftc,$@)swiftc -O -package-name graft -sanitize=fuzzer,address -use-ld=lld -parse-as-library -I build/fuzz $^ -o $@

build/fuzz/GraftConfig.o: $(shell find Sources/GraftConfig -name '*.swift') | packages
	@mkdir -p $(@D)
	$(call say,swiftc,$@)swiftc -O -wmo -swift-version 6 -package-name graft -sanitize=fuzzer,address -parse-as-library -module-name GraftConfig \
		-emit-module -emit-module-path build/fuzz/GraftConfig.swiftmodule -emit-object $^ -o $@

.SECONDARY: $(patsubst %,build/fuzz/%.o,$(wildcard Tests/Fuzz/fuzz_*.c)) build/fuzz-code/Tests/Fuzz/fuzz_relocate.c.o

# $(call run-c-tests,PART,VARIANT): runs the programs of a variant as one part.
run-c-tests = @Tests/run-part $(1) $(SECONDS_PER_PROGRAM) $(C_TEST_NAMES:%=build/$(2)/%)

##@ Test

# The parts of `make test`, in order; each is a target of its own.
PARTS := c-tests gcc-tests programs swift-tests oracle stream-tests stream-programs checks consumers end-to-end
MORE_PARTS ?=

test: | packages ## Runs every part below, up to `end-to-end`, and closes with "N passed, N failed"
	@MAKE='$(MAKE)' Tests/run-all $(PARTS) $(MORE_PARTS)

c-tests: build/test/programs ## Runs the C tests (T=queue runs one)
	$(call run-c-tests,$@,test)

gcc-tests: build/test-gcc/programs ## Runs the C tests built by gcc -O2
	$(call run-c-tests,$@,test-gcc)

# A script of Tests/Programs named test-NAME builds programs as users do, against libgraft.so, and runs them.
programs: c $(STRESS) ## Runs programs built by each compiler, with each unwinder, against libgraft.so
	@Tests/run-part $@ 600 $(sort $(wildcard Tests/Programs/test-*))

# The end-to-end tests among them run the built tool, whose folder is named in GRAFT_BUILD.
swift-tests: $(if $(T),packages,build) ## Runs the Swift tests, those of the built tool included (T=Config runs those that match)
	@SWIFT='$(SWIFT)' STRICT='$(STRICT)' FILTER='$(T)' GRAFT_BUILD='$(CURDIR)/build' Tests/run-swift

# Other clients, and the agent that they are tested with. Only what depends on this file waits for PyPI.
PYTHON_PACKAGES := python3 python3-venv
$(VENV)/ready: Tests/make-venv Tests/requirements.txt Tests/requirements-seed.txt | packages
	@Tests/setup $(PYTHON_PACKAGES)
	$(call say,venv,$(VENV))Tests/make-venv $(VENV)

oracle: swift $(VENV)/ready ## Compares the client of Remote Configuration with ddtrace's, answer by answer
	@Tests/run-part $@ 90 Tests/Oracle/test-oracle

# The stream over gRPC, against a core agent in Python. gRPC takes 430 seconds of a processor to build: it is built here and
# nowhere else, in a folder of its own, with nothing of ours but what these tests need. In a folder within the package SwiftPM
# does not know its own description of the last build again, and is better off without it.
# What SwiftPM notes in the package's own folder about gRPC goes afterwards: a build without the trait would fetch it all.
UNPINNED := ; code=$$?; rm -f Package.resolved; exit $$code
STREAM := build/stream
STREAM_TESTS := $(notdir $(wildcard Tests/GraftConfigStreamGRPCTests Tests/GraftConfigStreamProviderTests Tests/GraftStreamCLITests))
STREAM_PROGRAMS := GraftStreamCLI StreamSoak
stream-tests: $(VENV)/ready ## Builds gRPC and runs the tests of the config stream over it (T=Address runs those that match)
	@rm -f $(STREAM)/*/debug/description.json
	@PART=$@ FILTER='$(or $(T),$(subst $() $(),|,$(STREAM_TESTS)))' SWIFT='$(SWIFT)' STRICT='-Xswiftc -warnings-as-errors' \
		OPTIONS='--scratch-path $(STREAM) --traits ConfigStream' GRAFT_TARGETS='$(STREAM_TESTS) $(STREAM_PROGRAMS)' \
		GRAFT_VENV='$(abspath $(VENV))' Tests/run-swift$(UNPINNED)

# With what `stream-tests` has built: then there is nothing left to build.
STREAM_BIN := $(abspath $(STREAM))/debug
RUN_STREAM_PROGRAM = GRAFT_STREAM='$(STREAM_BIN)/GraftStreamCLI' STREAM_SOAK='$(STREAM_BIN)/StreamSoak' RUNNER='$(abspath $(VENV))/bin/python'
stream-built: $(VENV)/ready
	@rm -f $(STREAM)/*/debug/description.json
	@GRAFT_TARGETS='$(STREAM_TESTS) $(STREAM_PROGRAMS)' $(SWIFT) build --build-tests --scratch-path $(STREAM) --traits ConfigStream \
		-Xswiftc -warnings-as-errors >build/stream.log 2>&1 || { tail -n 40 build/stream.log; false; }$(UNPINNED)

stream-programs: stream-built ## Tests the core agent in Python, graft-stream against it, and a client while it is killed 50 times
	@$(RUN_STREAM_PROGRAM) Tests/run-part $@ 300 Tests/ConfigStream/test-producer Tests/ConfigStream/test-graft-stream Tests/ConfigStream/test-restarts

RESTARTS ?= 1000
stream-soak: stream-built ## Kills a core agent RESTARTS (1000) times under a client, at a TCP port and at a Unix socket
	@$(RUN_STREAM_PROGRAM) $(VENV)/bin/python Tests/ConfigStream/test-restarts $(RESTARTS) port
	@$(RUN_STREAM_PROGRAM) $(VENV)/bin/python Tests/ConfigStream/test-restarts $(RESTARTS) socket

stream-generated: | packages ## Makes what is generated from the .proto files of the config stream anew, to be checked in
	@SWIFT='$(SWIFT)' Tests/ConfigStream/generate $(STREAM)

# A check is a script of Tests/Checks named check-NAME: `make NAME` runs it alone.
CHECKS := $(sort $(wildcard Tests/Checks/check-*))

checks: build ## Runs the structural checks: arrows, symbols, linkage, lint, ...
	@CC='$(CC)' GCC='$(GCC)' SWIFT='$(SWIFT)' Tests/run-part $@ 900 $(CHECKS)

arrows: ## Checks that no file includes or imports what architecture does not allow
	@Tests/Checks/check-arrows

symbols: $(SHARED) $(STATIC) $(PRELOAD) $(AGENT) ## Compares the exported symbols with the checked-in lists
	@Tests/Checks/check-symbols

linkage: build ## Checks that the tool, and an importer of Graft alone, link no Foundation, NIO or gRPC
	@Tests/Checks/check-linkage
	@SWIFT='$(SWIFT)' Tests/Consumers/use-swift-path

lint: | packages ## Checks the format of C and Swift and the shell scripts' syntax
	@SWIFT='$(SWIFT)' Tests/Checks/check-format

format: | packages ## Rewrites C and Swift sources in the project's format
	$(SWIFT) format --in-place --parallel $$(git ls-files '*.swift' | grep -v /fixtures/)
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cpp' | grep -v /fixtures/)

consumers: build ## Builds C, C++ and Swift programs outside the tree against what is installed
	@MAKE='$(MAKE)' CC='$(CC)' GCC='$(GCC)' SWIFT='$(SWIFT)' Tests/run-part $@ 900 $(sort $(wildcard Tests/Consumers/use-*))

end-to-end: build $(VENV)/ready ## Runs the demonstration, and real programs that Datadog's test agent configures
	@Tests/run-part $@ 600 Tests/Demo/test Tests/EndToEnd/test-remote-config Tests/EndToEnd/test-remote-faults

##@ Look closer

# Each Tests/Benchmarks/bench_NAME.c is a program that prints a table, and JSON when asked with --json. It is built
# twice, linked with libgraft.so as a user's program would be: by clang, whose callers assume the ABI only, and by gcc,
# whose callers may assume more, so that everything is preserved for them.
BENCHMARKS := $(sort $(wildcard Tests/Benchmarks/bench_*.c))
BENCHMARK_PARTS := Tests/Benchmarks/work.c Tests/Benchmarks/bare.c Tests/Benchmarks/turns.c Tests/Benchmarks/floors.S
BENCHMARK_PROGRAMS := $(foreach compiler,gcc clang,$(BENCHMARKS:Tests/Benchmarks/bench_%.c=build/bench/$(compiler)/bench_%))
BENCHMARK_FLAGS = $(CPPFLAGS) $(CFLAGS) -O2 -o $@ $(filter %.c %.S,$^) -Lbuild/lib -lgraft -lffi -Wl,-rpath,$(CURDIR)/build/lib

build/bench/gcc/bench_%: Tests/Benchmarks/bench_%.c $(BENCHMARK_PARTS) $(SHARED)
	@mkdir -p $(@D)
	$(call say,link,$@)$(GCC) $(BENCHMARK_FLAGS)

build/bench/clang/bench_%: Tests/Benchmarks/bench_%.c $(BENCHMARK_PARTS) $(SHARED)
	@mkdir -p $(@D)
	$(call say,link,$@)$(CLANG) $(BENCHMARK_FLAGS)

# Fifty thousand functions to install.
BENCHMARK_SCALE := $(foreach compiler,gcc clang,build/bench/$(compiler)/bench_scale build/bench/$(compiler)/bench_flat)
$(BENCHMARK_SCALE): Tests/Programs/many.S
$(BENCHMARK_SCALE): private CPPFLAGS += -ITests/Programs -DCOUNT=50000 -DSPACING=32

# What the agent costs at the start of a program: not linked with anything of ours.
build/bench/start: Tests/Benchmarks/start.c $(GRAFT) $(PRELOAD) $(AGENT)
	@mkdir -p $(@D)
	$(call say,link,$@)$(GCC) -std=c11 -O2 $(WARNINGS) -D_GNU_SOURCE -o $@ $<

bench: $(BENCHMARK_PROGRAMS) build/bench/start ## Measures calls, installs, starts and polls beside their floors: tables, and JSON in build/bench
	@Tests/run-bench $(BENCHMARK_PROGRAMS)
	@build/bench/start build/lib/graft $(GRAFT)
	@build/bench/start --json build/lib/graft $(GRAFT) >build/bench/start.json
	@Tests/Benchmarks/bench-remote-install $(GRAFT)
	@Tests/Benchmarks/bench-remote-install --json $(GRAFT) >build/bench/remote-install.json
	@$(MAKE) --no-print-directory bench-remote-config
	@$(MAKE) --no-print-directory bench-config-stream

# The client of Remote Configuration, and beside it other clients, which is why this part needs Python packages.
BENCHMARK_REMOTE := Tests/Benchmarks/RemoteConfig
build/bench/bench_remote_config: $(SWIFT_SOURCES) $(wildcard $(BENCHMARK_REMOTE)/*.swift) | packages
	@mkdir -p $(@D)
	$(SWIFT) build $(RELEASE) --product $(@F)
	@install -m 755 .build/release/$(@F) $@

build/bench/allocations.so: $(BENCHMARK_REMOTE)/allocations.c | packages
	@mkdir -p $(@D)
	$(call say,link,$@)$(GCC) -std=c11 -O2 $(WARNINGS) -fPIC -fvisibility=hidden -shared -o $@ $<

bench-remote-config: build/bench/bench_remote_config build/bench/allocations.so $(VENV)/ready ## Measures polls and answers of Remote Configuration beside ddtrace's
	@$(BENCHMARK_REMOTE)/bench-remote-config --json build/bench/bench_remote_config.json build/bench/bench_remote_config build/bench/allocations.so \
		$(VENV)

# The config stream, which takes gRPC, built once more for speed: 1,000 seconds of a processor the first time.
BENCHMARK_STREAM := Tests/Benchmarks/ConfigStream
STREAM_RELEASE := build/stream-release
build/bench/bench_config_stream: $(SWIFT_SOURCES) $(wildcard $(BENCHMARK_STREAM)/*.swift) | packages
	@mkdir -p $(@D)
	@rm -f $(STREAM_RELEASE)/*/release/description.json
	$(SWIFT) build -c release --traits ConfigStream --scratch-path $(STREAM_RELEASE) --product $(@F) $(STRICT)$(UNPINNED)
	@install -m 755 $(STREAM_RELEASE)/release/$(@F) $@

bench-config-stream: build/bench/bench_config_stream build/bench/allocations.so $(VENV)/ready ## Measures the config stream: first snapshot, latency, updates, reads beside their peers (builds gRPC)
	@$(BENCHMARK_STREAM)/bench-config-stream --json build/bench/bench_config_stream.json build/bench/bench_config_stream \
		build/bench/allocations.so $(VENV)

# Compiled together with the sources that it measures.
build/bench/GraftConfig.o: $(shell find Sources/GraftConfig -name '*.swift') | packages
	@mkdir -p $(@D)
	$(call say,swiftc,$@)swiftc -O -wmo -swift-version 6 -package-name graft -parse-as-library -module-name GraftConfig \
		-emit-module -emit-module-path build/bench/GraftConfig.swiftmodule -emit-object $^ -o $@

build/bench/decoding: Tests/Benchmarks/decoding.swift $(shell find Sources/GraftRemoteConfig -name '*.swift') build/bench/GraftConfig.o
	$(call say,swiftc,$@)swiftc -O -wmo -swift-version 6 -package-name graft -parse-as-library -I build/bench $^ -o $@

bench-decoding: build/bench/decoding ## Measures base64, SHA-256, JSON and a whole answer of 10 MB
	@build/bench/decoding

build/bench/gcc/calls: Tests/Benchmarks/calls.c $(BENCHMARK_PARTS) $(SHARED)
	@mkdir -p $(@D)
	$(call say,link,$@)$(GCC) $(BENCHMARK_FLAGS)

build/bench/clang/calls: Tests/Benchmarks/calls.c $(BENCHMARK_PARTS) $(SHARED)
	@mkdir -p $(@D)
	$(call say,link,$@)$(CLANG) $(BENCHMARK_FLAGS) -gdwarf-4

thresholds: build/bench/gcc/calls build/bench/clang/calls ## Holds instructions and allocations of a call against the checked-in thresholds
	@Tests/run-part $@ 900 Tests/Benchmarks/check-thresholds
	@grep '^ok' build/results/$@.d/*.log | sed 's/^ok /  /'

# What others offer for the same job, in one run with ours: each is built or installed as its users would, and one that
# cannot be says why. Frida comes from PyPI, into a virtual environment of its own.
PEERS := build/bench/peers
PEER := Tests/Benchmarks/peers
PEER_PACKAGES := uftrace liburcu-dev libck-dev python3 python3-venv
PEER_FLAGS := -O2 $(WARNINGS) -D_GNU_SOURCE

bench-peers: build/bench/gcc/bench_hit build/bench/clang/bench_hit ## Measures Frida, uftrace, XRay, liburcu and others beside ours
	@Tests/setup $(PEER_PACKAGES)
	@mkdir -p $(PEERS)
	@test -x $(PEERS)/venv/bin/python || python3 -m venv $(PEERS)/venv
	@$(PEERS)/venv/bin/python -c 'import frida' 2>/dev/null || $(PEERS)/venv/bin/pip install --quiet frida || true
	$(call say,build,$(PEER))
	@$(GCC) $(PEER_FLAGS) -o $(PEERS)/peer $(PEER)/peer.c Tests/Benchmarks/work.c Tests/Benchmarks/bare.c
	@$(GCC) $(PEER_FLAGS) -no-pie -o $(PEERS)/peer-fixed $(PEER)/peer.c Tests/Benchmarks/work.c Tests/Benchmarks/bare.c
	@$(GCC) $(PEER_FLAGS) -fpatchable-function-entry=5 -o $(PEERS)/peer-patchable $(PEER)/peer.c Tests/Benchmarks/work.c \
		Tests/Benchmarks/bare.c
	@$(GCC) $(PEER_FLAGS) -c -finstrument-functions -o $(PEERS)/instrument.o Tests/Benchmarks/work.c
	@$(GCC) $(PEER_FLAGS) -DPEER_INSTRUMENT -o $(PEERS)/peer-instrument $(PEER)/peer.c $(PEERS)/instrument.o \
		Tests/Benchmarks/bare.c
	@$(CLANG) $(PEER_FLAGS) -c -fxray-instrument -fxray-instruction-threshold=1 -o $(PEERS)/xray.o Tests/Benchmarks/work.c
	@rm -f $(PEERS)/peer-xray
	@$(CLANG) $(PEER_FLAGS) -fuse-ld=lld -fxray-instrument -DPEER_XRAY -o $(PEERS)/peer-xray $(PEER)/peer.c $(PEERS)/xray.o \
		Tests/Benchmarks/bare.c -lpthread -ldl -lm || true
	@python3 $(PEER)/many.py 10000 >$(PEERS)/many.c
	@$(GCC) -O1 -o $(PEERS)/many $(PEERS)/many.c
	@$(GCC) -O1 -fpatchable-function-entry=5 -o $(PEERS)/many-patchable $(PEERS)/many.c
	@$(GCC) $(PEER_FLAGS) -fPIC -shared -Iinclude -o $(PEERS)/install.so $(PEER)/install.c -Lbuild/lib \
		-Wl,-rpath,$(CURDIR)/build/lib -lgraft
	@$(GCC) -std=gnu11 $(PEER_FLAGS) -Wno-conversion -Wno-unused-parameter $(CPPFLAGS) -o $(PEERS)/structures $(PEER)/structures.c \
		-pthread -lurcu-memb -lurcu-cds -lurcu-common -lck
	@$(PEERS)/venv/bin/python $(PEER)/bench-peers --json $(PEERS).json

asan: build/asan/programs ## Runs the C tests under the address sanitizer
	$(call run-c-tests,$@,asan)

# Left out of the thread sanitizer: its shadow takes the memory around a program that stubs need, and it does not know
# the code in them. test_toggle and test_graft check every result and every count under load instead.
TSAN_LEFT_OUT := test_around test_around_keep test_budget test_exempt test_exit test_faults test_graft test_guard test_kept test_patch test_return test_shapes test_toggle test_unwind_steps test_waits
tsan: build/tsan/programs ## Runs the C tests under the thread sanitizer
	@Tests/run-part $@ $(SECONDS_PER_PROGRAM) $(patsubst %,build/tsan/%,$(filter-out $(TSAN_LEFT_OUT),$(C_TEST_NAMES)))

ubsan: build/ubsan/programs build/ubsan-gcc/programs ## Runs the C tests under the undefined behaviour sanitizers of clang and gcc
	$(call run-c-tests,$@,ubsan)
	$(call run-c-tests,$@-gcc,ubsan-gcc)

fuzz: $(FUZZERS:%=build/fuzz/fuzz_%) ## Runs each fuzzer for FUZZ_SECONDS (10) from its corpus
	@FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/run-fuzz $(FUZZERS)

.PHONY: thresholds bench bench-config-stream bench-decoding bench-remote-config bench-peers fuzz programs test c-tests gcc-tests swift-tests oracle stream-tests stream-built stream-programs stream-soak stream-generated checks arrows symbols linkage lint format consumers end-to-end asan tsan ubsan
