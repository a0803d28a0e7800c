//! A run as one self-contained page: what came of it in words and figures, and the pictures that one wants to see.

mod chart;
mod overlay;
mod scale;

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    graph,
    history::Sample,
    measure::Watched,
    network::Network,
    quantile::greatest,
    report::{Report, Spread},
    scenario::Outcome,
    theory::Uninformed,
    time::{Micros, SECOND, seconds},
};
use chart::{Area, Bars, Line, Series, Shape};
use scale::round_step;

const STYLE: &str = include_str!("style.css");

/// What is shown of the time before the measured part.
const BEFORE: Micros = 5 * SECOND;

/// Bars of the picture of shares, at most.
const BINS: usize = 14;

/// Kinds of frame that get a colour of their own; the others share one.
const KINDS_SHOWN: usize = 6;

/// The page.
#[must_use]
pub fn page(outcome: &Outcome) -> String {
    let Outcome { report, network, measured_since } = outcome;
    let samples = shown(network.history.samples(), *measured_since);
    let begins = (*measured_since > 0).then_some((seconds(*measured_since), "measured from here"));
    let title = format!("{}, {} members, seed {}", report.scenario, report.nodes, report.seed);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Chinwag simulator" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                main {
                    (figures(report))
                    div class="charts" {
                        (spread(network))
                        (theory(report))
                        (hops(network))
                        (traffic(samples, begins))
                        (knowledge(samples, begins))
                        (degrees(network))
                        (shares(network, report))
                    }
                    (overlay::figure(network))
                }
                footer {
                    "Simulated " (format!("{:.1}", report.simulated_s)) " s in " (format!("{:.1}", report.wall_s)) " s, "
                    (report.events) " events, fingerprint " code { (report.event_hash) } "."
                }
            }
        }
    };
    page.into_string()
}

fn head(report: &Report) -> Markup {
    let held = report.violations.is_empty();
    html! {
        header {
            h1 { (report.scenario) }
            p class="run" { (report.nodes) " members · seed " (report.seed) }
            p class=(if held { "verdict held" } else { "verdict broken" }) {
                @if held { "Everything held" } @else { "Not everything held" }
            }
            @if !held {
                ul class="violations" { @for violation in &report.violations { li { (violation) } } }
            }
        }
    }
}

/// The figures of the report, as tiles.
fn figures(report: &Report) -> Markup {
    let mut tiles: Vec<(&str, String, String)> = Vec::new();
    let with_max = |spread: &Spread| (format!("{:.2} s", spread.p50), format!("at most {:.2} s", spread.max));
    if let Some(broadcast) = &report.broadcast {
        let (median, most) = with_max(&broadcast.last_s);
        tiles.push(("last delivery", median, most));
        let delivered = format!("{:.2} %", 100.0 * broadcast.delivered);
        tiles.push(("delivered", delivered, format!("{} twice", broadcast.duplicates_delivered)));
        let bytes = format!("{:.0} B a member and message", broadcast.bytes_per_delivery);
        tiles.push(("redundancy", format!("{:.3}", broadcast.redundancy), bytes));
    }
    if let Some(join) = &report.join {
        let (median, most) = with_max(&join.known_to_all_s);
        tiles.push(("a newcomer is known", median, most));
        let all = format!("{:.2} s", join.learns_all_s.max);
        tiles.push(("and knows all", all, "from its first link".to_owned()));
    }
    if let Some(crash) = &report.crash {
        if let (Some(to_99), Some(to_all)) = (crash.known_to_99_s, crash.known_to_all_s) {
            tiles.push(("a death is known to all", format!("{to_all:.2} s"), format!("to 99 % after {to_99:.2} s")));
        }
        let suspicions = format!("{} false suspicions", crash.false_suspicions);
        tiles.push(("false deaths", crash.false_deaths.to_string(), suspicions));
    }
    if let Some(heal) = &report.heal {
        let after = |at: Option<f64>| at.map_or("never".to_owned(), |at| format!("{at:.1} s"));
        tiles.push((
            "connected after",
            after(heal.connected_s),
            format!("all right after {}", after(heal.all_alive_s)),
        ));
    }
    let p99 = format!("99 % below {:.0} B/s", report.traffic.bytes_per_node_s_p99);
    tiles.push(("traffic a member", format!("{:.0} B/s", report.traffic.bytes_per_node_s), p99));
    let dials = format!("at most {}, {} dials", report.links.max, report.links.dials_per_node_max);
    tiles.push(("links a member", format!("{:.1}", report.links.mean), dials));
    html! {
        section class="tiles" aria-label="Figures" {
            @for (name, value, more) in &tiles {
                div class="tile" { h2 { (name) } p class="value" { (value) } p class="more" { (more) } }
            }
        }
    }
}

