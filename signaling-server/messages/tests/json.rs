//! What the messages look like in JSON, and that any bytes at all are either one of them or refused.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use chinwag_signaling_messages::{
    ClientMessage, ErrorCode, ID_BYTES, IceServer, ROOM_BYTES_MAX, ServerMessage, VERSION,
};
use chinwag_signaling_messages::{is_id, is_room};
use proptest::prelude::*;

const ID: &str = "00112233445566778899aabbccddeeff";

/// Reads `json` as a message of a member's, compares, and writes it again.
fn check_client(json: &str, message: &ClientMessage) {
    assert_eq!(&serde_json::from_str::<ClientMessage>(json).unwrap(), message);
    assert_eq!(serde_json::to_string(message).unwrap(), json);
}

/// Reads `json` as a message of the server's, compares, and writes it again.
fn check_server(json: &str, message: &ServerMessage) {
    assert_eq!(&serde_json::from_str::<ServerMessage>(json).unwrap(), message);
    assert_eq!(serde_json::to_string(message).unwrap(), json);
}

#[test]
fn client_messages_have_their_documented_form() {
    check_client(
        &format!(r#"{{"type":"join","version":1,"room":"lobby","id":"{ID}"}}"#),
        &ClientMessage::Join { version: VERSION, room: "lobby".into(), id: ID.into() },
    );
    check_client(
        &format!(r#"{{"type":"signal","to":"{ID}","data":"AA=="}}"#),
        &ClientMessage::Signal { to: ID.into(), data: "AA==".into() },
    );
    check_client(r#"{"type":"linked","links":3}"#, &ClientMessage::Linked { links: 3 });
    check_client(r#"{"type":"peers"}"#, &ClientMessage::Peers);
}

#[test]
fn server_messages_have_their_documented_form() {
    let stun = IceServer { urls: vec!["stun:stun.example.org".into()], username: None, credential: None };
    check_server(
        &format!(r#"{{"type":"welcome","version":1,"members":["{ID}"],"ice":[{{"urls":["stun:stun.example.org"]}}]}}"#),
        &ServerMessage::Welcome { version: VERSION, members: vec![ID.into()], ice: vec![stun] },
    );
    check_server(
        &format!(r#"{{"type":"signal","from":"{ID}","data":"AA=="}}"#),
        &ServerMessage::Signal { from: ID.into(), data: "AA==".into() },
    );
    check_server(&format!(r#"{{"type":"unknown","to":"{ID}"}}"#), &ServerMessage::Unknown { to: ID.into() });
    check_server(r#"{"type":"peers","members":[]}"#, &ServerMessage::Peers { members: vec![] });
    check_server(r#"{"type":"release"}"#, &ServerMessage::Release);
    check_server(
        r#"{"type":"error","code":"going-away","message":"Try again."}"#,
        &ServerMessage::Error { code: ErrorCode::GoingAway, message: "Try again.".into() },
    );
}

#[test]
fn a_code_is_named_as_in_json() {
    let all = [
        ErrorCode::BadMessage,
        ErrorCode::Version,
        ErrorCode::NotNow,
        ErrorCode::TooLarge,
        ErrorCode::Timeout,
        ErrorCode::TooFast,
        ErrorCode::TooSlow,
        ErrorCode::Full,
        ErrorCode::Replaced,
        ErrorCode::GoingAway,
        ErrorCode::Origin,
        ErrorCode::NotFound,
    ];
    for code in all {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[test]
fn a_message_that_is_none_of_ours_is_refused() {
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"type":"shout"}"#,
        r#"{"type":"linked"}"#,
        r#"{"type":"linked","links":-1}"#,
        r#"{"type":"linked","links":4294967296}"#,
        r#"{"type":"linked","links":1,"more":2}"#,
        r#"{"type":"join","version":1,"room":"lobby"}"#,
        r#"{"type":"peers"} {"type":"peers"}"#,
    ] {
        assert!(serde_json::from_str::<ClientMessage>(json).is_err(), "{json} was taken");
    }
}

#[test]
fn ids_are_32_lower_case_hexadecimal_digits() {
    assert!(is_id(ID));
    for wrong in [&ID[1..], &format!("{ID}0"), &ID.to_uppercase(), &"é".repeat(ID_BYTES / 2), &"g".repeat(ID_BYTES)] {
        assert!(!is_id(wrong), "{wrong} was taken");
    }
}

#[test]
fn room_names_have_1_to_256_bytes() {
    assert!(is_room("x"));
    assert!(is_room(&"x".repeat(ROOM_BYTES_MAX)));
    assert!(!is_room(""));
    assert!(!is_room(&"é".repeat(ROOM_BYTES_MAX / 2 + 1)));
}

proptest! {
    #[test]
    fn any_text_is_a_message_or_an_error(text in ".{0,200}", cut in 0_usize..120) {
        let _ = serde_json::from_str::<ClientMessage>(&text);
        let join = format!(r#"{{"type":"join","version":1,"room":"{}","id":"{ID}"}}"#, text.escape_default());
        let _ = serde_json::from_str::<ClientMessage>(join.get(..cut).unwrap_or(&join));
    }

    #[test]
    fn a_signal_survives_the_way_there(data in ".{0,200}") {
        let message = ClientMessage::Signal { to: ID.into(), data };
        let json = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(serde_json::from_str::<ClientMessage>(&json).unwrap(), message);
    }
}
