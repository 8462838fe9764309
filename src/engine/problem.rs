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
    NotUtf8, "not-utf8", Error, "The file is not plain UTF-8 text (invalid bytes, UTF-16 or NUL).", "Save the file as UTF-8.";
    UnclosedFence, "unclosed-fence", Error, "A code fence is opened and never closed.", "Close the fence with the same characters on a line of their own.";
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

    /// The severity of its code.
    pub fn severity(&self) -> Severity {
        self.code.row().severity
    }
}
