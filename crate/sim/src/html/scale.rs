//! From numbers to places on a picture.

/// Marks on an axis, about.
const MARKS: f64 = 5.0;

/// An axis: the numbers from `from` to `to`, on the pixels from `start` to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// An axis that ends at a round number not below `most`.
    pub(super) fn up_to(most: f64, start: f64, end: f64) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = step(most);
        Self { from: 0.0, to: (most / step).ceil() * step, start, end }
    }

    /// An axis that begins and ends exactly there.
    pub(super) fn exactly(from: f64, to: f64, start: f64, end: f64) -> Self {
        Self { from, to: if to > from { to } else { from + 1.0 }, start, end }
    }

    /// The number at its end.
    pub(super) const fn most(&self) -> f64 {
        self.to
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let place = self.start + (self.end - self.start) * ((value - self.from) / (self.to - self.from));
        // A tenth of a pixel is enough for anybody, and keeps the page small.
        (place * 10.0).round() / 10.0
    }

    /// Round numbers on the axis, and their places.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        let step = step(self.to - self.from);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) = ((self.from / step - 1e-9).ceil() as u32, (self.to / step + 1e-9).floor() as u32);
        (first..=last).map(|n| f64::from(n) * step).map(|value| (self.place(value), written(value, decimals))).collect()
    }
}

/// So many marks, about, at 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    round_step(most / MARKS)
}

/// The first of 1, 2 or 5 times a power of ten that is no smaller.
pub(super) fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999).unwrap_or(10.0);
    factor * power
}

fn written(value: f64, decimals: usize) -> String {
    if value >= 10_000.0 { format!("{}k", value / 1e3) } else { format!("{value:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(most: f64) -> Vec<String> {
        Scale::up_to(most, 0.0, 100.0).marks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn marks_are_round_numbers_that_cover_what_there_is() {
        assert_eq!(marks(100.0), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(marks(0.37), ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(marks(7.0), ["0", "2", "4", "6", "8"]);
        assert_eq!(marks(0.0).last().map(String::as_str), Some("1.0"), "nothing at all still has an axis");
        assert_eq!(marks(43_000.0).last().map(String::as_str), Some("50k"));
    }

    #[test]
    fn the_ends_of_the_axis_are_the_ends_of_the_picture() {
        let scale = Scale::exactly(0.0, 40.0, 200.0, 10.0);
        assert_eq!((scale.place(0.0), scale.place(40.0), scale.place(20.0)), (200.0, 10.0, 105.0));
        let later = Scale::exactly(35.0, 95.0, 0.0, 60.0);
        assert_eq!(later.marks().first(), Some(&(5.0, "40".to_owned())));
    }
}
