//! Problems found while reading: one table of codes, used by the parser, `lint`, the check and the documentation.

/// How bad a problem is. An error makes the gate `invalid`; a warning fails `lint --strict` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file cannot be trusted to mean what it shows.
    Error,
    /// Something was very likely meant differently.
    Warning,
    /// Worth knowing, nothing to do.
    Notice,
}

impl Severity {
    /// Lower-case word for output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One row of the table of problem codes.
#[derive(Debug, Clone, Copy)]
pub struct CodeRow {
    /// Kebab-case name, stable: scripts match on it.
    pub name: &'static str,
    /// Severity of every problem with this code.
    pub severity: Severity,
    /// What it means, one sentence, for the documentation.
    pub meaning: &'static str,
    /// What to write instead, one sentence.
    pub hint: &'static str,
}

/// Declares the codes once: the enum, the table and the list of all stay in step.
macro_rules! codes {
    ($($variant:ident, $name:literal, $severity:ident, $meaning:literal, $hint:literal;)*) => {
        /// Code of a problem; [`Code::row`] gives name, severity, meaning and hint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        impl Code {
            /// Every code, in table order.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code's row.
            pub fn row(self) -> CodeRow {
                match self {
                    $(Code::$variant => CodeRow {
                        name: $name, severity: Severity::$severity, meaning: $meaning, hint: $hint,
                    },)*
                }
            }
        }
    };
}

