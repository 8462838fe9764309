//! Who sits on the panel of a discussion, and by which template and phase it goes: the header's names looked up.

use super::discussion::Discussion;
use super::persona::{PersonaKind, Personas};
use super::problem::{Code, Problem};
use super::template::{Advance, Fraction, Phase, Template, Templates};
use crate::ids::Alias;

/// Where the header's names are looked up, and what applies where it is silent.
#[derive(Debug, Clone, Copy)]
pub struct Registry<'a> {
    /// The personas that exist.
    pub personas: &'a Personas,
    /// The templates that exist.
    pub templates: &'a Templates,
    /// Participants by the configuration, where the header names none.
    pub participants: &'a [Alias],
    /// Who sits on every panel, whatever its header says.
    pub required: &'a [Alias],
    /// Who owes no vote all the same.
    pub optional: &'a [Alias],
    /// To whom the configuration gives a veto.
    pub veto: &'a [Alias],
    /// Template by the configuration.
    pub template: &'a str,
    /// Templates a header may name; `None`: all that exist.
    pub allowed_templates: Option<&'a [String]>,
    /// Stands in for a template that does not exist, so that the rest of the file can still be shown.
    pub fallback: &'a Template,
}

/// Who sits on a discussion's panel: the same on a pull request and on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// All of them: those of the header (else of the configuration) first, then those that the gate requires; no doubles.
    pub participants: Vec<Alias>,
    /// Those of them whose vote counts.
    pub voting: Vec<Alias>,
    /// Those of them that owe one.
    pub owing: Vec<Alias>,
    /// What is wrong with the list.
    pub problems: Vec<Problem>,
}

