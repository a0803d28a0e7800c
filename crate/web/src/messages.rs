//! The messages of the signaling server as JavaScript objects.
//!
//! The types are those that the server uses, too; a test holds this against their own serde. That is not used here
//! because it would make the package 25 KB larger.

use alloc::{string::String, vec::Vec};

use chinwag_signaling_messages::{ClientMessage, ErrorCode, ServerMessage};
use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The JSON of a message of ours.
pub(crate) fn encode(message: &ClientMessage) -> String {
    let object = Object::new();
    let put = |key: &str, value: JsValue| crate::set(&object, key, &value);
    match message {
        ClientMessage::Join { version, room, id } => {
            put("type", "join".into());
            put("version", (*version).into());
            put("room", room.into());
            put("id", id.into());
        }
        ClientMessage::Signal { to, data } => {
            put("type", "signal".into());
            put("to", to.into());
            put("data", data.into());
        }
        ClientMessage::Linked { links } => {
            put("type", "linked".into());
            put("links", (*links).into());
        }
        ClientMessage::Peers => put("type", "peers".into()),
    }
    // Strings and numbers always have a JSON.
    JSON::stringify(&object).ok().and_then(|json| json.as_string()).unwrap_or_default()
}

/// A message of the server, and the ICE servers of a welcome as they came: the browser judges them. The list in the
/// message itself is left empty. `None` for what is no message.
pub(crate) fn decode(json: &str) -> Option<(ServerMessage, JsValue)> {
    let object = JSON::parse(json).ok()?;
    let get = |key: &str| Reflect::get(&object, &key.into()).ok();
    let text = |key: &str| get(key)?.as_string();
    let mut ice_servers = JsValue::UNDEFINED;
    let message = match text("type")?.as_str() {
        "welcome" => {
            ice_servers = get("ice")?.dyn_into::<Array>().ok()?.into();
            let version = get("version")?.as_f64()? as u32;
            ServerMessage::Welcome { version, members: texts(get("members")?)?, ice: Vec::new() }
        }
        "peers" => ServerMessage::Peers { members: texts(get("members")?)? },
        "signal" => ServerMessage::Signal { from: text("from")?, data: text("data")? },
        "unknown" => ServerMessage::Unknown { to: text("to")? },
        "release" => ServerMessage::Release,
        "error" => ServerMessage::Error { code: error_code(&text("code")?), message: text("message")? },
        _ => return None,
    };
    Some((message, ice_servers))
}

fn texts(list: JsValue) -> Option<Vec<String>> {
    let list = list.dyn_into::<Array>().ok()?;
    (0..list.length()).map(|at| list.get(at).as_string()).collect()
}

/// A server may have codes that this page does not know: they mean that it turns us away, as all the others.
fn error_code(name: &str) -> ErrorCode {
    match name {
        "replaced" => ErrorCode::Replaced,
        "version" => ErrorCode::Version,
        _ => ErrorCode::BadMessage,
    }
}

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests {
    use chinwag_signaling_messages::{ClientMessage, ErrorCode, IceServer, ServerMessage};
    use js_sys::{Array, JSON};
    use serde::Serialize;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{decode, encode};

    /// The JSON that the messages' own serde makes.
    fn json_of(message: &impl Serialize) -> String {
        let object = message.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap();
        JSON::stringify(&object).unwrap().into()
    }

    #[wasm_bindgen_test]
    fn what_we_send_is_what_the_messages_own_serde_reads() {
        let (to, data) = ("ab".repeat(16), "AAEC\"/+==".to_owned());
        for message in [
            ClientMessage::Join { version: 1, room: "a \"room\" \u{1f408}".to_owned(), id: to.clone() },
            ClientMessage::Signal { to, data },
            ClientMessage::Linked { links: 7 },
            ClientMessage::Peers,
        ] {
            let object = JSON::parse(&encode(&message)).unwrap();
            assert_eq!(serde_wasm_bindgen::from_value::<ClientMessage>(object).unwrap(), message);
        }
    }

    #[wasm_bindgen_test]
    fn what_the_messages_own_serde_writes_is_what_we_read() {
        let id = || "cd".repeat(16);
        for message in [
            ServerMessage::Welcome { version: 1, members: vec![id(), id()], ice: Vec::new() },
            ServerMessage::Peers { members: Vec::new() },
            ServerMessage::Signal { from: id(), data: "AAEC".to_owned() },
            ServerMessage::Unknown { to: id() },
            ServerMessage::Release,
            ServerMessage::Error { code: ErrorCode::Replaced, message: "so".to_owned() },
            ServerMessage::Error { code: ErrorCode::Version, message: String::new() },
        ] {
            assert_eq!(decode(&json_of(&message)).unwrap().0, message);
        }
    }

    #[wasm_bindgen_test]
    fn the_ice_servers_of_a_welcome_come_as_the_browser_takes_them() {
        let server = IceServer {
            urls: vec!["turn:turn.example".to_owned()],
            username: Some("u".to_owned()),
            credential: Some("c".to_owned()),
        };
        let welcome = ServerMessage::Welcome { version: 1, members: Vec::new(), ice: vec![server.clone()] };
        let (_, ice_servers) = decode(&json_of(&welcome)).unwrap();
        assert_eq!(Array::from(&ice_servers).length(), 1);
        let read: Vec<IceServer> = serde_wasm_bindgen::from_value(ice_servers).unwrap();
        assert_eq!(read, [server]);
    }

    #[wasm_bindgen_test]
    fn an_unknown_error_code_is_an_error_all_the_same() {
        let (message, _) = decode(r#"{"type":"error","code":"of-tomorrow","message":"m"}"#).unwrap();
        assert!(matches!(message, ServerMessage::Error { .. }));
    }

    #[wasm_bindgen_test]
    fn what_is_no_message_is_none() {
        for json in [
            "",
            "{",
            "null",
            "7",
            "[]",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"signal"}"#,
            r#"{"type":"peers","members":"x"}"#,
            r#"{"type":"peers","members":[1]}"#,
            r#"{"type":"welcome","version":1,"members":[]}"#,
            r#"{"type":"welcome","version":"1","members":[],"ice":[]}"#,
            r#"{"type":"constructor"}"#,
        ] {
            assert!(decode(json).is_none(), "{json}");
        }
    }
}
