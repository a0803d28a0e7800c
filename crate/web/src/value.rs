//! The values that users send: JSON and, anywhere inside, `Uint8Array`; CBOR (RFC 8949) on the wire.
//!
//! The TypeScript face has checked what comes from the user, and names the path of what cannot be sent. Here the
//! same bounds hold once more for what comes from others: nothing in a value from the wire may exhaust the stack,
//! change a prototype, or turn into something that the sender could not have sent.
//!
//! Both directions walk the value themselves. Through serde-wasm-bindgen the package would be 25 KB larger (after
//! brotli), which is a third of all that it may have.

use alloc::vec::Vec;

use js_sys::{Array, Number, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::cbor::{
    ARRAY, BYTES, FALSE, Head, MAP, NEGATIVE, NULL, Reader, SIMPLE, TEXT, TRUE, UNSIGNED, float, head, string,
};

/// Arrays and objects inside each other at most. Each costs some stack, here and in whoever walks the value.
pub(crate) const DEPTH_MAX: u32 = 64;

/// The one key that an object cannot get as its own by assignment: it would change the prototype.
const PROTO: &str = "__proto__";

/// What is no value: on the way out the user's fault, on the way in the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAValue;

/// The CBOR of a value.
pub(crate) fn encode(value: &JsValue) -> Result<Vec<u8>, NotAValue> {
    let mut cbor = Vec::new();
    write(&mut cbor, value, DEPTH_MAX).ok_or(NotAValue)?;
    Ok(cbor)
}

/// The value of some CBOR, which must be one item and nothing behind it.
pub(crate) fn decode(bytes: &[u8]) -> Result<JsValue, NotAValue> {
    let mut reader = Reader::new(bytes);
    read(&mut reader, DEPTH_MAX).filter(|_| reader.left() == 0).ok_or(NotAValue)
}

fn write(to: &mut Vec<u8>, value: &JsValue, depth_left: u32) -> Option<()> {
    if value.is_null() {
        head(to, SIMPLE, NULL);
    } else if let Some(truth) = value.as_bool() {
        head(to, SIMPLE, if truth { TRUE } else { FALSE });
    } else if let Some(number) = value.as_f64() {
        write_number(to, number)?;
    } else if let Some(text) = value.as_string() {
        string(to, TEXT, text.as_bytes());
    } else if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        string(to, BYTES, &bytes.to_vec());
    } else if value.is_object() {
        let depth_left = depth_left.checked_sub(1)?;
        match value.dyn_ref::<Array>() {
            Some(array) => write_array(to, array, depth_left)?,
            None => write_object(to, value.unchecked_ref(), depth_left)?,
        }
    } else {
        return None;
    }
    Some(())
}

/// Integers are written as such: shorter, and the same number for JavaScript.
fn write_number(to: &mut Vec<u8>, number: f64) -> Option<()> {
    let integer = number as i64;
    if integer as f64 != number || number.abs() > Number::MAX_SAFE_INTEGER {
        number.is_finite().then(|| float(to, number))
    } else if integer < 0 {
        // -1 is 0, -2 is 1, and so on (section 3.1): the complement.
        head(to, NEGATIVE, !integer as u64);
        Some(())
    } else {
        head(to, UNSIGNED, integer as u64);
        Some(())
    }
}

fn write_array(to: &mut Vec<u8>, array: &Array, depth_left: u32) -> Option<()> {
    head(to, ARRAY, array.length().into());
    (0..array.length()).try_for_each(|at| write(to, &array.get(at), depth_left))
}

fn write_object(to: &mut Vec<u8>, object: &Object, depth_left: u32) -> Option<()> {
    let entries = Object::entries(object);
    head(to, MAP, entries.length().into());
    (0..entries.length()).try_for_each(|at| {
        let entry: Array = entries.get(at).unchecked_into();
        let key = entry.get(0).as_string().filter(|key| key != PROTO)?;
        string(to, TEXT, key.as_bytes());
        write(to, &entry.get(1), depth_left)
    })
}

/// Reads one item. Lengths are the sender's word: nothing is allotted for them, and the end of the bytes ends every
/// loop.
pub(crate) fn read(from: &mut Reader<'_>, depth_left: u32) -> Option<JsValue> {
    match from.head()? {
        Head::Float(number) => number.is_finite().then(|| number.into()),
        Head::Of(UNSIGNED, number) => integer(number as f64),
        Head::Of(NEGATIVE, number) => integer(-1.0 - number as f64),
        Head::Of(BYTES, length) => from.take(length).map(|bytes| Uint8Array::from(bytes).into()),
        Head::Of(TEXT, length) => from.take(length).and_then(|text| core::str::from_utf8(text).ok()).map(JsValue::from),
        Head::Of(ARRAY, length) => read_array(from, length, depth_left.checked_sub(1)?),
        Head::Of(MAP, length) => read_object(from, length, depth_left.checked_sub(1)?),
        Head::Of(SIMPLE, FALSE) => Some(JsValue::FALSE),
        Head::Of(SIMPLE, TRUE) => Some(JsValue::TRUE),
        Head::Of(SIMPLE, NULL) => Some(JsValue::NULL),
        Head::Of(..) => None,
    }
}

/// An integer, if JavaScript has exactly this one.
fn integer(number: f64) -> Option<JsValue> {
    (number.abs() <= Number::MAX_SAFE_INTEGER).then(|| number.into())
}

fn read_array(from: &mut Reader<'_>, length: u64, depth_left: u32) -> Option<JsValue> {
    let array = Array::new();
    for _ in 0..length {
        array.push(&read(from, depth_left)?);
    }
    Some(array.into())
}

