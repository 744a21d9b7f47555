//! Medians, ranges and percentiles, and how they are written.

use std::fmt;
use std::time::Duration;

/// The middle of some runs, and the smallest and largest of them.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// Zeros where there were no runs.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(0.0);
        let (middle, last) = (values.len() / 2, values.len().saturating_sub(1));
        let median =
            if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) };
        Self { median, low: at(0), high: at(last) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} to {})", figure(self.median), figure(self.low), figure(self.high))
    }
}

/// Three digits that matter, and no more.
pub fn figure(value: f64) -> String {
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else if value >= 1.0 {
        2
    } else {
        3
    };
    let text = format!("{value:.digits$}");
    if value < 10_000.0 { text } else { grouped(&text) }
}

fn grouped(text: &str) -> String {
    let places = text.len();
    let letters = text.chars().enumerate();
    letters.fold(String::new(), |mut out, (place, letter)| {
        if place > 0 && (places - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(letter);
        out
    })
}

/// Whole numbers, in groups of three.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Times of the same thing, done again and again.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds; 0 where nothing was measured.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut times = self.0.clone();
        times.sort_unstable();
        let place = ((times.len() as f64 * percent / 100.0).ceil() as usize).clamp(1, times.len().max(1));
        times.get(place - 1).copied().map_or(0.0, ms)
    }
}

/// The same numbers at every run: what is drawn from them is the same as well.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator "SplitMix64".
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub const fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// From 0 up to, but not including, 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Places of which the first is drawn most often, the second half as often, the third a third as often.
pub struct Zipf(Vec<f64>);

impl Zipf {
    pub fn new(places: usize) -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = Vec::with_capacity(places);
        for place in 1..=places {
            sum += 1.0 / place as f64;
            sums.push(sum);
        }
        Self(sums)
    }

    pub fn draw(&self, dice: &mut Dice) -> usize {
        let Some(total) = self.0.last() else { return 0 };
        let wanted = dice.share() * total;
        self.0.partition_point(|sum| *sum <= wanted).min(self.0.len() - 1)
    }
}
