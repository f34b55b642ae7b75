// Footprint: what the process takes of the machine.
//
// Owns the reading of /proc/self. Neighbour: main prints it.
#if ConfigStream

    import Glibc

    /// What the process takes of the machine.
    enum Footprint {
        /// Memory of its own in KiB, threads, and descriptors by their number.
        static var now: [String: Int] {
            var result = ["memory": 0, "threads": 0, "descriptors": descriptors]
            guard let file = fopen("/proc/self/status", "r") else { return result }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                let words = text.split { $0 == " " || $0 == "\t" || $0 == "\n" }
                if words.count < 2 { continue }
                if words[0] == "RssAnon:" { result["memory"] = Int(words[1]) }
                if words[0] == "Threads:" { result["threads"] = Int(words[1]) }
            }
            return result
        }

        /// How many descriptors are open, without the one that counts them.
        private static var descriptors: Int {
            guard let folder = opendir("/proc/self/fd") else { return 0 }
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            return count - 3
        }
    }

#endif
