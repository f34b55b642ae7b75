// Fixtures.swift: the programs that the end-to-end tests instrument.

/// Sources of small programs.
enum Fixtures {
    /// A shop in C: what it does depends on its first word.
    static let shop = #"""
        #include <dlfcn.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/wait.h>
        #include <unistd.h>

        volatile int sold;
        __attribute__((noinline)) int price(int count) { sold += count; return count * 3; }
        __attribute__((noinline)) int refund(int count) { sold -= count; return count * 2; }
        __attribute__((noinline)) static void sell(int times) { while (times-- > 0) price(2); }

        /* Says that it has come this far. */
        static void say(const char *word) { printf("%s\n", word); fflush(stdout); }

        /* Works until it is told to stop. */
        static void stay(void) { say("ready"); for (;;) { sell(1); refund(1); usleep(500); } }

        static int is(const char *word, const char *wanted) { return word != NULL && strcmp(word, wanted) == 0; }

        int main(int count, char **words) {
            const char *word = count > 1 ? words[1] : NULL;
            sell(1000);
            if (is(word, "return")) return 9;
            if (is(word, "_exit")) _exit(7);
            if (is(word, "abort")) abort();
            if (is(word, "stay")) stay();
            if (is(word, "load")) {
                say("ready");
                char line[8];
                while (access(words[2], R_OK) != 0) usleep(1000);
                void *library = dlopen(words[3], RTLD_NOW);
                int (*coupon)(int) = library ? (int (*)(int))dlsym(library, "coupon") : NULL;
                if (coupon == NULL) return 1;
                usleep(300000);
                for (int i = 0; i < 5; i++) coupon(i);
                (void)line;
            }
            if (is(word, "fork")) {
                pid_t child = fork();
                if (child == 0) { usleep(300000); for (int i = 0; i < 5; i++) refund(i); exit(0); }
                int status;
                waitpid(child, &status, 0);
                printf("child %d\n", (int)child);
            }
            if (is(word, "close")) {
                for (int number = 3; number < 1024; number++) close(number);
                static int pairs[400][2];
                for (int i = 0; i < 400; i++)
                    if (pipe(pairs[i]) != 0 || write(pairs[i][1], "x", 1) != 1) return 1;
                usleep(1300000);
                char bytes[2];
                for (int i = 0; i < 400; i++) if (read(pairs[i][0], bytes, 2) != 1) return 3;
            }
            if (is(word, "exec")) execlp("/bin/sh", "sh", "-c", "exit 3", (char *)NULL);
            return 0;
        }
        """#

    /// A library that is loaded late.
    static let coupon = "int coupon(int value) { volatile int result = value * 7; return result; }"

    /// A shop in Swift.
    static let swiftShop = #"""
        struct Order {
            var count: Int
            @inline(never) func price(of item: String) -> Int { count * item.utf8.count }
        }
        @main enum Shop {
            static func main() async {
                var sum = 0
                for count in 0..<500 { sum += Order(count: count).price(of: "tea") }
                print(await Task { sum }.value)
            }
        }
        """#
}
