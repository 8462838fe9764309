//! From names to models: looks up what `DISCUSSIONS_MODEL`, aliases and `discussions.toml` name.

use super::file::{Located, ModelsFile, Place, choose, near};
use super::finding::ToFind;
use super::models::{Alias, CHECKLIST, DEFAULT, ModelSettings, Models};
use super::providers::{ANTHROPIC, BUILT_IN, OLLAMA, OPENAI, Provider};
use super::reading::Reader;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// Model that is taken where only a key of Anthropic's is given.
const ANTHROPIC_MODEL: &str = "claude-sonnet-4-5";
/// Model that is taken where only a key of OpenAI's is given.
const OPENAI_MODEL: &str = "gpt-5-mini";

/// Who names a model: what a problem with it is told about.
#[derive(Debug, Clone)]
enum Namer {
    Variable(&'static str),
    File(Place),
}

impl Namer {
    fn is(&self) -> String {
        match self {
            Self::Variable(name) => (*name).to_owned(),
            Self::File(place) => place.to_string(),
        }
    }
}

/// What a list of names stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Checklist,
    /// Names of models.
    Models(Vec<String>),
}

impl Choice {
    /// Its models; none for the checklists.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Checklist => Vec::new(),
            Self::Models(names) => names.clone(),
        }
    }
}

/// Everything that was looked up so far; each provider and each model is made once.
pub(super) struct Catalog<'a> {
    reader: &'a mut Reader,
    file: &'a ModelsFile,
    /// `None`: something is wrong with it, and that is told.
    providers: BTreeMap<String, Option<Provider>>,
    models: BTreeMap<String, Option<ModelSettings>>,
    aliases: BTreeMap<String, Option<Choice>>,
}

/// Entries of the file in its order.
fn in_order<T>(entries: &BTreeMap<String, Located<T>>) -> Vec<(&String, &Located<T>)> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(_, entry)| (entry.place.line, entry.place.column));
    sorted
}

