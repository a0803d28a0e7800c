//! What a finished module has instead of the standard library.
//!
//! A panic in a page is a trap: nobody would read its message. The standard library's handler formats it all the same,
//! and keeps the machinery of formatting, with every file's name, in the package: a tenth of it.

/// Half the size of the one in the standard library. It merges what is freed with its neighbours, and grows its one heap.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[panic_handler]
fn on_panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
