//! Participant names: who a name line claims to be, and names that only look like somebody else.

use crate::ids::Alias;

/// Who a name line names. Nothing here is proof of identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name as written.
    pub name: String,
    /// Key for comparing: NFKC, case-folded; `AI_X` and `AI-X` share one.
    pub key: String,
    /// The alias, if the name has the form of a persona (`AI-Security`).
    pub persona: Option<Alias>,
}

impl Author {
    /// Reads a name as written on a name line.
    pub fn parse(name: &str) -> Self {
        let _ = name;
        todo!()
    }

    /// What the JSON and the tables call this participant: the alias for a persona, else the name.
    pub fn label(&self) -> &str {
        self.persona
            .as_ref()
            .map_or(&self.name, |alias| alias.as_str())
    }
}