/// `a, b and c`.
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl<'a> Catalog<'a> {
    pub(super) fn new(reader: &'a mut Reader, file: &'a ModelsFile) -> Self {
        Self {
            reader,
            file,
            providers: BTreeMap::new(),
            models: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    /// All of it.
    pub(super) fn models(mut self) -> Models {
        let file = self.file;
        for (name, entry) in in_order(&file.models) {
            self.model(name, &Namer::File(entry.place.clone()));
        }
        let mut aliases = Vec::new();
        let mut default = None;
        for (name, alias) in in_order(&file.aliases) {
            let choice = self.alias(name, &mut Vec::new());
            let Some(choice) = choice else { continue };
            aliases.push(Alias {
                name: name.clone(),
                models: choice.names(),
                from: alias.place.line(),
            });
            if name == DEFAULT {
                default = Some((choice, alias.place.line()));
            }
        }
        let named = self.named().map(|choice| {
            let by = "DISCUSSIONS_MODEL".to_owned();
            choice.map(|choice| (choice, by))
        });
        let mut models = Models {
            aliases,
            file: file.path.clone(),
            ..Models::default()
        };
        // A list that is set and does not read is a problem, and no reason to take another.
        let chosen = named.unwrap_or(default);
        if let Some((choice, by)) = chosen {
            models.answer_by_default(choice.names(), &by);
            models.chosen_by = Some(by);
            match choice {
                Choice::Checklist => models.checklist = true,
                Choice::Models(names) => models.chain = self.all(&names),
            }
        } else if !file.aliases.contains_key(DEFAULT) && self.list().is_none() {
            self.by_key(&mut models);
        }
        models.declared = self.models.into_values().flatten().collect();
        let is_program =
            |model: &ModelSettings| model.protocol() == super::models::Protocol::Command;
        if models.declared.iter().any(is_program) {
            models.environment = self
                .reader
                .all()
                .map(|(name, value)| (name.clone(), SecretString::from(value.clone())))
                .collect();
        }
        models
    }

    fn all(&self, names: &[String]) -> Vec<ModelSettings> {
        let models = names.iter().filter_map(|name| self.models.get(name));
        models.flatten().cloned().collect()
    }

    /// The names of `DISCUSSIONS_MODEL`; `None`: it is not set.
    fn list(&self) -> Option<Vec<String>> {
        let list = self.reader.text("DISCUSSIONS_MODEL")?;
        let names = list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Some(names.map(str::to_owned).collect())
    }

    /// What `DISCUSSIONS_MODEL` stands for; `Some(None)`: that is not known, and told.
    fn named(&mut self) -> Option<Option<Choice>> {
        let names = self.list()?;
        if names.is_empty() {
            let message = "names no model; write one like openai/gpt-5-mini, or leave it unset";
            self.reader.problem("DISCUSSIONS_MODEL", message);
            return Some(None);
        }
        let namer = Namer::Variable("DISCUSSIONS_MODEL");
        let names = names.into_iter().map(|name| (name, namer.clone()));
        Some(self.choice(names.collect(), &mut Vec::new()))
    }

    /// What an alias stands for. `within`: the aliases that led here.
    fn alias(&mut self, name: &str, within: &mut Vec<String>) -> Option<Choice> {
        if let Some(known) = self.aliases.get(name) {
            return known.clone();
        }
        let entry = self.file.aliases.get(name)?;
        within.push(name.to_owned());
        let names = entry.value.iter();
        let names = names.map(|name| (name.value.clone(), Namer::File(name.place.clone())));
        let choice = self.choice(names.collect(), within);
        within.pop();
        self.aliases.insert(name.to_owned(), choice.clone());
        choice
    }

    fn choice(&mut self, names: Vec<(String, Namer)>, within: &mut Vec<String>) -> Option<Choice> {
        let mut models: Vec<String> = Vec::new();
        let mut is_whole = true;
        let count = names.len();
        for (name, namer) in names {
            let found = self.one(&name, &namer, within);
            match found {
                Some(Choice::Checklist) if count == 1 => return Some(Choice::Checklist),
                Some(Choice::Checklist) => {
                    let what = match name == CHECKLIST {
                        true => "are the built-in rules".to_owned(),
                        false => format!("stands for {CHECKLIST}, the built-in rules"),
                    };
                    let message =
                        format!("`{name}` {what}, which stand in for no model; write it alone");
                    self.reader.problem(&namer.is(), message);
                    is_whole = false;
                }
                Some(Choice::Models(found)) => {
                    for model in found {
                        if !models.contains(&model) {
                            models.push(model);
                        }
                    }
                }
                None => is_whole = false,
            }
        }
        is_whole.then_some(Choice::Models(models))
    }

    fn one(&mut self, name: &str, namer: &Namer, within: &mut Vec<String>) -> Option<Choice> {
        if name == CHECKLIST {
            return Some(Choice::Checklist);
        }
        if within.iter().any(|alias| alias == name) {
            let chain = within.join(" → ");
            let message = format!("`{name}` leads back to itself ({chain} → {name}); name models");
            self.reader.problem(&namer.is(), message);
            return None;
        }
        if self.file.aliases.contains_key(name) {
            return self.alias(name, within);
        }
        let model = self.model(name, namer)?;
        Some(Choice::Models(vec![model.name]))
    }

    /// A model by its full name.
    fn model(&mut self, name: &str, namer: &Namer) -> Option<ModelSettings> {
        if let Some(known) = self.models.get(name) {
            return known.clone();
        }
        let model = self.looked_up(name, namer);
        self.models.insert(name.to_owned(), model.clone());
        model
    }

    fn looked_up(&mut self, name: &str, namer: &Namer) -> Option<ModelSettings> {
        let is_plain =
            |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic() && c != ',');
        let Some((provider, id)) = name.split_once('/').filter(|(_, id)| is_plain(id)) else {
            self.unknown(name, namer);
            return None;
        };
        if !self.is_provider(provider) {
            self.unknown(name, namer);
            return None;
        }
        let provider = self.provider(provider, name)?;
        let quirks = self.file.models.get(name).map(|entry| &entry.value);
        Some(provider.model(id, quirks))
    }

    fn is_provider(&self, name: &str) -> bool {
        self.file.providers.contains_key(name) || BUILT_IN.iter().any(|known| known.word == name)
    }

    fn unknown(&mut self, name: &str, namer: &Namer) {
        let own = self.file.providers.keys().map(String::as_str);
        let mut providers: Vec<&str> = BUILT_IN.iter().map(|known| known.word).collect();
        providers.extend(own.filter(|own| BUILT_IN.iter().all(|known| known.word != *own)));
        let aliases: Vec<&str> = self.file.aliases.keys().map(String::as_str).collect();
        let words = [providers.clone(), aliases.clone()].concat();
        let hint = match name.split_once('/') {
            Some((provider, _)) if !self.is_provider(provider) => {
                format!(
                    "there is no provider `{provider}`; {}",
                    choose(provider, &words)
                )
            }
            Some(_) => "write the model's name behind the slash, without blanks".to_owned(),
            None => match near(name, &aliases) {
                Some(alias) => format!("did you mean `{alias}`?"),
                None => {
                    let forms: Vec<String> =
                        providers.iter().map(|p| format!("{p}/MODEL")).collect();
                    let aliases = match aliases.is_empty() {
                        true => String::new(),
                        false => format!(" or an alias ({})", aliases.join(", ")),
                    };
                    format!(
                        "write `{CHECKLIST}` alone, or a list of {}{aliases} with commas between them: where one is \
                         away, the next one stands in",
                        and(&forms)
                    )
                }
            },
        };
        let message = format!("`{name}` is no model that is known here; {hint}");
        self.reader.problem(&namer.is(), message);
    }

    /// A provider with all its settings. `wanted`: the model it is looked up for.
    fn provider(&mut self, name: &str, wanted: &str) -> Option<Provider> {
        if let Some(known) = self.providers.get(name) {
            return known.clone();
        }
        let entry = self.file.providers.get(name);
        let provider = Provider::read(self.reader, name, entry, wanted);
        self.providers.insert(name.to_owned(), provider.clone());
        provider
    }

    /// What is chosen where nothing is named.
    fn by_key(&mut self, models: &mut Models) {
        let has = |reader: &Reader, name: &str| reader.text(name).is_some();
        let with_key = |catalog: &Self, service: &str, variable: &str| {
            let entry = catalog.file.providers.get(service);
            entry.is_some_and(|entry| entry.key.is_some()) || has(catalog.reader, variable)
        };
        let elsewhere = |catalog: &Self, service: &str, variable: &'static str| {
            let entry = catalog.file.providers.get(service);
            let url = entry.and_then(|entry| entry.url.as_ref());
            match has(catalog.reader, variable) {
                true => Some(variable.to_owned()),
                false => url.map(|url| url.place.line()),
            }
        };
        let key_from = |provider: &Provider| provider.origin("key").unwrap_or_default().to_owned();
        if with_key(self, ANTHROPIC.word, "ANTHROPIC_API_KEY") {
            let name = format!("{}/{ANTHROPIC_MODEL}", ANTHROPIC.word);
            let model = self.model(&name, &Namer::Variable("ANTHROPIC_API_KEY"));
            let provider = self.provider(ANTHROPIC.word, &name);
            models.chosen_by = provider.as_ref().map(key_from);
            models.chain = model.into_iter().collect();
            return;
        }
        if let Some(told) = elsewhere(self, OPENAI.word, "OPENAI_BASE_URL") {
            let provider = self.provider(OPENAI.word, "openai/MODEL");
            // OpenAI's own address, written out, is no other place.
            if !provider.as_ref().is_some_and(Provider::is_original) {
                models.to_find = provider.map(|it| ToFind::only_model(it, told, &self.file.models));
                return;
            }
        }
        if with_key(self, OPENAI.word, "OPENAI_API_KEY") {
            let name = format!("{}/{OPENAI_MODEL}", OPENAI.word);
            let model = self.model(&name, &Namer::Variable("OPENAI_API_KEY"));
            let provider = self.provider(OPENAI.word, &name);
            models.chosen_by = provider.as_ref().map(key_from);
            models.chain = model.into_iter().collect();
            return;
        }
        let told = elsewhere(self, OLLAMA.word, "OLLAMA_HOST");
        let provider = self.provider(OLLAMA.word, "ollama/MODEL");
        models.to_find = provider.map(|it| ToFind::ollama(it, told, &self.file.models));
    }
}
