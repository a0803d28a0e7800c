//! Hosts in one page, over real data channels. The signaling server is in the page, too (`page.js`).
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

mod page;

use page::{Peer, attached, code, js, links_told, same, server_says, set_down, settled};

wasm_bindgen_test_configure!(run_in_browser);

// Places in the lists of `settings.rs`.
const MESSAGE_BYTES_MAX: usize = 14;
const PRESENCE_BYTES_MAX: usize = 18;
const LINKS: usize = 2;
const FRAMES_OUT: usize = 7;
const MESSAGES_IN: usize = 10;
const MESSAGES_OUT: usize = 11;
const CONNECTIONS_MADE: usize = 19;
const SENDS_WAITING: usize = 24;

#[wasm_bindgen_test]
async fn two_members_see_each_other_and_each_others_presence() {
    let alone = Peer::joined("presence", 1, 0).await;
    alone.host.set_presence(&js("{name: 'a', at: new Uint8Array([1, 2])}")).unwrap();
    let other = Peer::joined("presence", 2, 1).await;
    alone.until("others", 1).await;
    let seen = js("(id, json) => [id, json]");
    let detail = |id: String, json: &str| {
        js_sys::Function::from(seen.clone()).call2(&JsValue::NULL, &id.into(), &json.into()).unwrap()
    };
    other.until("presence", detail(alone.host.id(), r#"{"name":"a","at":{"0":1,"1":2}}"#)).await;
    other.host.set_presence(&js("['b', null]")).unwrap();
    alone.until("presence", detail(other.host.id(), r#"["b",null]"#)).await;
    assert_eq!(alone.stat(CONNECTIONS_MADE), 1.0);
    alone.leave().await;
    other.leave().await;
}

#[wasm_bindgen_test]
async fn a_megabyte_arrives_whole_and_equal() {
    let (a, b) = (Peer::joined("megabyte", 1, 0).await, Peer::joined("megabyte", 2, 1).await);
    a.until("others", 1).await;
    let big = js("{bytes: Uint8Array.from({length: 1 << 20}, (_, at) => at * at >> 3), name: 'ünï\u{1f408}'}");
    a.send("big", None, &big).await.unwrap();
    b.until("messages", 1).await;
    assert!(same(&b.message(0, "data"), &big));
    assert_eq!(b.message(0, "from"), JsValue::from(a.host.id()));
    assert_eq!(b.message(0, "channel"), JsValue::from("big"));
    assert_eq!(b.message(0, "direct"), JsValue::FALSE);
    a.leave().await;
    b.leave().await;
}

#[wasm_bindgen_test]
async fn messages_keep_their_order_when_the_links_are_behind() {
    let (a, b) = (Peer::joined("order", 1, 0).await, Peer::joined("order", 2, 1).await);
    a.until("others", 1).await;
    let sends: Vec<_> = (0..24_u32)
        .map(|number| {
            let value = js_sys::Array::of2(&number.into(), &Uint8Array::new_with_length(300_000));
            a.host.send("order".to_owned(), None, &value).unwrap()
        })
        .collect();
    assert!(a.stat(SENDS_WAITING) > 0.0, "7 MB are more than a link takes at once");
    for sent in sends {
        settled(&sent).await.unwrap();
    }
    b.until("messages", 24).await;
    for number in 0..24_u32 {
        let data = js_sys::Array::from(&b.message(number, "data"));
        assert_eq!(data.get(0), JsValue::from(number));
    }
    assert_eq!(a.stat(SENDS_WAITING), 0.0);
    a.leave().await;
    b.leave().await;
}

/// Frames that carried messages to all, and to one.
fn posts(peer: &Peer) -> f64 {
    const POST: usize = 31 + 2 * 6;
    const DIRECT: usize = 31 + 2 * 27;
    peer.stat(POST) + peer.stat(DIRECT)
}

#[wasm_bindgen_test]
async fn what_is_said_in_one_turn_of_the_event_loop_goes_together_and_arrives_one_by_one() {
    let (a, b) = (Peer::joined("turn", 1, 0).await, Peer::joined("turn", 2, 1).await);
    a.until("others", 1).await;
    for to in [None, Some(&b)] {
        let (posts_before, before) = (posts(&a), b.messages());
        for number in 0..300 {
            let value = js_sys::Array::of2(&number.into(), &Uint8Array::new_with_length(40));
            let taken = a.host.send("turn".to_owned(), to.map(|to| to.host.id()), &value).unwrap();
            assert!(taken.is_undefined(), "nobody waits for a link that is not behind");
        }
        b.until("messages", before + 300).await;
        assert!(posts(&a) - posts_before < 50.0, "{} posts", posts(&a) - posts_before);
        for number in 0..300 {
            let data = js_sys::Array::from(&b.message(before + number, "data"));
            assert_eq!(data.get(0), JsValue::from(number));
        }
    }
    assert_eq!((a.stat(MESSAGES_OUT), b.stat(MESSAGES_IN)), (600.0, 600.0));
    let names: std::collections::HashSet<_> = (0..600).map(|at| b.message(at, "id").as_string().unwrap()).collect();
    assert_eq!(names.len(), 600, "no name is used twice");
    a.leave().await;
    b.leave().await;
}

#[wasm_bindgen_test]
async fn the_first_of_a_turn_goes_at_once_and_what_waits_for_its_end_does_so_in_vain_for_nothing() {
    let (a, b) = (Peer::joined("first", 1, 0).await, Peer::joined("first", 2, 1).await);
    a.until("others", 1).await;
    let mut said = 0;
    loop {
        let before = posts(&a);
        a.host.send("first".to_owned(), None, &1.into()).unwrap();
        let sent_ms = js_sys::Date::now();
        assert_eq!(posts(&a) - before, 1.0, "it waits for nothing");
        a.host.send("first".to_owned(), None, &2.into()).unwrap();
        let follows = js_sys::Date::now() == sent_ms;
        if follows {
            assert_eq!(posts(&a) - before, 1.0, "others may join it");
        }
        // For another reader: the one before it waits for nobody any more.
        a.host.send("first".to_owned(), Some(b.host.id()), &3.into()).unwrap();
        if follows {
            assert_eq!(posts(&a) - before, 2.0);
        }
        said += 3;
        b.until("messages", said).await;
        // A millisecond may end between any two of them, and then the next goes at once, too.
        if follows {
            break;
        }
    }
    let heard = (0..said).map(|at| b.message(at, "data").as_f64().unwrap());
    assert!(heard.eq([1.0, 2.0, 3.0].into_iter().cycle().take(said as usize)));
    a.leave().await;
    b.leave().await;
}

#[wasm_bindgen_test]
async fn what_waits_for_the_end_of_the_turn_is_said_before_the_goodbye() {
    let (a, b) = (Peer::joined("last words", 1, 0).await, Peer::joined("last words", 2, 1).await);
    a.until("others", 1).await;
    let id = a.host.id();
    for number in 0..3 {
        a.host.send("last".to_owned(), None, &number.into()).unwrap();
    }
    a.leave().await;
    b.until("told", format!("left {id}")).await;
    assert_eq!(b.messages(), 3);
    b.leave().await;
}

#[wasm_bindgen_test]
async fn a_direct_message_reaches_its_addressee_alone() {
    let a = Peer::joined("direct", 1, 0).await;
    let b = Peer::joined("direct", 2, 1).await;
    let c = Peer::joined("direct", 3, 2).await;
    a.until("others", 2).await;
    a.send("d", Some(&b), &"for b".into()).await.unwrap();
    a.send("d", None, &"for all".into()).await.unwrap();
    b.until("messages", 2).await;
    c.until("messages", 1).await;
    assert_eq!(b.message(0, "direct"), JsValue::TRUE);
    assert_eq!(c.message(0, "data"), JsValue::from("for all"));
    for peer in [a, b, c] {
        peer.leave().await;
    }
}

#[wasm_bindgen_test]
async fn a_goodbye_arrives_and_is_no_failure() {
    let (a, b) = (Peer::joined("leave", 1, 0).await, Peer::joined("leave", 2, 1).await);
    a.until("others", 1).await;
    let id = a.host.id();
    // A megabyte before it: the goodbye waits its turn.
    a.send("last", None, &Uint8Array::new_with_length(1 << 20)).await.unwrap();
    a.leave().await;
    b.until("told", format!("left {id}")).await;
    b.until("messages", 1).await;
    assert!(!b.told().contains("failed"), "{}", b.told());
    b.leave().await;
}

#[wasm_bindgen_test]
async fn after_leaving_every_command_is_refused() {
    let a = Peer::joined("refused", 1, 0).await;
    wasm_bindgen_futures::JsFuture::from(a.host.leave()).await.unwrap();
    assert_eq!(code(&a.host.set_presence(&JsValue::NULL).unwrap_err()), "left");
    assert_eq!(code(&a.send("x", None, &JsValue::NULL).await.unwrap_err()), "left");
    assert_eq!(attached("refused"), 0);
}

#[wasm_bindgen_test]
async fn what_cannot_be_sent_is_refused_before_anything_is_sent() {
    let mut config = [f64::NAN; 22];
    (config[MESSAGE_BYTES_MAX], config[PRESENCE_BYTES_MAX]) = (1_000.0, 100.0);
    let a = Peer::with("bad", 1, &["ws://in.page/"], &config);
    a.host.start(false);
    for value in ["undefined", "() => 1", "Symbol()", "10n", "NaN", "-Infinity", "JSON.parse('{\"__proto__\": 1}')"] {
        let refused = a.send("x", None, &js(&format!("[{value}]"))).await.unwrap_err();
        assert_eq!(code(&refused), "bad-argument", "{value}");
    }
    let deep = |levels: usize| js(&("[".repeat(levels) + &"]".repeat(levels)));
    assert_eq!(code(&a.host.set_presence(&deep(65)).unwrap_err()), "bad-argument");
    assert_eq!(code(&a.host.set_presence(&js("(o => (o.o = o, o))({})")).unwrap_err()), "bad-argument");
    a.host.set_presence(&deep(64)).unwrap();
    let large = Uint8Array::new_with_length(998);
    assert_eq!(code(&a.send("x", None, &large).await.unwrap_err()), "message-too-large");
    assert_eq!(code(&a.host.set_presence(&large).unwrap_err()), "presence-too-large");
    assert_eq!(code(&a.send("", None, &JsValue::NULL).await.unwrap_err()), "channel-name");
    let nobody = a.host.send("x".to_owned(), Some("0".repeat(32)), &JsValue::NULL).unwrap_err();
    assert_eq!(code(&nobody), "unknown-member");
    assert_eq!(a.stat(FRAMES_OUT), 0.0);
    a.leave().await;
}

#[wasm_bindgen_test]
async fn a_dead_server_is_unreachable_and_the_room_goes_on() {
    let (a, b) = (Peer::joined("dead", 1, 0).await, Peer::joined("dead", 2, 1).await);
    a.until("others", 1).await;
    set_down(true);
    a.until("state", "unreachable").await;
    a.send("x", None, &"still here".into()).await.unwrap();
    b.until("messages", 1).await;
    set_down(false);
    a.host.wake();
    a.until("state", "attached").await;
    let c = Peer::joined("dead", 3, 2).await;
    for peer in [a, b, c] {
        peer.leave().await;
    }
}

#[wasm_bindgen_test]
async fn the_second_url_is_tried_when_the_first_is_none() {
    let a = Peer::with("second", 1, &["http://not.a.socket", "ws://in.page/"], &[]);
    a.host.start(false);
    a.until("state", "attached").await;
    a.leave().await;
}

#[wasm_bindgen_test]
async fn what_the_server_says_amiss_changes_nothing() {
    let a = Peer::joined("amiss", 1, 0).await;
    let (envelope, huge) = (r#"{"type":"signal","from":"x","data":"AAEC"}"#, "x".repeat(70_000));
    for text in ["{", "null", r#"{"type":"welcome","version":1,"members":["x"],"ice":[]}"#, envelope, &huge] {
        server_says("amiss", text);
    }
    server_says("amiss", r#"{"type":"signal","from":"x","data":"not base64"}"#);
    let b = Peer::joined("amiss", 2, 1).await;
    a.until("others", 1).await;
    a.leave().await;
    b.leave().await;
}

#[wasm_bindgen_test]
async fn who_is_released_stays_away_and_who_is_turned_away_tells_why() {
    let a = Peer::joined("released", 1, 0).await;
    server_says("released", r#"{"type":"release"}"#);
    a.until("state", "detached").await;
    assert_eq!(attached("released"), 0);
    a.leave().await;
    let b = Peer::joined("turned-away", 2, 0).await;
    server_says("turned-away", r#"{"type":"error","code":"replaced","message":"a newer tab is you"}"#);
    b.until("told", "trouble protocol: a newer tab is you").await;
    b.leave().await;
}

#[wasm_bindgen_test]
async fn the_server_hears_of_links() {
    let a = Peer::joined("links", 1, 0).await;
    let b = Peer::joined("links", 2, 1).await;
    a.until("others", 1).await;
    // It was told before the sink was.
    assert_eq!(links_told("links", &a.host.id()), 1);
    a.leave().await;
    b.leave().await;
}

#[wasm_bindgen_test]
async fn a_link_that_cannot_be_made_is_told_and_leaves_nothing() {
    let a = Peer::joined("no-ice", 1, 0).await;
    let b = Peer::new("no-ice", 2);
    b.use_ice(&js("() => [{urls: 'nonsense'}]"));
    b.host.start(false);
    b.until("told", "no connection").await;
    assert_eq!(b.stat(CONNECTIONS_MADE), 0.0);
    assert_eq!(b.stat(LINKS), 0.0);
    b.leave().await;
    a.leave().await;
}

#[wasm_bindgen_test]
async fn a_member_that_answers_and_is_not_reached_is_told_by_name_to_both() {
    let timeout_ms = 500.0;
    let config = [f64::NAN, f64::NAN, timeout_ms];
    let (a, b) = (Peer::out_of_reach("nat", 1, &config), Peer::out_of_reach("nat", 2, &config));
    a.host.start(false);
    a.until("ready", JsValue::UNDEFINED).await;
    b.host.start(false);
    let told = |other: &Peer| format!("trouble unlinked: {}", other.host.id());
    a.until("told", told(&b)).await;
    b.until("told", told(&a)).await;
    assert_eq!(a.stat(LINKS), 0.0);
    a.leave().await;
    b.leave().await;
}
