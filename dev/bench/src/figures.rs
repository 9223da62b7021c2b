//! Numbers of several rounds, and how they are written.

/// What the rounds of one measurement came to.
#[derive(Clone, Debug, Default)]
pub struct Series(Vec<f64>);

impl Series {
    /// Adds a round.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle round; 0 when there is none.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The value below which `share` (0 to 1) of the rounds lie.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let index = (share * last as f64).round() as usize;
        self.0.get(index.min(last)).copied().unwrap_or(0.0)
    }

    /// Largest through smallest round: 1.0 is a quiet machine.
    pub fn spread(&self) -> f64 {
        match (self.0.first(), self.0.last()) {
            (Some(low), Some(high)) if *low > 0.0 => high / low,
            _ => 1.0,
        }
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut series = Self(values.into_iter().collect());
        series.0.sort_by(f64::total_cmp);
        series
    }
}

/// `12,345`; below ten with one digit behind the point, below one with three.
pub fn number(value: f64) -> String {
    if value.abs() < 1.0 {
        return format!("{value:.3}");
    }
    if value.abs() < 10.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// Megabytes (10⁶) of so many bytes.
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_round_counts() {
        let series: Series = [3.0, 1.0, 2.0].into_iter().collect();
        assert!((series.median() - 2.0).abs() < 1e-9 && (series.spread() - 3.0).abs() < 1e-9);
        assert!((Series::default().median()).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1_234_567.4), "1,234,567");
        assert_eq!(number(123.0), "123");
        assert_eq!(number(0.25), "0.250");
    }
}
