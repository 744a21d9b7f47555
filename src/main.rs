//! The `tallystick` program.

/// In a profile of redirects under load a fifth of the time was the system's allocator: a click makes many small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    tallystick::server::run()
}
