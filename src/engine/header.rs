//! The header: `<!-- DISCUSSION -->` and the `<!-- Key: Value -->` lines below it.

use std::ops::Range;

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// Key as written.
    pub key: String,
    /// Value, trimmed.
    pub value: String,
    /// Line, from 1.
    pub line: usize,
    /// Bytes of the value inside the file, for edits.
    pub value_span: Range<usize>,
}

/// The header of a discussion. Keys match in any case; the first of a doubled key wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Every `Key: Value` line, in file order, unknown keys and later doubles included.
    pub fields: Vec<HeaderField>,
    /// Byte just behind the last header line (its line end included); the body starts here.
    pub end: usize,
}

impl Header {
    /// The winning field of a key, in any case.
    pub fn field(&self, key: &str) -> Option<&HeaderField> {
        self.fields.iter().find(|f| f.key.eq_ignore_ascii_case(key))
    }

    /// The winning value of a key; an empty value counts as absent.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.field(key)
            .map(|f| f.value.as_str())
            .filter(|v| !v.is_empty())
    }

    /// `Title`
    pub fn title(&self) -> Option<&str> {
        self.value("Title")
    }

    /// `Phase`
    pub fn phase(&self) -> Option<&str> {
        self.value("Phase")
    }

    /// `Status`; absent means OPEN.
    pub fn status(&self) -> &str {
        self.value("Status").unwrap_or("OPEN")
    }

    /// `Template`
    pub fn template(&self) -> Option<&str> {
        self.value("Template")
    }

    /// `Participants` as written (aliases lower-cased, `@` dropped, doubles dropped), valid or not.
    /// Empty if the key is absent or empty: then the configuration's participants apply.
    pub fn participants(&self) -> Vec<String> {
        todo!()
    }
}