fn read_object(from: &mut Reader<'_>, length: u64, depth_left: u32) -> Option<JsValue> {
    let object = Object::new();
    for _ in 0..length {
        let key = from.text().filter(|key| *key != PROTO)?;
        // A fresh object takes every key.
        let _ = Reflect::set(&object, &key.into(), &read(from, depth_left)?);
    }
    Some(object.into())
}

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests {
    use js_sys::{Object, Reflect, Uint8Array};
    use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{DEPTH_MAX, NotAValue, decode, encode};

    #[wasm_bindgen(inline_js = "export const evaluate = (code) => new Function(`return (${code})`)();
        export const printed = (value) => JSON.stringify(value, (_, it) => it instanceof Uint8Array ? `bytes ${it}` : Object.is(it, -0) ? 0 : it);")]
    extern "C" {
        fn evaluate(code: &str) -> JsValue;
        fn printed(value: &JsValue) -> String;
    }

    #[wasm_bindgen_test]
    fn a_value_comes_out_as_it_went_in() {
        for code in [
            "null",
            "true",
            "false",
            "0",
            "-1",
            "23",
            "24",
            "255",
            "65536",
            "4294967296",
            "-4294967297",
            "9007199254740991",
            "-9007199254740991",
            "9007199254740992",
            "1e300",
            "-0.5",
            "5e-324",
            "''",
            "'\\0'",
            "'ünï\u{1f408}'",
            "[]",
            "({})",
            "[[], [null, [1.5]]]",
            "({a: 1, '': 'empty', 'b c': {d: [true]}, constructor: 1, toString: 2})",
            "new Uint8Array()",
            "new Uint8Array([0, 255])",
            "({deep: [new Uint8Array([1]), {bytes: new Uint8Array([2])}]})",
            "new Uint8Array([9, 1, 2, 9]).subarray(1, 3)",
            "Object.assign(Object.create(null), {bare: 1})",
        ] {
            let value = evaluate(code);
            let back = decode(&encode(&value).unwrap()).unwrap();
            assert_eq!(printed(&back), printed(&value), "{code}");
            assert_eq!(back.is_instance_of::<Uint8Array>(), value.is_instance_of::<Uint8Array>(), "{code}");
        }
    }

    #[wasm_bindgen_test]
    fn what_is_no_value_is_refused() {
        for code in [
            "undefined",
            "() => 1",
            "Symbol()",
            "10n",
            "NaN",
            "Infinity",
            "[undefined]",
            "({f() {}})",
            "JSON.parse('{\"__proto__\": {\"admin\": true}}')",
            "(o => (o.o = o, o))({})",
            "(a => (a.push(a), a))([])",
        ] {
            assert_eq!(encode(&evaluate(code)), Err(NotAValue), "{code}");
        }
    }

    #[wasm_bindgen_test]
    fn depth_is_bounded_both_ways() {
        let nested = |levels: u32| evaluate(&("[".repeat(levels as usize) + &"]".repeat(levels as usize)));
        assert!(decode(&encode(&nested(DEPTH_MAX)).unwrap()).is_ok());
        assert_eq!(encode(&nested(DEPTH_MAX + 1)), Err(NotAValue));
        // Arrays of one, and maps of one with an empty key, without an end.
        assert_eq!(decode(&[0x81; 100_000]), Err(NotAValue));
        assert_eq!(decode(&[0xa1, 0x60].repeat(50_000)), Err(NotAValue));
    }

    #[wasm_bindgen_test]
    fn bytes_that_are_no_value_of_ours_are_refused() {
        for bytes in [
            &[][..],
            &[0x01, 0x01],
            &[0xf7],
            &[0xf9, 0, 0],
            &[0xfa, 0, 0, 0, 0],
            &[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
            &[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
            &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0],
            &[0x3b, 0, 0x20, 0, 0, 0, 0, 0, 0],
            &[0x9f, 0x01, 0xff],
            &[0xbf, 0xff],
            &[0x7f, 0x61, 0x61, 0xff],
            &[0x5f, 0x41, 0, 0xff],
            &[0xc0, 0x01],
            &[0xa1, 0x01, 0x01],
            &[0x61, 0xff],
            &[0x82, 0x01],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xe0],
            &[0xf8, 0xff],
        ] {
            assert_eq!(decode(bytes), Err(NotAValue), "{bytes:x?}");
        }
    }

    #[wasm_bindgen_test]
    fn a_key_from_the_wire_changes_no_prototype() {
        let hostile = b"\xa1\x69__proto__\xa1\x65admin\xf5";
        assert_eq!(decode(hostile), Err(NotAValue));
        let harmless = decode(b"\xa1\x6bconstructor\x01").unwrap();
        assert!(Object::is(&Object::get_prototype_of(&harmless), &Object::get_prototype_of(&Object::new())));
        assert_eq!(Reflect::get(&harmless, &"constructor".into()).unwrap(), JsValue::from(1));
    }

    #[wasm_bindgen_test]
    fn no_bytes_make_it_panic() {
        // A small generator of our own: what matters is that every run is the same.
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..next() % 40).map(|_| next()).collect();
            if let Ok(value) = decode(&bytes) {
                // What is one, can be sent on.
                assert!(encode(&value).is_ok(), "{bytes:x?}");
            }
        }
    }

    #[wasm_bindgen_test]
    fn a_megabyte_of_bytes_is_copied_and_not_walked() {
        let bytes = Uint8Array::new_with_length(1 << 20);
        let started = js_sys::Date::now();
        for _ in 0..20 {
            let back: Uint8Array = decode(&encode(&bytes).unwrap()).unwrap().unchecked_into();
            assert_eq!(back.length(), 1 << 20);
        }
        // 20 MiB there and back: some 20 ms, even here without optimisation; byte by byte it would be seconds.
        assert!(js_sys::Date::now() - started < 1_000.0);
    }
}
