import Glibc

/// What libFuzzer calls with every input it tries; it brings the `main` of this program.
/// https://llvm.org/docs/LibFuzzer.html
@_cdecl("LLVMFuzzerTestOneInput")
func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        print("\(chosen.name): \(error)")
        fflush(nil)
        abort()
    }
    return 0
}

/// The check named by the option --check. libFuzzer passes over options with two dashes.
private let chosen: Check = {
    let option = "--check="
    let name = CommandLine.arguments.first { $0.hasPrefix(option) }?.dropFirst(option.count)
    guard let check = Check.all.first(where: { $0.name == name ?? "" }) else {
        print("name one of the checks: \(Check.all.map { option + $0.name }.joined(separator: " "))")
        exit(2)
    }
    return check
}()
