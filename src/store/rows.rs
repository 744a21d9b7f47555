//! Many rows in one statement, for SQLite.

const SIZES: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// `insert … values (…),(…)` in sizes of powers of two, so that ten texts serve every batch and stay prepared, and a
/// batch needs few of them: each is a way to the connection's thread and back, which costs more than some rows.
/// PostgreSQL takes one `unnest` of arrays instead and needs no sizes.
pub struct MultiRow {
    pub head: &'static str,
    pub columns: usize,
    pub tail: &'static str,
    texts: std::sync::OnceLock<[&'static str; SIZES.len()]>,
}

impl MultiRow {
    pub const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        assert!(columns * SIZES[0] <= 32_766, "SQLITE_MAX_VARIABLE_NUMBER");
        Self { head, columns, tail, texts: std::sync::OnceLock::new() }
    }

    /// Cuts `rows` into the largest sizes that fit: 100 rows are 64 + 32 + 4.
    pub fn chunks<'r, T>(&self, mut rows: &'r [T]) -> impl Iterator<Item = (&'static str, &'r [T])> {
        let texts = *self.texts.get_or_init(|| SIZES.map(|n| self.text(n).leak() as &str));
        std::iter::from_fn(move || {
            let size = SIZES.iter().position(|&n| n <= rows.len())?;
            let (chunk, rest) = rows.split_at(SIZES[size]);
            rows = rest;
            Some((texts[size], chunk))
        })
    }

    /// Marks are `?`, not `$n`: SQLite finds a named mark by a linear search, so 3,072 of them cost 17 ms a call.
    fn text(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!("{} {} {}", self.head, vec![row.as_str(); rows].join(", "), self.tail)
    }

    /// Every text that `chunks` can give, for the test that prepares them all.
    pub fn every_text(&self) -> Vec<String> {
        SIZES.map(|n| self.text(n)).to_vec()
    }
}
