// ForkingProducts: a program whose products are carried over real forks; the tests start it and read what it says.
//
//   ForkingProducts SCENARIO

import Glibc

guard let scenario = scenarios[CommandLine.arguments.dropFirst().first ?? ""] else {
    print("scenarios: \(scenarios.keys.sorted().joined(separator: " "))")
    exit(2)
}
_ = firstProcess
try scenario()
