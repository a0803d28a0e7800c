//! Base64 (RFC 4648, section 4) by the browser's own functions, which speak in strings with a character for each byte.

use alloc::{string::String, vec::Vec};

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    fn btoa(bytes: &str) -> String;
    #[wasm_bindgen(catch)]
    fn atob(base64: &str) -> Result<String, JsValue>;
}

/// The base64 of some bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let characters: String = bytes.iter().copied().map(char::from).collect();
    btoa(&characters)
}

/// The bytes of some base64; `None` if it is none.
pub(crate) fn decode(base64: &str) -> Option<Vec<u8>> {
    atob(base64).ok()?.chars().map(|character| u8::try_from(character).ok()).collect()
}

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{decode, encode};

    #[wasm_bindgen_test]
    fn every_byte_comes_out_as_it_went_in() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(b"\x00\xff\x10"), "AP8Q");
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
        assert_eq!(decode(""), Some(Vec::new()));
    }

    #[wasm_bindgen_test]
    fn what_is_no_base64_is_none() {
        for text in ["=", "A", "AAA*", "\u{1f408}", "{}"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