/// What share had heard how long after.
fn spread(network: &Network) -> Markup {
    let measures = &network.measures;
    let messages: Vec<u32> = measures.messages().iter().flat_map(|sent| sent.took_ms.iter().copied()).collect();
    let curves = [
        ("a message arrives", messages, 0),
        ("a newcomer is known", measures.times_ms(Watched::Joining), 1),
        ("a death is known", measures.times_ms(Watched::Death), 2),
    ];
    let series: Vec<Series> = curves
        .into_iter()
        .filter(|(_, times, _)| !times.is_empty())
        .map(|(name, times, colour)| Series { name: name.to_owned(), dashed: false, colour, points: cumulative(times) })
        .collect();
    if series.is_empty() {
        return html! {};
    }
    let line = Line { x: "seconds", y: "% have heard", y_max: Some(100.0), shape: Shape::Steps, begins: None };
    chart::figure("Spread", "The share of members that have heard, by the time since it was said.", &line.draw(&series))
}

fn cumulative(mut times_ms: Vec<u32>) -> Vec<(f64, f64)> {
    times_ms.sort_unstable();
    let all = times_ms.len() as f64;
    let mut points = vec![(0.0, 0.0)];
    for (count, ms) in times_ms.iter().enumerate() {
        let point = (f64::from(*ms) / 1e3, 100.0 * (count + 1) as f64 / all);
        match points.last_mut() {
            Some(last) if last.0 >= point.0 => *last = point,
            _ => points.push(point),
        }
    }
    points
}

/// Who does not know after so many rounds, predicted and seen.
fn theory(report: &Report) -> Markup {
    let Some(theory) = &report.theory else { return html! {} };
    let line = |name: &str, colour, share: &dyn Fn(&Uninformed) -> Option<f64>| Series {
        name: name.to_owned(),
        dashed: colour > 0,
        colour,
        points: theory.uninformed.iter().filter_map(|row| Some((row.round as f64, 100.0 * share(row)?))).collect(),
    };
    let series: Vec<Series> = [
        line("seen", 0, &|row| Some(row.seen)),
        line("predicted", 1, &|row| row.expected),
        line("predicted for a mesh", 2, &|row| row.expected_on_mesh),
    ]
    .into_iter()
    .filter(|series| !series.points.is_empty())
    .collect();
    let plot = Line { x: "rounds", y: "% do not know", y_max: Some(100.0), shape: Shape::Lines, begins: None };
    let caption = format!("Members that a message has not reached after so many rounds of {:.1} s.", theory.round_s);
    chart::figure(&format!("Rounds of {}", theory.strategy), &caption, &plot.draw(&series))
}

fn hops(network: &Network) -> Markup {
    let mut counts: Vec<f64> = Vec::new();
    for sent in network.measures.messages() {
        counts.resize(counts.len().max(sent.hops.len()), 0.0);
        sent.hops.iter().zip(&mut counts).for_each(|(hops, count)| *count += f64::from(*hops));
    }
    if counts.is_empty() {
        return html! {};
    }
    let all: f64 = counts.iter().sum();
    let bars: Vec<(String, f64)> =
        (0_u32..).zip(counts).skip(1).map(|(hops, count)| (hops.to_string(), 100.0 * count / all)).collect();
    chart::figure("Hops", "Links that a message has crossed when it arrives.", &Bars { x: "hops", y: "%" }.draw(&bars))
}

/// The measured part, and a little of what was before.
fn shown(samples: &[Sample], measured_since: Micros) -> &[Sample] {
    let from = samples.partition_point(|sample| sample.at + BEFORE < measured_since);
    &samples[from..]
}

/// The largest kinds of frame, each with a colour; the rest together.
fn traffic(samples: &[Sample], begins: Option<(f64, &'static str)>) -> Markup {
    if samples.is_empty() {
        return html! {};
    }
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, bytes) in samples.iter().flat_map(|sample| &sample.bytes_by_kind) {
        *totals.entry(kind).or_default() += bytes;
    }
    let mut kinds: Vec<(&str, u64)> = totals.into_iter().collect();
    kinds.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let shown: Vec<&str> = kinds.iter().take(KINDS_SHOWN).map(|(kind, _)| *kind).collect();
    let rate = |sample: &Sample, wanted: &dyn Fn(&str) -> bool| {
        let bytes: u64 = sample.bytes_by_kind.iter().filter(|(kind, _)| wanted(kind)).map(|(_, bytes)| bytes).sum();
        (seconds(sample.at), bytes as f64 / f64::from(sample.living.max(1)))
    };
    let mut series: Vec<Series> = (0..)
        .zip(&shown)
        .map(|(colour, kind)| {
            let points = samples.iter().map(|sample| rate(sample, &|other| other == *kind)).collect();
            Series { name: (*kind).to_owned(), dashed: false, colour, points }
        })
        .collect();
    let rest = samples.iter().map(|sample| rate(sample, &|kind| !shown.contains(&kind))).collect();
    series.push(Series { name: "others".to_owned(), dashed: false, colour: KINDS_SHOWN, points: rest });
    let area = Area { x: "seconds", y: "B/s a member", begins };
    chart::figure("Traffic", "Bytes that a member sends in a second, by kind of frame.", &area.draw(&series))
}

