//! The `tallystick` program.

fn main() -> std::process::ExitCode {
    tallystick::server::run()
}
