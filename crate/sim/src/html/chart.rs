//! Lines, areas and bars. Colours and type are the style sheet's business.

use std::fmt::Write;

use maud::{Markup, html};

use super::scale::Scale;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 264.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 548.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 222.0;

/// Bars beyond which not every one is named.
const NAMED_BARS_MAX: usize = 16;

/// A named row of points.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    /// What is not seen but thought: drawn in dashes, so that what lies below shows through.
    pub(super) dashed: bool,
    /// Which of the style sheet's colours.
    pub(super) colour: usize,
    pub(super) points: Vec<(f64, f64)>,
}

/// How points are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Directly.
    Lines,
    /// The value holds until the next point.
    Steps,
}

/// One line for each series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) y_max: Option<f64>,
    pub(super) shape: Shape,
    /// A line across, where something begins, and what.
    pub(super) begins: Option<(f64, &'static str)>,
}

/// The series on top of each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    /// A line across, where something begins, and what.
    pub(super) begins: Option<(f64, &'static str)>,
}

/// One bar for each name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bars {
    pub(super) x: &'static str,
    pub(super) y: &'static str,
}

/// A picture with its title, and what it shows.
pub(super) fn figure(title: &str, caption: &str, drawn: &Markup) -> Markup {
    html! {
        figure {
            figcaption { h2 { (title) } p { (caption) } }
            (drawn)
        }
    }
}

impl Line {
    pub(super) fn draw(&self, series: &[Series]) -> Markup {
        let most = |pick: fn(&(f64, f64)) -> f64| series.iter().flat_map(|it| &it.points).map(pick).fold(0.0, f64::max);
        let first = series.iter().filter_map(|it| it.points.first()).map(|point| point.0).fold(f64::INFINITY, f64::min);
        let x = Scale::exactly(if first.is_finite() { first } else { 0.0 }, most(|point| point.0), LEFT, RIGHT);
        let y = match self.y_max {
            Some(y_max) => Scale::exactly(0.0, y_max, BOTTOM, TOP),
            None => Scale::up_to(most(|point| point.1), BOTTOM, TOP),
        };
        let lines = html! {
            @for it in series {
                @let dashed = if it.dashed { " dashed" } else { "" };
                path class=(format!("line c{}{dashed}", it.colour)) d=(path(&it.points, &x, &y, self.shape)) { title { (it.name) } }
            }
        };
        let inside = html! { (lines) (beginning(&x, self.begins)) };
        html! { (frame(&x, &y, self.x, self.y, &inside)) (legend(series)) }
    }
}

impl Area {
    pub(super) fn draw(&self, series: &[Series]) -> Markup {
        let columns = series.iter().map(|it| it.points.len()).min().unwrap_or(0);
        let height = |upto: usize, column: usize| series[..upto].iter().map(|it| it.points[column].1).sum::<f64>();
        let at = |column: usize| series.first().map_or(0.0, |it| it.points[column].0);
        // What was before may be far higher: it is cut off, so that the rest can be read.
        let begun = |column: &usize| self.begins.is_none_or(|(begins, _)| at(*column) >= begins);
        let highest = |columns: &mut dyn Iterator<Item = usize>| {
            columns.map(|column| height(series.len(), column)).fold(0.0, f64::max)
        };
        let most = match highest(&mut (0..columns).filter(begun)) {
            0.0 => highest(&mut (0..columns)),
            most => most,
        };
        let x =
            Scale::exactly(if columns > 0 { at(0) } else { 0.0 }, columns.checked_sub(1).map_or(1.0, at), LEFT, RIGHT);
        let y = Scale::up_to(most, BOTTOM, TOP);
        let areas = html! {
            @for (place, it) in series.iter().enumerate() {
                @let upper = (0..columns).map(|column| (at(column), height(place + 1, column).min(y.most())));
                @let lower = (0..columns).rev().map(|column| (at(column), height(place, column).min(y.most())));
                @let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
                path class=(format!("area c{}", it.colour)) d=(path(&outline, &x, &y, Shape::Lines)) { title { (it.name) } }
            }
        };
        let inside = html! { (areas) (beginning(&x, self.begins)) };
        html! { (frame(&x, &y, self.x, self.y, &inside)) (legend(series)) }
    }
}

impl Bars {
    pub(super) fn draw(&self, bars: &[(String, f64)]) -> Markup {
        let y = Scale::up_to(bars.iter().map(|(_, value)| *value).fold(0.0, f64::max), BOTTOM, TOP);
        let pitch = (RIGHT - LEFT) / bars.len().max(1) as f64;
        let named_each = bars.len().div_ceil(NAMED_BARS_MAX).max(1);
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
                (axis_y(&y, self.y))
                @for (place, (name, value)) in bars.iter().enumerate() {
                    @let left = LEFT + pitch * (place as f64 + 0.14);
                    @let top = y.place(*value);
                    rect class="bar c0" x=(rounded(left)) y=(top) width=(rounded(pitch * 0.72)) height=(rounded(BOTTOM - top)) rx="2" {
                        title { (name) " " (self.x) ": " (format!("{value:.1}")) }
                    }
                    @if place % named_each == 0 {
                        text class="mark middle" x=(rounded(left + pitch * 0.36)) y=(BOTTOM + 16.0) { (name) }
                    }
                }
                text class="axis middle" x=((LEFT + RIGHT) / 2.0) y=(HEIGHT - 6.0) { (self.x) }
            }
        }
    }
}

