"""Writes a C file with as many small functions as asked for: what peers are timed on installing."""

import sys

count = int(sys.argv[1])
print("#include <stdio.h>\n#include <string.h>")
print("int main(int argc, char **argv) { char line[16]; if (argc > 1 && strcmp(argv[1], \"wait\") == 0) {")
print('puts("ready"); fflush(stdout); if (fgets(line, sizeof line, stdin) == NULL) return 1; } return 0; }')
for number in range(count):
    print(f"int many_{number}(int x) {{ volatile int y = x + {number}; return y * {number % 97 + 3}; }}")
