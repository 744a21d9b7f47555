//! What a job did with many things, each of which may fail for itself.

use std::fmt::Display;

use crate::store::StoreError;

/// After so many errors in a row that may pass, the database is taken to be away, and the job ends for now.
const PASSING_MAX: usize = 3;

/// One that cannot go on keeps no other from it: its error is logged with its id, and the last one is what the job says.
#[derive(Debug, Default)]
pub struct Tally {
    done: usize,
    failed: Option<StoreError>,
    passing: usize,
}

impl Tally {
    /// Counts what was done with one of them. False where it is no use to go on with the others.
    pub fn add(&mut self, id: impl Display, done: Result<usize, StoreError>) -> bool {
        match done {
            Ok(done) => {
                self.done += done;
                self.passing = 0;
            }
            Err(error) => {
                tracing::warn!(%id, %error, "left as it is");
                self.passing = if error.is_passing() { self.passing + 1 } else { 0 };
                self.failed = Some(error);
            }
        }
        self.passing < PASSING_MAX
    }

    /// How much was done; the last error, if there was one.
    pub fn result(self) -> Result<usize, StoreError> {
        self.failed.map_or(Ok(self.done), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_keeps_no_other_from_it_but_a_database_that_is_away_does() {
        let away = || StoreError::Conflict;
        let mut tally = Tally::default();
        for done in [Ok(1), Err(StoreError::NotFound), Err(away()), Err(away()), Ok(2), Err(away()), Err(away())] {
            assert!(tally.add("x", done));
        }
        assert_eq!(tally.done, 3);
        assert!(!tally.add("x", Err(away())), "three in a row");
        assert!(tally.result().is_err());
    }

    #[test]
    fn what_went_well_is_counted() {
        let mut tally = Tally::default();
        assert!(tally.add("x", Ok(1)) && tally.add("y", Ok(0)) && tally.add("z", Ok(2)));
        assert_eq!(tally.result().ok(), Some(3));
    }
}