fn frame(x: &Scale, y: &Scale, x_name: &str, y_name: &str, inside: &Markup) -> Markup {
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            (axis_y(y, y_name))
            @for (place, text) in x.marks() {
                text class="mark middle" x=(place) y=(BOTTOM + 16.0) { (text) }
            }
            text class="axis middle" x=((LEFT + RIGHT) / 2.0) y=(HEIGHT - 6.0) { (x_name) }
            (inside)
        }
    }
}

fn beginning(x: &Scale, begins: Option<(f64, &'static str)>) -> Markup {
    html! {
        @if let Some((at, what)) = begins {
            @let place = x.place(at);
            line class="begins" x1=(place) x2=(place) y1=(TOP) y2=(BOTTOM) {}
            @if place < (LEFT + RIGHT) / 2.0 {
                text class="mark halo" x=(place + 6.0) y=(TOP + 16.0) { (what) }
            } @else {
                text class="mark halo end" x=(place - 6.0) y=(TOP + 16.0) { (what) }
            }
        }
    }
}

fn axis_y(y: &Scale, name: &str) -> Markup {
    html! {
        @for (place, text) in y.marks() {
            line class="grid" x1=(LEFT) x2=(RIGHT) y1=(place) y2=(place) {}
            text class="mark end" x=(LEFT - 6.0) y=(place + 3.5) { (text) }
        }
        text class="axis" x=(LEFT) y=(TOP - 13.0) { (name) }
    }
}

/// Who is who. Needless where there is one.
fn legend(series: &[Series]) -> Markup {
    html! {
        @if series.len() > 1 {
            ul class="legend" {
                @for it in series { li { span class=(format!("key c{}", it.colour)) {} (it.name) } }
            }
        }
    }
}

fn path(points: &[(f64, f64)], x: &Scale, y: &Scale, shape: Shape) -> String {
    let mut drawn = String::new();
    for (place, (at, value)) in points.iter().enumerate() {
        let (at, value) = (x.place(*at), y.place(*value));
        // Writing to a string does not fail.
        let _ = match (place, shape) {
            (0, _) => write!(drawn, "M{at} {value}"),
            (_, Shape::Steps) => write!(drawn, "H{at}V{value}"),
            (_, Shape::Lines) => write!(drawn, "L{at} {value}"),
        };
    }
    drawn
}

fn rounded(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(f64, f64)]) -> Series {
        Series { name: "one".to_owned(), dashed: false, colour: 0, points: points.to_vec() }
    }

    #[test]
    fn steps_hold_their_value_and_lines_do_not() {
        let (x, y) = (Scale::exactly(0.0, 10.0, 0.0, 10.0), Scale::exactly(0.0, 10.0, 10.0, 0.0));
        let points = [(0.0, 0.0), (5.0, 4.0)];
        assert_eq!(path(&points, &x, &y, Shape::Steps), "M0 10H5V6");
        assert_eq!(path(&points, &x, &y, Shape::Lines), "M0 10L5 6");
    }

    #[test]
    fn areas_stand_on_each_other() {
        let area = Area { x: "x", y: "y", begins: None };
        let drawn = area.draw(&[series(&[(0.0, 1.0), (1.0, 1.0)]), series(&[(0.0, 1.0), (1.0, 3.0)])]).into_string();
        // From 0 to 4: the first reaches a quarter of the height, the second all of it.
        assert!(drawn.contains(&format!("L{RIGHT} {}", BOTTOM - (BOTTOM - TOP) / 4.0)), "{drawn}");
        assert!(drawn.contains(&format!("L{RIGHT} {TOP}")), "{drawn}");
    }

    #[test]
    fn a_bar_is_as_high_as_its_value() {
        let drawn = Bars { x: "x", y: "y" }.draw(&[("a".into(), 50.0), ("b".into(), 100.0)]).into_string();
        assert!(drawn.contains(&format!("height=\"{}\"", (BOTTOM - TOP) / 2.0)), "{drawn}");
        assert!(drawn.contains(&format!("height=\"{}\"", BOTTOM - TOP)), "{drawn}");
    }

    #[test]
    fn nothing_to_draw_is_no_reason_to_fail() {
        let line = Line { x: "x", y: "y", y_max: None, shape: Shape::Lines, begins: None };
        assert!(line.draw(&[series(&[])]).into_string().contains("<svg"));
        assert!(Area { x: "x", y: "y", begins: None }.draw(&[]).into_string().contains("<svg"));
        assert!(Bars { x: "x", y: "y" }.draw(&[]).into_string().contains("<svg"));
    }
}
