//! What is recorded of answers that are owed and did not come.

use super::{Work, open};
use crate::bot::deps::JobError;
use crate::bot::evaluate::Outcome;
use crate::bot::overdue;
use crate::engine::consensus::Owed;
use crate::ids::Alias;
use crate::store::EffectRecord;
use std::collections::BTreeMap;

impl Work<'_> {
    /// Reads which of them are asked for again, and what time it is.
    pub(super) async fn recall_owing(&mut self) -> Result<(), JobError> {
        self.memory.owing = overdue::recorded(self.deps, &self.job.pr).await?;
        if !self.memory.owing.is_empty() {
            self.memory.now = self.deps.store.now().await?;
        }
        Ok(())
    }

    /// Recorded failures of owed answers on the current subjects.
    pub(super) async fn failures(
        &self,
        outcomes: &[Outcome],
    ) -> Result<BTreeMap<String, BTreeMap<Alias, String>>, JobError> {
        let mut failures: BTreeMap<String, BTreeMap<Alias, String>> = BTreeMap::new();
        for (key, evaluated) in open(&self.paths, outcomes) {
            let owed = evaluated.view.owed.iter();
            let open = owed.filter(|(_, owed)| !matches!(owed, Owed::Fresh));
            for (alias, _) in open {
                let effect = failure_key(key, alias, &evaluated.seen.subject.to_string());
                let known = self.deps.store.effect(&self.job.pr, &effect).await?;
                if let Some(EffectRecord::Done(why)) = known {
                    failures
                        .entry(key.to_owned())
                        .or_default()
                        .insert(alias.clone(), why);
                }
            }
        }
        Ok(failures)
    }
}

/// Key of the effect row that keeps why a persona gave no answer about a text.
pub fn failure_key(path: &str, alias: &Alias, subject: &str) -> String {
    format!("failed:{path}:{alias}:{subject}")
}