codes! {
    // The file as a whole.
    NotUtf8, "not-utf8", Error, "The file is not plain UTF-8 text (invalid bytes, UTF-16 or NUL).", "Save the file as UTF-8.";
    NotADiscussion, "not-a-discussion", Warning, "The first line that is not blank is not the discussion marker.", "Put <!-- DISCUSSION --> on a line of its own at the top of the file.";
    MissingMarker, "missing-marker", Error, "The file is named *.discussion.md and its first line is not the discussion marker.", "Put <!-- DISCUSSION --> on a line of its own at the top of the file, or give it another name.";
    NotAFile, "not-a-file", Error, "The path holds a symbolic link, a submodule or a large-file pointer instead of text.", "Commit the discussion as an ordinary text file.";
    TooLarge, "too-large", Error, "The file is larger than 1 MB.", "Start a new discussion and link to this one.";
    TooManyBlocks, "too-many-blocks", Error, "The file has more than 500 blocks.", "Start a new discussion and link to this one.";
    MixedLineEndings, "mixed-line-endings", Notice, "Some lines end in LF and some in CRLF.", "Nothing breaks; a block we append uses the line ending of line 1.";
    BareCarriageReturn, "bare-carriage-return", Error, "A carriage return stands without a line feed: renderers see a line end there, other tools do not.", "Use LF or CRLF at the end of every line.";
    ConflictMarker, "conflict-marker", Error, "An unresolved merge conflict stands in the text.", "Resolve the conflict: keep the blocks of both sides, oldest first, and delete the marker lines.";
    UnclosedFence, "unclosed-fence", Error, "A code fence is opened and never closed.", "Close the fence with the same characters on a line of their own.";
    UnclosedComment, "unclosed-comment", Error, "An HTML comment is opened and not closed where it would have to be.", "Write --> where the comment ends; directly below an HTML tag that is before the next blank line.";
    UnclosedHtml, "unclosed-html", Error, "A raw HTML block such as <pre> or <script> is opened and never closed.", "Close it with its end tag.";
    HiddenBlock, "hidden-block", Warning, "What looks like a comment block stands inside code or a comment and is not read.", "If it is meant to count, close the code or comment above it.";

    // The header.
    HeaderMalformed, "header-malformed", Error, "A header line is not one line of the form <!-- Key: Value -->.", "Write one line for each key, with no --> inside the value.";
    DuplicateHeaderKey, "duplicate-header-key", Warning, "A header key stands twice; the first one counts.", "Delete the second line.";
    InvalidCreated, "invalid-created", Warning, "The Created date is not an RFC 3339 time in UTC.", "Write it like 2025-12-08T00:00:00Z.";
    HeaderEdited, "header-edited", Notice, "Phase or Status differ from the recorded ones; a hand edit of them changes nothing.", "Use the commands on the pull request to move the discussion.";
    UnknownParticipant, "unknown-participant", Error, "The header lists a participant for whom there is no persona.", "Correct the alias, or add a persona file for it.";
    NoParticipants, "no-participants", Error, "Neither the header nor the configuration names a participant.", "Name at least one voting persona in the header, as in <!-- Participants: architect, security -->.";
    ParticipantRemoved, "participant-removed", Notice, "A participant answered here and is no persona on the base branch any more: its vote is not owed.", "Take the alias out of Participants, or add the persona again.";
    VetoNotOnPanel, "veto-not-on-panel", Error, "The configuration gives a veto to a persona that is not on the panel.", "Add the alias to Participants, or take it out of gate.veto.";
    UnknownTemplate, "unknown-template", Error, "The header names a template that does not exist or is not allowed here.", "Name one of the templates that exist.";
    UnknownPhase, "unknown-phase", Warning, "The template has no phase of this name.", "Name a phase of the template.";
    DuplicateId, "duplicate-id", Error, "Two discussions carry the same Id.", "Delete the Id line of the copy; a discussion needs none.";

    // Blocks and their names.
    SetextSeparator, "setext-separator", Notice, "A separator stands directly under text, so renderers make a heading of that text.", "Put a blank line above the separator.";
    EmptyName, "empty-name", Error, "A name line has no name, so the text below belongs to nobody.", "Write the name behind Name:.";
    NameTooLong, "name-too-long", Error, "A name line is longer than 64 characters, so the text below belongs to nobody.", "Shorten the name.";
    StrayName, "stray-name", Warning, "A persona's name line has no separator above it and does not start a block.", "Put a blank line and --- above it.";
    EmptyBlock, "empty-block", Notice, "A block has a name line and no text.", "Write something or delete the block.";
    LookalikeName, "lookalike-name", Warning, "A name is written so that it can be taken for somebody else's.", "Write the name in plain letters.";
    HiddenCharactersInName, "hidden-characters-in-name", Warning, "A name holds invisible, direction-changing or unusual blank characters.", "Type the name anew without them.";
    MalformedPersonaName, "malformed-persona-name", Warning, "A name starts like a persona's and is not one.", "Write AI- and the alias, as in AI-Security.";
    UnlistedPersona, "unlisted-persona", Warning, "A block is written under the name of a persona that the header does not list.", "Add the alias to Participants, or correct the name.";
    PersonNamedLikePersona, "person-named-like-persona", Warning, "A name is a participant's alias without AI- and is read as a person.", "Write AI- in front if the persona is meant.";

    // Votes and markers.
    UnclearVote, "unclear-vote", Warning, "A VOTE line is not exactly one vote, so its author has none.", "Write VOTE: READY, VOTE: CHANGES or VOTE: REJECT and nothing else on the line.";
    MarkerOutsideBlock, "marker-outside-block", Warning, "A marker stands in text that belongs to no block and does not count.", "Move it into a block: a separator, a name line, then the text.";
    QuotedMarker, "quoted-marker", Warning, "A marker stands in a quote and does not count.", "Repeat it outside the quote if it is meant.";
    EmptyItem, "empty-item", Notice, "A marker has no text and gets no number.", "Write the text on the same line.";
    UnknownId, "unknown-id", Notice, "The line does not start with the number of an item that is known here; it is read as plain text.", "Name the items as the ledger does, like A: Q2 or RESOLVED: C1, C2.";
}

impl Code {
    /// The code with this kebab-case name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.row().name == name)
    }
}

/// A piece of the file for a message: one line, at most 60 characters, without control characters.
pub fn excerpt(text: &str) -> String {
    const CHARS: usize = 60;
    let mut shown: String = text
        .chars()
        .take(CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// One thing found while reading, with its place. Lines and columns count from 1; a column counts characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem.
    pub code: Code,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in that line, from 1.
    pub column: usize,
    /// What was read and why it is refused, one sentence.
    pub message: String,
    /// What to write instead; the table's hint unless a better one is known (a near miss).
    pub hint: String,
}

impl Problem {
    /// A problem with the table's hint.
    pub fn new(code: Code, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            code,
            line,
            column,
            message: message.into(),
            hint: code.row().hint.to_owned(),
        }
    }

    /// The same problem with a hint that fits better than the table's.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }

    /// The severity of its code.
    pub fn severity(&self) -> Severity {
        self.code.row().severity
    }
}
