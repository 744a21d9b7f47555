//! The `tallystick` program.

/// A click makes some sixty small allocations: the system's allocator took a quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    tallystick::server::run()
}
