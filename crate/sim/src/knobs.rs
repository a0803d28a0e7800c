//! The core's knobs by name, for `--config KEY=VALUE`.

use chinwag_core::Config;

/// Why a knob could not be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadKnob {
    /// Not of the form `KEY=VALUE`.
    Form(String),
    /// There is no such knob.
    Name(String),
    /// The value is not of the knob's type.
    Value {
        /// The knob.
        name: String,
        /// What was given.
        value: String,
    },
}

impl std::fmt::Display for BadKnob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form(text) => write!(f, "`{text}` is not KEY=VALUE"),
            Self::Name(name) => write!(f, "there is no knob `{name}`; there are: {}", NAMES.join(", ")),
            Self::Value { name, value } => write!(f, "`{value}` is no value for `{name}`"),
        }
    }
}

impl std::error::Error for BadKnob {}

macro_rules! knobs {
    ($($field:ident)*) => {
        /// All knobs.
        pub const NAMES: &[&str] = &[$(stringify!($field)),*];

        fn set(config: &mut Config, name: &str, value: &str) -> Result<(), BadKnob> {
            match name {
                $(stringify!($field) => {
                    let bad = |_| BadKnob::Value { name: name.to_owned(), value: value.to_owned() };
                    config.$field = value.parse().map_err(bad)?;
                })*
                _ => return Err(BadKnob::Name(name.to_owned())),
            }
            Ok(())
        }
    };
}

knobs! {
    small_room_max links_wanted links_max dial_timeout_ms answer_timeout_ms alone_after_ms dial_patience_ms
    knock_timeout_ms evictions_per_minute dial_backoff_ms dial_backoff_max_ms probe_interval_ms
    silence_ms silence_hidden_ms suspicion_ms patrol_ms lateness_ms tombstone_ms members_max
    tombstones_max frame_bytes_max message_bytes_max reassembly_bytes_max reassembly_total_bytes_max
    reassembly_timeout_ms presence_bytes_max channel_name_bytes_max presence_interval_ms order_patience_ms
    ihave_interval_ms graft_patience_ms graft_retry_ms cache_bytes_max cache_age_ms outbox_bytes_max hops_max strategy
    rumor_fanout rumor_useless_max round_ms entry_bytes_max owner_entries_max owner_bytes_max state_entries_max
    state_bytes_max log_entries_max delete_life_ms stamp_ahead_ms sync_bytes_max greeters_min
}

/// Sets one knob from `KEY=VALUE`.
///
/// # Errors
/// When there is no such knob, or its value is no such value. Nothing has changed then.
pub fn apply(config: &mut Config, assignment: &str) -> Result<(), BadKnob> {
    let (name, value) = assignment.split_once('=').ok_or_else(|| BadKnob::Form(assignment.to_owned()))?;
    set(config, name.trim(), value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_configuration_is_a_knob() {
        let debug = format!("{:#?}", Config::default());
        let fields: Vec<&str> = debug
            .lines()
            .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
            .filter_map(|line| line.trim().split_once(':'))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(fields, NAMES);
    }

    #[test]
    fn a_knob_is_set_by_its_name() {
        let mut config = Config::default();
        apply(&mut config, "silence_ms = 1234").unwrap();
        assert_eq!(config.silence_ms, 1_234);
    }

    #[test]
    fn what_is_no_knob_or_no_value_is_refused_and_changes_nothing() {
        let mut config = Config::default();
        let before = format!("{config:?}");
        assert_eq!(apply(&mut config, "silence_ms"), Err(BadKnob::Form("silence_ms".into())));
        assert_eq!(apply(&mut config, "silence=1"), Err(BadKnob::Name("silence".into())));
        let value = BadKnob::Value { name: "silence_ms".into(), value: "-1".into() };
        assert_eq!(apply(&mut config, "silence_ms=-1"), Err(value));
        assert_eq!(format!("{config:?}"), before);
    }
}
