// LiveView.swift: what `graft run --live` shows while the program runs.
//
// Owns the looks at the child's agent. A look never delays the supervisor for longer than `patience`, and a child that
// does not answer (yet) is shown nothing of. Neighbours: Supervisor.swift calls `look`, Screen.swift draws.

internal import Glibc
import GraftConfig

/// Shows a child's state on standard error.
final class LiveView {
    private let process: pid_t
    private let screen: Screen
    private var control: ProcessControl?
    private var last: StatusView?
    private var failure: Refusal?
    private var looks = 0

    /// Milliseconds between two looks, and for one answer.
    static let interval = 500
    static let patience = 250
    /// Looks after which a child that has shown nothing has something to explain: before that, it may be starting.
    private static let startingLooks = 3

    /// A view of this child.
    init(process: pid_t, output: Output) {
        self.process = process
        screen = Screen(output: output)
    }

    /// Looks once.
    func look() {
        looks += 1
        do throws(Refusal) {
            let control = try connection()
            let view = StatusView(try control.status(patience: Self.patience))
            screen.show(view, since: last)
            last = view
            failure = nil
        } catch {
            failure = error
        }
    }

    /// The way to the child, found once.
    private func connection() throws(Refusal) -> ProcessControl {
        if let control { return control }
        let found = try ProcessControl(process: process)
        control = found
        return found
    }

    /// Others have written to the terminal.
    func restart() { screen.restart() }

    /// Why nothing was ever shown; nil when something was, or when there was no time to.
    var problem: Refusal? { last == nil && looks >= Self.startingLooks ? failure : nil }
}
