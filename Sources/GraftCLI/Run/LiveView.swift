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

    /// Milliseconds between two looks, and for one answer.
    static let interval = 500
    static let patience = 250

    /// A view of this child.
    init(process: pid_t, output: Output) {
        self.process = process
        screen = Screen(output: output)
    }

    /// Looks once.
    func look() {
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

    /// Why nothing was ever shown; nil when something was.
    var problem: Refusal? { last == nil ? failure : nil }
}
