//! What is compared, over all seeds, as a table.

use std::{collections::BTreeMap, fmt::Write};

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    JoinKnownToAll,
    JoinLearnsAll,
    LastMedian,
    LastMean,
    LastMax,
    Delivered,
    Redundancy,
    BytesPerDelivery,
    CrashKnownTo99,
    CrashKnownToAll,
    Calm,
    AnnouncedConnected,
    AnnouncedMessage,
    AnnouncedRight,
    SilentConnected,
    SilentMessage,
    SilentRight,
}

/// How the seeds of one library become one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Mean,
    Worst,
}

impl Row {
    const ALL: [Self; 17] = [
        Self::JoinKnownToAll,
        Self::JoinLearnsAll,
        Self::LastMedian,
        Self::LastMean,
        Self::LastMax,
        Self::Delivered,
        Self::Redundancy,
        Self::BytesPerDelivery,
        Self::CrashKnownTo99,
        Self::CrashKnownToAll,
        Self::Calm,
        Self::AnnouncedConnected,
        Self::AnnouncedMessage,
        Self::AnnouncedRight,
        Self::SilentConnected,
        Self::SilentMessage,
        Self::SilentRight,
    ];

    /// What it is, its decimals, and how seeds are summed up.
    const fn about(self) -> (&'static str, usize, Over) {
        use Over::{Mean, Worst};
        match self {
            Self::JoinKnownToAll => ("join: known to all, s", 2, Worst),
            Self::JoinLearnsAll => ("join: newcomer has all members, s", 2, Worst),
            Self::LastMedian => ("broadcast: last delivery, median, s", 2, Mean),
            Self::LastMean => ("broadcast: last delivery, mean, s", 2, Mean),
            Self::LastMax => ("broadcast: last delivery, max, s", 2, Worst),
            Self::Delivered => ("broadcast: delivered, %", 3, Mean),
            Self::Redundancy => ("broadcast: copies beyond the first", 3, Mean),
            Self::BytesPerDelivery => ("broadcast: bytes a member and message", 0, Mean),
            Self::CrashKnownTo99 => ("crash: known to 99 %, s", 2, Worst),
            Self::CrashKnownToAll => ("crash: known to all, s", 2, Worst),
            Self::Calm => ("calm: bytes a second and member", 1, Mean),
            Self::AnnouncedConnected => ("80 % crash, announced: connected, s", 2, Worst),
            Self::AnnouncedMessage => ("80 % crash, announced: a message reaches all, s", 2, Worst),
            Self::AnnouncedRight => ("80 % crash, announced: all know exactly all, s", 2, Worst),
            Self::SilentConnected => ("80 % crash, silent: connected, s", 2, Worst),
            Self::SilentMessage => ("80 % crash, silent: a message reaches all, s", 2, Worst),
            Self::SilentRight => ("80 % crash, silent: all know exactly all, s", 2, Worst),
        }
    }
}

/// What one library was found to do, by line; `None` is never. A line that is missing is not in its power.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    seen: BTreeMap<Row, Vec<Option<f64>>>,
}

impl Figures {
    /// One more seed's figure.
    pub(crate) fn add(&mut self, row: Row, value: Option<f64>) {
        self.seen.entry(row).or_default().push(value);
    }

    /// Takes in what another run has found.
    pub(crate) fn merge(&mut self, other: Self) {
        for (row, mut values) in other.seen {
            self.seen.entry(row).or_default().append(&mut values);
        }
    }

    fn cell(&self, row: Row) -> String {
        let Some(values) = self.seen.get(&row) else { return "-".to_owned() };
        let (_, decimals, over) = row.about();
        let came: Vec<f64> = values.iter().copied().flatten().collect();
        let figure = match over {
            Over::Mean => came.iter().sum::<f64>() / came.len().max(1) as f64,
            Over::Worst => came.iter().copied().fold(0.0, f64::max),
        };
        let never = values.len() - came.len();
        match (came.len(), never) {
            (0, _) => "never".to_owned(),
            (_, 0) => format!("{figure:.decimals$}"),
            (_, never) => format!("{figure:.decimals$}, never on {never}"),
        }
    }
}

/// A column for each library, a line for each figure.
pub(crate) fn table(columns: &[(&str, Figures)]) -> String {
    let mut lines =
        vec![std::iter::once(String::new()).chain(columns.iter().map(|(name, _)| (*name).to_owned())).collect()];
    lines.extend(Row::ALL.iter().map(|row| {
        let (name, _, over) = row.about();
        let name = if over == Over::Worst { format!("{name}, worst seed") } else { name.to_owned() };
        std::iter::once(name).chain(columns.iter().map(|(_, figures)| figures.cell(*row))).collect::<Vec<_>>()
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let _ = write!(text, "{:<width$}", line[0], width = widths[0]);
        line.iter().zip(&widths).skip(1).for_each(|(cell, width)| {
            let _ = write!(text, "  {cell:>width$}");
        });
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_become_a_mean_or_the_worst_and_what_is_missing_a_dash() {
        let mut figures = Figures::default();
        [Some(1.0), Some(2.0)].into_iter().for_each(|value| {
            figures.add(Row::Redundancy, value);
            figures.add(Row::LastMax, value);
        });
        [Some(3.0), None].into_iter().for_each(|value| figures.add(Row::SilentConnected, value));
        figures.add(Row::SilentRight, None);
        let cells = [Row::Redundancy, Row::LastMax, Row::SilentConnected, Row::SilentRight, Row::Calm];
        assert_eq!(cells.map(|row| figures.cell(row)), ["1.500", "2.00", "3.00, never on 1", "never", "-"]);
    }

    #[test]
    fn every_line_is_in_the_table_once_and_aligned() {
        let text = table(&[("ours", Figures::default()), ("theirs", Figures::default())]);
        assert_eq!(text.lines().count(), Row::ALL.len() + 1);
        let widths: std::collections::BTreeSet<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 1);
    }
}
