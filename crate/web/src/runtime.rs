//! What a finished module has instead of the standard library.
//!
//! A panic in a page is a trap: nobody would read its message. The standard library's handler formats it all the same,
//! and keeps the machinery of formatting, with every file's name, in the package: a tenth of it.

/// The allocator of the standard library for WebAssembly, by itself.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn on_panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
