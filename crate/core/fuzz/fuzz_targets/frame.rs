//! The decoder answers any bytes, and what it takes encodes to the same bytes.
#![no_main]

use chinwag_core::wire::Frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(&frame.encode()[..], bytes, "{frame}");
    }
});
