//! docs/SIGNALING.md says what is so: its examples are read, its tables compared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use chinwag_signaling::Options;
use chinwag_signaling_messages::{ClientMessage, IceServer, ServerMessage};
use clap::CommandFactory;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/SIGNALING.md");

/// The examples whose fence says ```` ```json KIND ````, one a line.
fn examples(kind: &str) -> Vec<&'static str> {
    let mut within = false;
    let mut examples = Vec::new();
    for line in DOCUMENT.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            within = !within && fence == format!("json {kind}");
        } else if within {
            examples.push(line);
        }
    }
    examples
}

/// The cells of every table row that starts with a word in backquotes.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect())
}

fn types(examples: &[&str]) -> BTreeSet<String> {
    examples.iter().map(|json| serde_json::from_str::<Value>(json).unwrap()["type"].as_str().unwrap().into()).collect()
}

#[test]
fn every_example_of_a_client_is_a_message_and_every_message_has_one() {
    let examples = examples("client");
    for json in &examples {
        let message: ClientMessage = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"));
        assert_eq!(&serde_json::to_string(&message).unwrap(), json);
    }
    assert_eq!(types(&examples), ["join", "signal", "linked", "peers"].map(String::from).into());
}

#[test]
fn every_example_of_the_server_is_a_message_and_every_message_has_one() {
    let examples = examples("server");
    for json in &examples {
        let message: ServerMessage = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"));
        assert_eq!(&serde_json::to_string(&message).unwrap(), json);
    }
    let all = ["welcome", "signal", "unknown", "peers", "release", "error"];
    assert_eq!(types(&examples), all.map(String::from).into());
}

#[test]
fn the_answers_over_http_have_their_examples() {
    let health: Value = serde_json::from_str(examples("health")[0]).unwrap();
    let keys: Vec<&str> = health.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["members", "ok", "rooms", "uptime_s", "version"]);
    let ice: Value = serde_json::from_str(examples("ice")[0]).unwrap();
    assert!(serde_json::from_value::<Vec<IceServer>>(ice["ice"].clone()).is_ok());
}

#[test]
fn every_option_is_in_the_table_with_its_variable_and_default_and_no_other() {
    let mut documented: BTreeSet<_> = rows()
        .filter(|row| row[0].starts_with("--"))
        .map(|row| (row[0].to_owned(), row[1].to_owned(), row[2].to_owned()))
        .collect();
    for argument in Options::command().get_arguments() {
        let Some(variable) = argument.get_env() else { continue };
        let default = match argument.get_action().takes_values() {
            true => argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect(),
            false => "false".to_owned(),
        };
        let row = (format!("--{}", argument.get_long().unwrap()), variable.to_string_lossy().into_owned(), default);
        assert!(documented.remove(&row), "{row:?} is not in the table");
    }
    assert_eq!(documented, BTreeSet::new());
}
