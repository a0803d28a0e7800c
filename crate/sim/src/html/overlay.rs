//! The overlay itself: one member in the middle, and around it on rings whoever is one link away, two, three.

use std::f64::consts::TAU;

use maud::{Markup, html};

use crate::{graph, network::Network};

const SIZE: f64 = 900.0;
const MARGIN: f64 = 24.0;

/// Beyond so many members, only the links of the tree are drawn.
const ALL_LINKS_MAX: usize = 3_000;

/// A member's place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    host: u32,
    ring: u32,
    parent: Option<usize>,
    /// The share of the circle that it and those behind it have: from, to.
    sector: (f64, f64),
}

pub(super) fn figure(network: &Network) -> Markup {
    let neighbours = graph::neighbours(network);
    let components = graph::components(network);
    let Some(root) = components.first().and_then(|largest| largest.first()).copied() else { return html! {} };
    let places = rings(root, &neighbours);
    let outside: Vec<u32> = components.iter().skip(1).flatten().copied().collect();
    let rings = places.iter().map(|place| place.ring).max().unwrap_or(0);
    html! {
        figure class="overlay" {
            figcaption {
                h2 { "Overlay" }
                p {
                    "Member " (root) " in the middle, and on each ring whoever is one link further away: "
                    (rings) " links to the outermost. Heavy lines are shortest ways from the middle. Outlined members are "
                    "attached to the signaling server."
                    @if !outside.is_empty() { " " strong { (outside.len()) " members cannot be reached from here." } }
                }
            }
            (draw(network, &neighbours, &places, rings, &outside))
        }
    }
}

fn draw(network: &Network, neighbours: &[Vec<u32>], places: &[Place], rings: u32, outside: &[u32]) -> Markup {
    let mut at = vec![None; neighbours.len()];
    places.iter().for_each(|place| at[place.host as usize] = Some(spot(place, rings)));
    let radius = (105.0 / (places.len() as f64).sqrt()).clamp(2.0, 9.0);
    // Those who stand out are drawn last, or their neighbours would hide it.
    let (greeters, others): (Vec<&Place>, Vec<&Place>) =
        places.iter().partition(|place| network.server().is_attached(place.host));
    let parent = |place: &Place| place.parent.map(|parent| spot(&places[parent], rings));
    html! {
        svg viewBox=(format!("0 0 {SIZE} {SIZE}")) role="img" {
            @for ring in 1..=rings {
                circle class="ring" cx=(SIZE / 2.0) cy=(SIZE / 2.0) r=(ring_radius(ring, rings)) {}
            }
            @if places.len() <= ALL_LINKS_MAX {
                path class="link" d=(all_links(neighbours, &at)) {}
            }
            path class="way" d=(places.iter().filter_map(|place| {
                let ((x1, y1), (x2, y2)) = (parent(place)?, spot(place, rings));
                Some(format!("M{x1} {y1}L{x2} {y2}"))
            }).collect::<String>()) {}
            @for place in others.into_iter().chain(greeters) {
                @let (x, y) = spot(place, rings);
                circle class=(class(network, place)) cx=(x) cy=(y) r=(format!("{radius:.1}")) {
                    title { "member " (place.host) ": " (neighbours[place.host as usize].len()) " links, " (place.ring) " away" }
                }
            }
            @for (number, host) in outside.iter().enumerate() {
                circle class="member lost" cx=(MARGIN + number as f64 * 3.0 * radius) cy=(SIZE - MARGIN / 2.0) r=(radius) {
                    title { "member " (host) ": out of reach" }
                }
            }
        }
    }
}

fn class(network: &Network, place: &Place) -> String {
    let greeter = if network.server().is_attached(place.host) { " greeter" } else { "" };
    format!("member r{}{greeter}", place.ring.min(9))
}

fn all_links(neighbours: &[Vec<u32>], at: &[Option<(f64, f64)>]) -> String {
    let mut drawn = String::new();
    for (host, others) in (0_u32..).zip(neighbours) {
        for other in others.iter().filter(|other| **other > host) {
            if let (Some((x1, y1)), Some((x2, y2))) = (at[host as usize], at[*other as usize]) {
                drawn.push_str(&format!("M{x1} {y1}L{x2} {y2}"));
            }
        }
    }
    drawn
}

/// Everybody who can be reached, nearest first; each has a part of its parent's sector, by how many are behind it.
fn rings(root: u32, neighbours: &[Vec<u32>]) -> Vec<Place> {
    let mut places = vec![Place { host: root, ring: 0, parent: None, sector: (0.0, 1.0) }];
    let mut seen = vec![false; neighbours.len()];
    seen[root as usize] = true;
    let mut next = 0;
    while let Some(place) = places.get(next).copied() {
        for other in &neighbours[place.host as usize] {
            if !std::mem::replace(&mut seen[*other as usize], true) {
                places.push(Place { host: *other, ring: place.ring + 1, parent: Some(next), sector: (0.0, 0.0) });
            }
        }
        next += 1;
    }
    let mut behind = vec![1.0_f64; places.len()];
    for (at, place) in places.iter().enumerate().rev() {
        if let Some(parent) = place.parent {
            behind[parent] += behind[at];
        }
    }
    let mut used = vec![0.0_f64; places.len()];
    for at in 1..places.len() {
        let Some(parent) = places[at].parent else { continue };
        let (from, to) = places[parent].sector;
        let share = (to - from) / (behind[parent] - 1.0).max(1.0);
        let begins = from + used[parent] * share;
        used[parent] += behind[at];
        places[at].sector = (begins, begins + behind[at] * share);
    }
    places
}

fn ring_radius(ring: u32, rings: u32) -> f64 {
    (SIZE / 2.0 - MARGIN) * f64::from(ring) / f64::from(rings.max(1))
}

fn spot(place: &Place, rings: u32) -> (f64, f64) {
    let radius = ring_radius(place.ring, rings);
    let angle = TAU * (place.sector.0 + place.sector.1) / 2.0;
    let rounded = |pixels: f64| (pixels * 10.0).round() / 10.0;
    (rounded(SIZE / 2.0 + radius * angle.cos()), rounded(SIZE / 2.0 + radius * angle.sin()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_on_the_ring_of_its_distance_and_within_its_parents_sector() {
        // 0 to 1 and 2, 1 to 3 and 4, 2 to 4.
        let neighbours = vec![vec![1, 2], vec![0, 3, 4], vec![0, 4], vec![1], vec![1, 2]];
        let places = rings(0, &neighbours);
        let ring_of = |host: u32| places.iter().find(|place| place.host == host).map(|place| place.ring);
        assert_eq!([0, 1, 2, 3, 4].map(|host| ring_of(host).unwrap()), [0, 1, 1, 2, 2]);
        for place in &places {
            let Some(parent) = place.parent else { continue };
            let (from, to) = places[parent].sector;
            assert!(place.sector.0 >= from - 1e-9 && place.sector.1 <= to + 1e-9, "{place:?}");
        }
    }

    #[test]
    fn who_cannot_be_reached_has_no_place() {
        assert_eq!(rings(0, &[vec![], vec![2], vec![1]]).len(), 1);
    }

    #[test]
    fn the_middle_is_in_the_middle() {
        let places = rings(0, &[vec![1], vec![0]]);
        assert_eq!(spot(&places[0], 1), (SIZE / 2.0, SIZE / 2.0));
        let (x, y) = spot(&places[1], 1);
        assert!(((x - SIZE / 2.0).hypot(y - SIZE / 2.0) - (SIZE / 2.0 - MARGIN)).abs() < 0.2);
    }
}
