//! The hourly count of requests, and how long fresh writes stay out of sight.

use super::state::World;
use chrono::TimeDelta;
use std::time::Duration;

const HOUR: i64 = 3_600;

impl World {
    fn hour(&self) -> i64 {
        self.now().timestamp().div_euclid(HOUR)
    }

    /// Counts a request towards this hour's limit.
    pub(super) fn count_request(&mut self) {
        let hour = self.hour();
        if self.counted.0 != hour {
            self.counted = (hour, 0);
        }
        self.counted.1 += 1;
    }

    /// Requests counted in this hour.
    pub(super) fn used_this_hour(&self) -> u64 {
        if self.counted.0 == self.hour() {
            self.counted.1
        } else {
            0
        }
    }

    /// When the count starts anew, in seconds since 1970.
    pub(super) fn next_reset(&self) -> i64 {
        (self.hour() + 1) * HOUR
    }

    /// Keeps comments, reviews and check runs made after that id out of reads for a while.
    pub(super) fn hide_newer_than(&mut self, id: u64, span: Duration) {
        let until = self.now() + TimeDelta::from_std(span).unwrap_or(TimeDelta::zero());
        for repo in self.repos.values_mut() {
            for run in repo.check_runs.iter_mut().filter(|run| run.id > id) {
                run.visible_from = until;
            }
            for pull in repo.pulls.values_mut() {
                let comments = pull.comments.iter_mut();
                for comment in comments.filter(|comment| comment.id > id) {
                    comment.visible_from = until;
                }
                for review in pull.reviews.iter_mut().filter(|review| review.id > id) {
                    review.visible_from = until;
                }
            }
        }
    }
}