fn knowledge(samples: &[Sample], begins: Option<(f64, &'static str)>) -> Markup {
    if samples.is_empty() {
        return html! {};
    }
    let line = |name: &str, colour, value: &dyn Fn(&Sample) -> f64| Series {
        name: name.to_owned(),
        dashed: false,
        colour,
        points: samples.iter().map(|sample| (seconds(sample.at), value(sample))).collect(),
    };
    let series = [
        line("there are", 6, &|sample| f64::from(sample.living)),
        line("known at most", 2, &|sample| f64::from(sample.known_most)),
        line("known, mean", 0, &|sample| sample.known_mean),
        line("known at least", 1, &|sample| f64::from(sample.known_least)),
    ];
    let plot = Line { x: "seconds", y: "members", y_max: None, shape: Shape::Lines, begins };
    chart::figure("Who knows whom", "Members that there are, and members that a member knows.", &plot.draw(&series))
}

fn degrees(network: &Network) -> Markup {
    let mut counts: Vec<f64> = Vec::new();
    let neighbours = graph::neighbours(network);
    for host in network.living() {
        let degree = neighbours[host as usize].len();
        counts.resize(counts.len().max(degree + 1), 0.0);
        counts[degree] += 1.0;
    }
    // From one below the least, so that one sees that nobody is there.
    let least = counts.iter().position(|count| *count > 0.0).unwrap_or(0).saturating_sub(1);
    let bars: Vec<(String, f64)> =
        (0_u32..).zip(counts).skip(least).map(|(degree, count)| (degree.to_string(), count)).collect();
    let drawn = Bars { x: "links", y: "members" }.draw(&bars);
    chart::figure("Degrees", "Members with so many links, in the end.", &drawn)
}

/// How evenly the work is shared.
fn shares(network: &Network, report: &Report) -> Markup {
    let rate = |host: u32| network.traffic.by_host()[host as usize].bytes as f64 / report.simulated_s.max(1e-9);
    let rates: Vec<f64> = network.living().map(rate).collect();
    let (least, most) = (rates.iter().copied().fold(f64::INFINITY, f64::min), greatest(&rates));
    let width = round_step(((most - least) / BINS as f64).max(most / 100.0).max(1e-9));
    let first = (least / width).floor().max(0.0);
    let mut counts = vec![0.0; ((most / width).floor() - first).max(0.0) as usize + 1];
    for rate in &rates {
        counts[((rate / width).floor() - first) as usize] += 1.0;
    }
    let bars: Vec<(String, f64)> =
        (1_u32..).zip(counts).map(|(n, count)| (format!("{:.0}", (first + f64::from(n)) * width), count)).collect();
    let drawn = Bars { x: "B/s, below", y: "members" }.draw(&bars);
    chart::figure("Shares", "Members that send so many bytes a second, in the measured part.", &drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{self, Options, Scenario};
    use crate::time::MS;

    fn outcome(scenario: Scenario) -> Outcome {
        let options = Options { scenario, nodes: 6, duration: 10 * SECOND, ..Options::default() };
        scenario::run(&options, |_| {})
    }

    #[test]
    fn a_page_needs_nothing_but_itself() {
        let page = page(&outcome(Scenario::Broadcast { bytes: 50, interval: 500 * MS }));
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        for part in ["Spread", "Hops", "Traffic", "Who knows whom", "Degrees", "Overlay"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn what_went_wrong_stands_at_the_top_and_is_only_text() {
        let mut outcome = outcome(Scenario::Calm);
        assert!(page(&outcome).contains("Everything held"));
        outcome.report.violations.push("<script>alert(1)</script>".to_owned());
        let page = page(&outcome);
        assert!(page.contains("Not everything held") && page.contains("&lt;script&gt;") && !page.contains("<script>"));
    }

    #[test]
    fn the_warm_up_is_not_shown_but_for_its_end() {
        let samples: Vec<Sample> = (1..=60).map(|at| Sample { at: at * SECOND, ..Sample::default() }).collect();
        assert_eq!(shown(&samples, 40 * SECOND).first().map(|sample| sample.at), Some(35 * SECOND));
        assert_eq!(shown(&samples, 0).len(), 60);
    }

    #[test]
    fn a_curve_rises_to_a_hundred() {
        let curve = cumulative(vec![200, 100, 100, 50]);
        assert_eq!(curve, [(0.0, 0.0), (0.05, 25.0), (0.1, 75.0), (0.2, 100.0)]);
    }
}
