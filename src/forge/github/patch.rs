//! Which lines of a changed file its diff shows, from the `patch` of GitHub's list of files.

/// Ranges (first, last) of the new side that stand in a hunk, context included, ascending. A header that promises more
/// than follows is cut to what follows; what is no hunk is skipped.
pub(super) fn new_side(patch: &str) -> Vec<(u32, u32)> {
    let mut ranges = Vec::new();
    let mut hunk: Option<Hunk> = None;
    for line in patch.split('\n') {
        if line.starts_with("@@") {
            ranges.extend(hunk.and_then(Hunk::range));
            hunk = Hunk::parse(line);
        } else if let Some(hunk) = &mut hunk {
            hunk.take(line);
        }
    }
    ranges.extend(hunk.and_then(Hunk::range));
    ranges.sort_unstable();
    ranges
}

struct Hunk {
    first: u32,
    /// Lines of the new side that the header promises.
    promised: u32,
    seen: u32,
}

impl Hunk {
    /// `@@ -a,b +c,d @@ ...`; a count of one is left out.
    fn parse(header: &str) -> Option<Self> {
        let inside = header.strip_prefix("@@ ")?.split(" @@").next()?;
        let (_, new) = inside.split_once(" +")?;
        let (first, count) = new.split_once(',').unwrap_or((new, "1"));
        Some(Self {
            first: first.parse().ok().filter(|first| *first > 0)?,
            promised: count.parse().ok()?,
            seen: 0,
        })
    }

    fn take(&mut self, line: &str) {
        let is_new = matches!(line.bytes().next(), None | Some(b' ' | b'+'));
        if is_new && self.seen < self.promised {
            self.seen += 1;
        }
    }

    fn range(self) -> Option<(u32, u32)> {
        let last = self.first.checked_add(self.seen.checked_sub(1)?)?;
        Some((self.first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::new_side;

    #[test]
    fn lines_in_hunks_are_told_from_those_between_them() {
        let cases: &[(&str, &[(u32, u32)])] = &[
            ("", &[]),
            ("Binary files differ", &[]),
            ("@@ -0,0 +1,3 @@\n+a\n+b\n+c", &[(1, 3)]),
            ("@@ -0,0 +1 @@\n+a\n\\ No newline at end of file", &[(1, 1)]),
            ("@@ -1,2 +0,0 @@\n-a\n-b", &[]),
            ("@@ -4,3 +4,2 @@ fn main() {\n a\n-b\n c", &[(4, 5)]),
            (
                "@@ -1 +1 @@\n-a\n+b\n@@ -9,2 +9,3 @@ x\n a\n+@@ -1 +70,9 @@\n b",
                &[(1, 1), (9, 11)],
            ),
            // A blank context line whose blank was lost on the way.
            ("@@ -1,3 +1,3 @@\n a\n\n-b\n+c", &[(1, 3)]),
            // More promised than there is, and less.
            ("@@ -1,9 +1,4000000000 @@\n a\n+b", &[(1, 2)]),
            ("@@ -1 +1,1 @@\n a\n+b\n+c", &[(1, 1)]),
            // Nonsense.
            ("@@ -1,9 +99999999999,1 @@\n a", &[]),
            ("@@ -1,9 +4294967295,2 @@\n a\n b", &[]),
            ("@@ -1 +x,1 @@\n a", &[]),
            ("@@ -1 @@\n a", &[]),
            ("@@@ -1,2 -1,2 +1,3 @@@\n  a", &[]),
            ("@@ -9 +9 @@\n a\n@@ -1 +1 @@\n a", &[(1, 1), (9, 9)]),
            ("@@", &[]),
        ];
        for (patch, expected) in cases {
            assert_eq!(new_side(patch), *expected, "{patch:?}");
        }
    }
}