impl Registry<'_> {
    /// Who sits on the panel. A header adds to whom the gate requires and takes nobody away. A required name without a
    /// persona is an error as well, and so is a veto of somebody whose vote does not count here: nobody could meet it.
    /// `answered_before`: see [`Self::named`].
    pub fn members(
        &self,
        discussion: &Discussion,
        answered_before: &dyn Fn(&str) -> bool,
    ) -> Members {
        let (mut participants, mut problems) = self.named(discussion, answered_before);
        for alias in self.required {
            if self.personas.get(alias).is_none() {
                problems.push(self.unknown_participant(discussion, alias.as_str()));
            } else if !participants.contains(alias) {
                participants.push(alias.clone());
            }
        }
        problems.dedup();
        let (voting, nobody) = self.voting(discussion, &participants);
        problems.extend(nobody);
        let absent = self.veto.iter().filter(|alias| !voting.contains(alias));
        problems.extend(absent.map(|alias| {
            let message = format!("`gate.veto` names `{alias}`, who is not on this panel");
            at(discussion, "Participants", Code::VetoNotOnPanel, message)
        }));
        let mut owing = voting.clone();
        owing.retain(|alias| !self.optional.contains(alias));
        Members {
            participants,
            voting,
            owing,
            problems,
        }
    }

    /// The header's participants, else the configuration's, without doubles. A name without a persona is an error,
    /// since a typo must not drop a reviewer; one of those that `answered_before` knows was taken out of the base since,
    /// which is worth a notice only.
    fn named(
        &self,
        discussion: &Discussion,
        answered_before: &dyn Fn(&str) -> bool,
    ) -> (Vec<Alias>, Vec<Problem>) {
        let mut named = discussion.header.participants();
        if named.is_empty() {
            named = self.participants.iter().map(Alias::to_string).collect();
        }
        let mut found: Vec<Alias> = Vec::new();
        let mut problems = Vec::new();
        for name in &named {
            match Alias::parse(name).filter(|alias| self.personas.get(alias).is_some()) {
                Some(alias) if found.contains(&alias) => {}
                Some(alias) => found.push(alias),
                None if answered_before(name) => {
                    let message = format!(
                        "`{name}` answered here and is no persona on the base any more: its vote is not owed"
                    );
                    problems.push(at(
                        discussion,
                        "Participants",
                        Code::ParticipantRemoved,
                        message,
                    ));
                }
                None => problems.push(self.unknown_participant(discussion, name)),
            }
        }
        (found, problems)
    }

    /// The problem of a name, in the header or in the configuration, that no persona answers to.
    fn unknown_participant(&self, discussion: &Discussion, name: &str) -> Problem {
        let message = format!("no persona is called `{name}`, so its vote could never be given");
        let hint = match self.personas.nearest(name) {
            Some(near) => format!(
                "Did you mean `{near}`? There are: {}.",
                self.persona_names()
            ),
            None => format!(
                "Write one of: {}; or add .github/discussions/personas/{name}.md on the base branch.",
                self.persona_names()
            ),
        };
        Problem {
            hint,
            ..at(
                discussion,
                "Participants",
                Code::UnknownParticipant,
                message,
            )
        }
    }

    fn persona_names(&self) -> String {
        let names: Vec<&str> = self.personas.0.keys().map(Alias::as_str).collect();
        names.join(", ")
    }

    /// Those of the participants whose vote counts. None at all is a problem.
    fn voting(
        &self,
        discussion: &Discussion,
        participants: &[Alias],
    ) -> (Vec<Alias>, Option<Problem>) {
        let votes = |alias: &&Alias| {
            self.personas
                .get(alias)
                .is_some_and(|persona| persona.kind == PersonaKind::Voting)
        };
        let voting: Vec<Alias> = participants.iter().filter(votes).cloned().collect();
        let nobody = voting.is_empty().then(|| {
            let message =
                "nobody on the panel votes: there are no participants, or all are advisory";
            at(
                discussion,
                "Participants",
                Code::NoParticipants,
                message.to_owned(),
            )
        });
        (voting, nobody)
    }

    /// The template that applies; with an unknown or refused one also the problem, and the fallback stands in.
    pub fn template(&self, discussion: &Discussion) -> (Template, Option<Problem>) {
        let named = discussion.header.template();
        let name = named.unwrap_or(self.template);
        let is_allowed = |name: &str| {
            self.allowed_templates
                .is_none_or(|list| list.iter().any(|one| one == name))
        };
        let refused = |message: String| {
            let known = self.templates.0.keys().map(String::as_str);
            let usable: Vec<&str> = known.filter(|name| is_allowed(name)).collect();
            let near = self
                .templates
                .nearest(name)
                .filter(|near| usable.contains(near));
            let hint = match near {
                Some(near) => format!("Did you mean `{near}`? There are: {}.", usable.join(", ")),
                None => format!("Write one of: {}.", usable.join(", ")),
            };
            Some(Problem {
                hint,
                ..at(discussion, "Template", Code::UnknownTemplate, message)
            })
        };
        match self.templates.0.get(name) {
            None => {
                let message = format!("no template is called `{name}`, so its rules are unknown");
                (self.fallback.clone(), refused(message))
            }
            Some(template) if named.is_none() || is_allowed(name) => (template.clone(), None),
            Some(template) => {
                let message = format!("`gate.templates` does not allow the template `{name}`");
                (template.clone(), refused(message))
            }
        }
    }
}

/// The phase of that name. One that the template does not define keeps its name and decides nothing.
pub fn phase(discussion: &Discussion, template: &Template, name: &str) -> (Phase, Option<Problem>) {
    if let Some(phase) = template.phase(name) {
        return (phase.clone(), None);
    }
    let known: Vec<&str> = template.phases.keys().map(String::as_str).collect();
    let hint = format!("Write one of: {}.", known.join(", "));
    let message = format!(
        "the template `{}` has no phase `{name}`, so votes decide nothing here",
        template.name
    );
    let problem = Problem {
        hint,
        ..at(discussion, "Phase", Code::UnknownPhase, message)
    };
    let undefined = Phase {
        name: name.to_owned(),
        goal: String::new(),
        instructions: String::new(),
        voting: false,
        ready: Fraction {
            numerator: 1,
            denominator: 1,
        },
        next: Some(template.first_phase.clone()),
        max_rounds: None,
        advance: Advance::Manual,
    };
    (undefined, Some(problem))
}

/// A problem at a header line, or at the marker where the line is absent.
fn at(discussion: &Discussion, key: &str, code: Code, message: String) -> Problem {
    let line = discussion.header.field(key).map_or(1, |field| field.line);
    Problem::new(code, line, 1, message)
}
